"""Hiding personal fields from roles that do not need them.

A role names kinds of fields that it hides. `FIELDS` says which names in answers, pages, exports and
the audit are of which kind: one declaration for all doors.
"""

import re
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

HIDDEN = "\u2022"
# TS 23.003: an MSISDN has at most 15 digits; shorter ones are amounts and dates.
_NUMBER = re.compile(r"\b[0-9]{8,15}\b")


class FieldKind(StrEnum):
    MSISDN = "msisdn"
    EMAIL = "email"
    PHONE = "phone"
    DOCUMENT = "document"
    ADDRESS = "address"
    BIRTH_DATE = "birth_date"
    PUK = "puk"


# Names of fields, wherever they stand: in JSON, in tables, in the audit's before and after.
FIELDS: Mapping[str, FieldKind] = MappingProxyType(
    {
        "msisdn": FieldKind.MSISDN,
        "released_msisdn": FieldKind.MSISDN,
        "email": FieldKind.EMAIL,
        "recipient": FieldKind.EMAIL,
        "phone": FieldKind.PHONE,
        "document": FieldKind.DOCUMENT,
        "document_number": FieldKind.DOCUMENT,
        "street": FieldKind.ADDRESS,
        "birth_date": FieldKind.BIRTH_DATE,
        "puk1": FieldKind.PUK,
        "puk2": FieldKind.PUK,
    }
)


# Words in which people's numbers stand.
TEXTS = frozenset({"text", "subject", "message", "what", "why"})


def mask_number(value: str) -> str:
    """A telephone number: what it begins with and its last two digits, to tell two apart."""
    if len(value) <= 5:
        return HIDDEN * len(value)
    return f"{value[:2]}{HIDDEN * (len(value) - 4)}{value[-2:]}"


def mask_email(value: str) -> str:
    """`ada@north.example` is `a•••@•••.example`."""
    name, at, domain = value.rpartition("@")
    if not at or not name:
        return mask_all(value)
    return f"{name[0]}{HIDDEN * 3}@{HIDDEN * 3}.{domain.rpartition('.')[2]}"


def mask_document(value: str) -> str:
    """The last two characters, which the holder can be asked for."""
    return HIDDEN * max(len(value) - 2, 4) + (value[-2:] if len(value) > 4 else "")


def mask_numbers(text: str) -> str:
    """Words in which telephone numbers stand."""
    return _NUMBER.sub(lambda found: mask_number(found[0]), text)


def mask_all(value: str) -> str:
    """Not even its length is told."""
    return HIDDEN * 8 if value else value


_MASKS: Mapping[FieldKind, Callable[[str], str]] = MappingProxyType(
    {
        FieldKind.MSISDN: mask_number,
        FieldKind.EMAIL: mask_email,
        FieldKind.PHONE: mask_number,
        FieldKind.DOCUMENT: mask_document,
        FieldKind.ADDRESS: mask_all,
        FieldKind.BIRTH_DATE: mask_all,
        FieldKind.PUK: mask_all,
    }
)


def mask(kind: FieldKind, value: str) -> str:
    """The value as somebody sees it who may not see it."""
    return _MASKS[kind](value) if value else value


def mask_tree(value: Any, hidden: Collection[FieldKind]) -> Any:
    """JSON with every field that `FIELDS` names masked, however deep it lies."""
    if isinstance(value, Mapping):
        return {name: _mask_member(name, inner, hidden) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [mask_tree(inner, hidden) for inner in value]
    return value


def _mask_member(name: str, value: Any, hidden: Collection[FieldKind]) -> Any:
    if not isinstance(value, str):
        return mask_tree(value, hidden)
    kind = FIELDS.get(name)
    if kind is not None and kind in hidden:
        return mask(kind, value)
    is_told = name in TEXTS and FieldKind.MSISDN in hidden
    return mask_numbers(value) if is_told else value
