"""Events: facts that one side tells the other through the outbox.

Each app and domain defines its events in its own `events.py` as frozen dataclasses derived from
`Event`; `kind` is the stable name in the catalogue (`docs/reference/events.md`). A payload is
JSON: str, int, bool, None, lists and dicts of them; ids, instants and money go as text.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from wispgate.kernel.identifiers import Eid, Iccid, Imei, Imsi, Msisdn
from wispgate.kernel.money import Money
from wispgate.kernel.plmn import Plmn


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact about one line, or about none. Subclasses add its particulars."""

    kind: ClassVar[str] = ""

    operator_id: UUID
    occurred_at: datetime
    account_id: UUID | None = None
    line_id: UUID | None = None

    def payload(self) -> dict[str, Any]:
        """The particulars as JSON values: all fields that the envelope does not carry."""
        own = (f.name for f in fields(self) if f.name not in _ENVELOPE)
        return {name: to_json(getattr(self, name)) for name in own}


_ENVELOPE = frozenset(f.name for f in fields(Event))


def to_json(value: object) -> Any:
    """A value of our types as JSON. Raises TypeError for what has no agreed form, floats too."""
    match value:
        case None | bool() | int() | str():
            return value
        case UUID() | Decimal() | Imsi() | Msisdn() | Iccid() | Imei() | Eid() | Plmn():
            return str(value)
        case date():
            return value.isoformat()
        case Money():
            return {"amount": str(value.amount), "currency": value.currency}
        case _:
            return _collection_to_json(value)


def _collection_to_json(value: object) -> Any:
    match value:
        case list() | tuple():
            return [to_json(item) for item in value]
        case frozenset() | set():
            return sorted(to_json(item) for item in value)
        case dict():
            return {str(key): to_json(item) for key, item in value.items()}
        case _:
            raise TypeError(f"no JSON form agreed for {type(value).__name__}")
