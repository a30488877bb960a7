"""A message in words, for people who look at traffic: names, values, meanings, results.

Never raises: what cannot be read is said at its place, as it may be what somebody looks for.
"""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final

from wispgate.kernel.identifiers import decode_tbcd
from wispgate.kernel.plmn import Plmn
from wispgate.wire.diameter import dictionary
from wispgate.wire.diameter.avp import Avp, split_avps
from wispgate.wire.diameter.errors import DiameterError
from wispgate.wire.diameter.header import HEADER_LENGTH, peek_header
from wispgate.wire.diameter.results import is_success
from wispgate.wire.diameter.secrecy import DEEPEST, secret_keys
from wispgate.wire.diameter.types import AvpType

# The dictionary has online charging under the name that IMS gave it.
_CALLED: Final[Mapping[str, str]] = MappingProxyType({"Ro": "Gy"})
# More octets of one AVP than this nobody reads; the capture file has them.
_LONGEST: Final = 256


@dataclass(frozen=True, slots=True)
class DescribedAvp:
    """One AVP: its name and its value in words, or the AVPs inside. `is_hidden`: a secret."""

    name: str
    code: int
    vendor_id: int
    is_mandatory: bool
    value: str
    is_hidden: bool = False
    members: tuple["DescribedAvp", ...] = ()


@dataclass(frozen=True, slots=True)
class Described:
    """A message: `abbreviation` such as AIR; `result` of an answer, else empty.

    `problem` says why the AVPs could not be read, where they could not.
    """

    command: str
    abbreviation: str
    interface: str
    application: str
    is_request: bool
    is_retransmitted: bool
    is_error: bool
    hop_by_hop: int
    end_to_end: int
    session_id: str
    result: str
    is_good: bool
    avps: tuple[DescribedAvp, ...]
    problem: str = ""


def describe(raw: bytes, *, hidden: AbstractSet[int] = frozenset()) -> Described:
    """Of a whole message with its header. `hidden`: keys of AVPs that are no secrets, but hidden."""
    header = peek_header(raw)
    avps, problem = _split(raw, HEADER_LENGTH)
    code, result = _result_of(avps)
    grammar = dictionary.find_command(
        header.application_id, header.command_code, is_request=header.is_request
    )
    command = dictionary.command_name(header.command_code) or f"command {header.command_code}"
    application = dictionary.application_name(header.application_id)
    return Described(
        command=command,
        abbreviation=grammar.abbreviation
        if grammar
        else _initials(command, is_request=header.is_request),
        interface=_CALLED.get(grammar.interface, grammar.interface) if grammar else "",
        application=application or f"application {header.application_id}",
        is_request=header.is_request,
        is_retransmitted=header.is_retransmitted,
        is_error=header.is_error,
        hop_by_hop=header.hop_by_hop,
        end_to_end=header.end_to_end,
        session_id=next((_text(a.data) for a in avps if a.key == _SESSION_ID), ""),
        result=result,
        is_good=code is None or is_success(code),
        avps=_describe_all(avps, secret_keys() | hidden),
        problem=problem,
    )


def _split(data: bytes, start: int = 0) -> tuple[tuple[Avp, ...], str]:
    try:
        return split_avps(data, start), ""
    except DiameterError as error:
        return (), error.message


def _initials(command: str, *, is_request: bool) -> str:
    initials = "".join(word[0] for word in command.split("-") if word[:1].isupper())
    return f"{initials or command} {'request' if is_request else 'answer'}"


# --- results ------------------------------------------------------------------------------------

_SESSION_ID: Final = 263
_VENDOR_ID: Final = 266
_RESULT_CODE: Final = 268
_EXPERIMENTAL_RESULT: Final = 297
_EXPERIMENTAL_RESULT_CODE: Final = 298


def _result_of(avps: Iterable[Avp]) -> tuple[int | None, str]:
    """The first result of a message, as number and in words."""
    for avp in avps:
        if avp.key == _RESULT_CODE:
            code = int.from_bytes(avp.data, "big")
            return code, _named(dictionary.result_code_name(code), code)
        if avp.key == _EXPERIMENTAL_RESULT:
            found = {member.key: member.data for member in _split(avp.data)[0]}
            vendor_id = int.from_bytes(found.get(_VENDOR_ID, b""), "big")
            code = int.from_bytes(found.get(_EXPERIMENTAL_RESULT_CODE, b""), "big")
            name = dictionary.experimental_result_code_name(vendor_id, code)
            return code, _named(name, code)
    return None, ""


# --- values -------------------------------------------------------------------------------------


def _describe_all(
    avps: Iterable[Avp], hidden: AbstractSet[int], vendor_id: int = 0, depth: int = 0
) -> tuple[DescribedAvp, ...]:
    """`vendor_id`: whose experimental results these are."""
    return tuple(_describe_avp(avp, hidden, vendor_id, depth) for avp in avps)


def _describe_avp(avp: Avp, hidden: AbstractSet[int], vendor_id: int, depth: int) -> DescribedAvp:
    definition = avp.definition
    name = avp.name if definition is None else definition.name
    value = ""
    members: tuple[DescribedAvp, ...] = ()
    if avp.key in hidden:
        value = f"hidden, {len(avp.data)} octets"
    elif definition is not None and definition.type is AvpType.GROUPED:
        value, members = _describe_group(avp, hidden, depth)
    elif avp.key == _EXPERIMENTAL_RESULT_CODE:
        code = int.from_bytes(avp.data, "big")
        value = _named(dictionary.experimental_result_code_name(vendor_id, code), code)
    else:
        value = _value_of(avp, name)
    return DescribedAvp(
        name=name,
        code=avp.code,
        vendor_id=avp.vendor_id,
        is_mandatory=avp.is_mandatory,
        value=value,
        is_hidden=avp.key in hidden,
        members=members,
    )


def _describe_group(
    avp: Avp, hidden: AbstractSet[int], depth: int
) -> tuple[str, tuple[DescribedAvp, ...]]:
    if depth >= DEEPEST:
        return f"{len(avp.data)} octets, too deep to look into", ()
    inner, problem = _split(avp.data)
    vendor = next((int.from_bytes(m.data, "big") for m in inner if m.key == _VENDOR_ID), 0)
    said = f"{len(avp.data)} octets, unreadable: {problem}" if problem else ""
    return said, _describe_all(inner, hidden, vendor, depth + 1)


def _value_of(avp: Avp, name: str) -> str:
    """The value in words; the octets and what is wrong where they are no value of the type."""
    try:
        reader = _READERS.get(name)
        if reader is not None:
            return reader(avp.data)
        value = avp.value
    except (DiameterError, ValueError) as error:
        return f"{_hex(avp.data)} (unreadable: {error})"
    if isinstance(value, bytes):
        return _octets(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, int):
        return _named(dictionary.value_name(avp.key, value), value)
    return str(value)


def _named(name: str | None, number: int) -> str:
    return f"{name} ({number})" if name else str(number)


def _octets(data: bytes) -> str:
    """As text where it is text, in hex digits else."""
    if data and all(32 <= octet < 127 for octet in data):
        return _text(data)
    return _hex(data)


def _hex(data: bytes) -> str:
    rest = len(data) - _LONGEST
    return data[:_LONGEST].hex() + (f"… and {rest} octets" if rest > 0 else "")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def _address(data: bytes) -> str:
    return str(ip_address(data))


def _prefix(data: bytes) -> str:
    """RFC 3162 section 2.3: a reserved octet, the length, and the octets that matter."""
    return f"{ip_address(data[2:].ljust(16, bytes(1)))}/{data[1]}"


def _plmn(data: bytes) -> str:
    return str(Plmn.decode(data))


def _result(data: bytes) -> str:
    code = int.from_bytes(data, "big")
    return _named(dictionary.result_code_name(code), code)


def _application(data: bytes) -> str:
    number = int.from_bytes(data, "big")
    return _named(dictionary.application_name(number), number)


def _vendor(data: bytes) -> str:
    number = int.from_bytes(data, "big")
    return _named(dictionary.vendor_name(number), number)


# By the dictionary's names: what their types alone do not tell.
_READERS: Final[Mapping[str, Callable[[bytes], str]]] = MappingProxyType(
    {
        "Result-Code": _result,
        "Auth-Application-Id": _application,
        "Acct-Application-Id": _application,
        "Vendor-Id": _vendor,
        "Supported-Vendor-Id": _vendor,
        "Visited-PLMN-Id": _plmn,
        "MSISDN": decode_tbcd,
        "A-MSISDN": decode_tbcd,
        "Framed-IP-Address": _address,
        "Framed-IPv6-Prefix": _prefix,
    }
)
