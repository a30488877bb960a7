"""Frozen dataclasses to JSON and back, driven by their type hints.

Plans and network profiles stand as JSON in the database. Fields that equal their default are left
out; what comes back is checked strictly: an unknown name, a missing one or a wrong type raises
InvalidValue with the path to it. Decoders are made once per type.
"""

import dataclasses
import json
import re
import types
from collections.abc import Callable
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from wispgate.kernel.errors import InvalidValue

T = TypeVar("T")
Decoder = Callable[[Any], Any]


def encode(value: object) -> str:
    """The value as compact JSON text."""
    return json.dumps(to_json(value), separators=(",", ":"), ensure_ascii=False)


def decode(kind: type[T], text: str | bytes) -> T:
    """The value of type `kind` that `text` holds, or InvalidValue."""
    try:
        data = json.loads(text, parse_float=_refuse_float, parse_constant=_refuse_float)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InvalidValue(f"not JSON: {error}") from None
    return from_json(kind, data)


def from_json(kind: type[T], data: object) -> T:
    """The value of type `kind` from parsed JSON, or InvalidValue."""
    hint: Any = kind
    value: T = _decoder(hint)(data)
    return value


def to_json(value: object) -> Any:
    """JSON values of `value`; amounts of money go as text. Raises TypeError for other types."""
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | str():
            return value
        case UUID() | Decimal():
            return str(value)
        case datetime() | time():
            return value.isoformat()
        case tuple():
            return [to_json(item) for item in value]
        case _ if dataclasses.is_dataclass(value):
            return _fields_to_json(value)
        case _:
            raise TypeError(f"no JSON form for {type(value).__name__}")


def _fields_to_json(value: Any) -> dict[str, Any]:
    shown = {"kind": _tag(type(value))} if hasattr(value, "IS_TAGGED") else {}
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if item != field.default:
            shown[field.name] = to_json(item)
    return shown


def _refuse_float(text: str) -> Any:
    raise InvalidValue(f"a number with a fraction is written as text, not {text}")


@cache
def _decoder(hint: Any) -> Decoder:
    if hint in _SCALARS:
        return _SCALARS[hint]
    if get_origin(hint) is tuple:
        return _tuple_decoder(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        return _union_decoder(get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum_decoder(hint)
    if dataclasses.is_dataclass(hint):
        return _dataclass_decoder(hint)
    raise TypeError(f"no JSON form for {hint}")


def _union_decoder(options: tuple[Any, ...]) -> Decoder:
    others = [option for option in options if option is not types.NoneType]
    if others == [int, Decimal]:
        decoder: Decoder = _amount
    elif len(others) == 1:
        decoder = _decoder(others[0])
    else:
        decoder = _tagged_decoder(others)
    if len(others) == len(options):
        return decoder
    return lambda data: None if data is None else decoder(data)


def _tagged_decoder(options: list[Any]) -> Decoder:
    by_tag = {_tag(option): _decoder(option) for option in options}

    def decode_tagged(data: Any) -> Any:
        tag = _mapping(data).get("kind")
        if tag not in by_tag:
            raise InvalidValue(f"unknown kind {tag!r}; known: {', '.join(by_tag)}", field="kind")
        return by_tag[tag](data)

    return decode_tagged


def _tuple_decoder(item_hint: Any) -> Decoder:
    decode_item = _decoder(item_hint)

    def decode_tuple(data: Any) -> tuple[Any, ...]:
        if not isinstance(data, list):
            raise InvalidValue(f"a list is wanted, not {data!r}")
        return tuple(_at(f"[{i}]", decode_item, item) for i, item in enumerate(data))

    return decode_tuple


def _enum_decoder(kind: type[Enum]) -> Decoder:
    def decode_enum(data: Any) -> Enum:
        try:
            return kind(data)
        except ValueError:
            raise InvalidValue(f"not a {kind.__name__}: {data!r}") from None

    return decode_enum


def _dataclass_decoder(kind: Any) -> Decoder:
    hints = get_type_hints(kind)
    decoders = {field.name: _decoder(hints[field.name]) for field in dataclasses.fields(kind)}
    known = decoders.keys() | ({"kind"} if hasattr(kind, "IS_TAGGED") else set())
    required = {f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING}

    def decode_dataclass(data: Any) -> Any:
        given = _mapping(data)
        if not given.keys() <= known:
            _refuse_names("unknown", given.keys() - known)
        if not required <= given.keys():
            _refuse_names("missing", required - given.keys())
        return kind(**{n: _at(n, decoders[n], given[n]) for n in given if n in decoders})

    return decode_dataclass


def _at(step: str, decoder: Decoder, data: Any) -> Any:
    try:
        return decoder(data)
    except InvalidValue as error:
        rest = error.field
        joined = step + rest if rest.startswith("[") else ".".join(filter(None, (step, rest)))
        raise InvalidValue(error.message, field=joined) from None


def _refuse_names(what: str, names: set[str]) -> None:
    listed = sorted(names)
    raise InvalidValue(f"{what}: {', '.join(listed)}", field=listed[0])


def _mapping(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise InvalidValue(f"an object is wanted, not {data!r}")
    return data


def _tag(kind: type) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


def _plain(kind: type) -> Decoder:
    def decode_plain(data: Any) -> Any:
        if type(data) is not kind:
            raise InvalidValue(f"{kind.__name__} is wanted, not {data!r}")
        return data

    return decode_plain


def _parsed(name: str, parse: Callable[[str], Any]) -> Decoder:
    def decode_parsed(data: Any) -> Any:
        if not isinstance(data, str):
            raise InvalidValue(f"{name} is written as text, not {data!r}")
        try:
            return parse(data)
        except (ValueError, InvalidOperation):
            raise InvalidValue(f"not {name}: {data!r}") from None

    return decode_parsed


def _finite(text: str) -> Decimal:
    amount = Decimal(text)
    if not amount.is_finite():
        raise ValueError(text)
    return amount


def _aware(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(text)
    return instant


def _amount(data: Any) -> int | Decimal:
    amount: int | Decimal = (_decimal if isinstance(data, str) else _SCALARS[int])(data)
    return amount


_decimal = _parsed("an amount", _finite)
_SCALARS: dict[Any, Decoder] = {
    str: _plain(str),
    int: _plain(int),
    bool: _plain(bool),
    Decimal: _decimal,
    UUID: _parsed("a UUID", UUID),
    datetime: _parsed("an instant with its offset", _aware),
    time: _parsed("a time of day", time.fromisoformat),
}
