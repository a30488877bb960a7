"""Answers as they are stored: what was decided, small enough to keep for each request.

A duplicate is answered from here; the octets of the answer are built anew for it, with the
identifiers of the request that asks.
"""

from datetime import UTC, datetime
from decimal import Decimal
from struct import Struct
from typing import Final, NamedTuple

from wispgate.domain.plan.exhaustion import Block, FinalAction
from wispgate.domain.plan.tariff import UnitKind
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.money import Money

_VERSION: Final = 1
_NO_GROUP: Final = -1
# Version, result code, number of groups, flags.
_HEAD = Struct(">BHHB")
# Rating group, result code, unit and grant, units, validity, threshold, tariff change, action.
_GROUP = Struct(">qHBQIQIB")
_TEXT = Struct(">H")
_HAS_COST: Final = 1
_HAS_CHECK: Final = 2
_IS_ENOUGH: Final = 4
_IS_GRANT: Final = 0x80
_UNITS: Final = tuple(UnitKind)
_UNIT_NUMBERS: Final = {unit: number for number, unit in enumerate(_UNITS)}
_ACTIONS: Final = (None, *FinalAction)
_ACTION_NUMBERS: Final = {action: number for number, action in enumerate(_ACTIONS)}
_SEPARATOR: Final = "\n"


class StoredGroup(NamedTuple):
    """What one rating group is answered. `units` None: nothing is granted. A tuple, as each
    request makes one.
    """

    rating_group: int | None
    result_code: int
    unit: UnitKind = UnitKind.OCTETS
    units: int | None = None
    validity_seconds: int = 0
    threshold_units: int = 0
    tariff_change_at: datetime | None = None
    final: Block | None = None


class StoredAnswer(NamedTuple):
    """What a request is answered. `cost` goes with a price enquiry, `is_enough` with a check."""

    result_code: int
    groups: tuple[StoredGroup, ...] = ()
    cost: Money | None = None
    is_enough: bool | None = None

    def encode(self) -> bytes:
        flags = _HAS_COST if self.cost is not None else 0
        if self.is_enough is not None:
            flags |= _HAS_CHECK | (_IS_ENOUGH if self.is_enough else 0)
        parts = [_HEAD.pack(_VERSION, self.result_code, len(self.groups), flags)]
        parts += [_encode_group(group) for group in self.groups]
        if self.cost is not None:
            parts.append(_encode_text(f"{self.cost.currency}{self.cost.amount}"))
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes) -> "StoredAnswer":
        """Raises InvalidValue for octets of another version."""
        version, result_code, count, flags = _HEAD.unpack_from(data)
        if version != _VERSION:
            raise InvalidValue(f"a stored answer of version {version}")
        groups, position = [], _HEAD.size
        for _ in range(count):
            group, position = _decode_group(data, position)
            groups.append(group)
        cost = None
        if flags & _HAS_COST:
            text, position = _decode_text(data, position)
            cost = Money(Decimal(text[3:]), text[:3])
        return cls(
            result_code=result_code,
            groups=tuple(groups),
            cost=cost,
            is_enough=bool(flags & _IS_ENOUGH) if flags & _HAS_CHECK else None,
        )


def _encode_group(group: StoredGroup) -> bytes:
    final, change = group.final, group.tariff_change_at
    head = _GROUP.pack(
        _NO_GROUP if group.rating_group is None else group.rating_group,
        group.result_code,
        _UNIT_NUMBERS[group.unit] | (0 if group.units is None else _IS_GRANT),
        group.units or 0,
        group.validity_seconds,
        group.threshold_units,
        0 if change is None else int(change.timestamp()),
        _ACTION_NUMBERS[final.final_action if final else None],
    )
    if final is None or final.final_action is FinalAction.TERMINATE:
        return head
    return head + _encode_text(final.redirect_url or _SEPARATOR.join(final.filter_ids))


def _decode_group(data: bytes, position: int) -> tuple[StoredGroup, int]:
    rating_group, code, unit, units, validity, threshold, change, action = _GROUP.unpack_from(
        data, position
    )
    final, position = _decode_final(_ACTIONS[action], data, position + _GROUP.size)
    group = StoredGroup(
        rating_group=None if rating_group == _NO_GROUP else rating_group,
        result_code=code,
        unit=_UNITS[unit & ~_IS_GRANT],
        units=units if unit & _IS_GRANT else None,
        validity_seconds=validity,
        threshold_units=threshold,
        tariff_change_at=datetime.fromtimestamp(change, UTC) if change else None,
        final=final,
    )
    return group, position


def _decode_final(
    action: FinalAction | None, data: bytes, position: int
) -> tuple[Block | None, int]:
    match action:
        case None:
            return None, position
        case FinalAction.TERMINATE:
            return Block(), position
        case FinalAction.REDIRECT:
            text, position = _decode_text(data, position)
            return Block(action, redirect_url=text), position
        case FinalAction.RESTRICT_ACCESS:
            text, position = _decode_text(data, position)
            return Block(action, filter_ids=tuple(text.split(_SEPARATOR))), position


def _encode_text(text: str) -> bytes:
    octets = text.encode()
    return _TEXT.pack(len(octets)) + octets


def _decode_text(data: bytes, position: int) -> tuple[str, int]:
    (length,) = _TEXT.unpack_from(data, position)
    start = position + _TEXT.size
    return data[start : start + length].decode(), start + length
