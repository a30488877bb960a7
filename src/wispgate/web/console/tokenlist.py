"""Tokens as lists show them, and the form for a new one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from wispgate.business.staff import services as staff
from wispgate.business.staff.models import ApiToken
from wispgate.kernel.errors import InvalidValue
from wispgate.web.console.fields import Field, Option, Reader

_LASTING = {
    "30": "30 days",
    "90": "90 days",
    "365": "one year",
    "": "until it is revoked",
}
FIELDS = (
    Field(name="name", label="What it is for", hint="As the audit shows it."),
    Field(
        name="permissions",
        label="Permissions",
        is_required=False,
        most=2000,
        hint="With commas, such as sim.read, subscription.*; empty for all that the owner may.",
    ),
    Field(
        name="networks",
        label="From where",
        is_required=False,
        most=1000,
        hint="Addresses or networks with commas, such as 192.0.2.7, 10.1.0.0/16; empty for anywhere.",
    ),
    Field(
        name="days",
        label="Good for",
        kind="select",
        value="90",
        options=[Option(value, words) for value, words in _LASTING.items()],
    ),
)


@dataclass(frozen=True, slots=True)
class ShownToken:
    """`state`: good, expired, revoked, asleep (its owner is disabled)."""

    token: ApiToken
    state: str

    @property
    def is_good(self) -> bool:
        return self.state == "good"


def shown(tokens: Sequence[ApiToken], *, now: datetime) -> Sequence[ShownToken]:
    return [ShownToken(token, staff.state_of_token(token, now=now)) for token in tokens]


def read(
    given: Mapping[str, str], *, now: datetime
) -> tuple[str, staff.Bounds | None, dict[str, str]]:
    """The name, the bounds, and what is wrong with what was given."""
    reader = Reader(given)
    days = reader.text("days")
    if days not in _LASTING:
        reader.errors["days"] = "choose how long it is good for"
    name = reader.text("name")
    if not name:
        reader.errors["name"] = "say what it is for"
    if reader.errors:
        return name, None, reader.errors
    permissions, networks = words_in(reader.text("permissions")), words_in(reader.text("networks"))
    try:
        bounds = staff.Bounds(
            permissions or None,
            networks,
            now + timedelta(days=int(days)) if days else None,
        )
    except InvalidValue as error:
        return name, None, {error.field: error.message}
    return name, bounds, {}


def words_in(text: str) -> list[str]:
    """What stands between commas or blanks."""
    return text.replace(",", " ").split()
