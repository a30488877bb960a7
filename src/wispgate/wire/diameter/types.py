"""The value types of AVPs (RFC 6733 sections 4.2 and 4.3): octets to values and back.

| type | value |
| --- | --- |
| OctetString | bytes |
| Integer32/64, Unsigned32/64, Enumerated | int |
| Float32/64 | float |
| Address | Address |
| Time | aware datetime, whole seconds |
| UTF8String, DiameterIdentity, DiameterURI, IPFilterRule, QoSFilterRule | str |

Grouped is the affair of `avp`. Decoding raises for a wrong length (5014) and for octets that are
no value (5004); it never makes one up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import Struct
from struct import error as struct_error

from wispgate.wire.diameter.errors import InvalidAvpLength, InvalidAvpValue, UnencodableValue


class AvpType(IntEnum):
    """In the order in which the dictionary's letters stand."""

    OCTET_STRING = 0
    INTEGER32 = 1
    INTEGER64 = 2
    UNSIGNED32 = 3
    UNSIGNED64 = 4
    FLOAT32 = 5
    FLOAT64 = 6
    GROUPED = 7
    ADDRESS = 8
    TIME = 9
    UTF8_STRING = 10
    DIAMETER_IDENTITY = 11
    DIAMETER_URI = 12
    ENUMERATED = 13
    IP_FILTER_RULE = 14
    QOS_FILTER_RULE = 15


FAMILY_IPV4, FAMILY_IPV6, FAMILY_E164 = 1, 2, 8
_ADDRESS_LENGTHS = {FAMILY_IPV4: 4, FAMILY_IPV6: 16}


@dataclass(frozen=True, slots=True)
class Address:
    """Type Address: an IANA address family number and the address as its octets."""

    family: int
    raw: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.family <= 0xFFFF:
            raise UnencodableValue(f"not an address family: {self.family}")
        if len(self.raw) != _ADDRESS_LENGTHS.get(self.family, len(self.raw)):
            raise InvalidAvpLength(
                f"an address of family {self.family} has not {len(self.raw)} octets"
            )

    @classmethod
    def parse(cls, text: str) -> "Address":
        """From "192.0.2.1" or "2001:db8::1". Raises UnencodableValue for anything else."""
        try:
            return cls.from_ip(ip_address(text))
        except ValueError:
            raise UnencodableValue(f"not an IP address: {text!r}") from None

    @classmethod
    def from_ip(cls, ip: IPv4Address | IPv6Address) -> "Address":
        return cls(FAMILY_IPV4 if ip.version == 4 else FAMILY_IPV6, ip.packed)

    @classmethod
    def from_e164(cls, digits: str) -> "Address":
        """An E.164 number, carried as its digits in ASCII."""
        return cls(FAMILY_E164, digits.encode("ascii"))

    @property
    def ip(self) -> IPv4Address | IPv6Address | None:
        """The address, or None for a family that is not IP."""
        if self.family == FAMILY_IPV4:
            return IPv4Address(self.raw)
        return IPv6Address(self.raw) if self.family == FAMILY_IPV6 else None

    @property
    def e164(self) -> str | None:
        """The digits of an E.164 address, or None for any other."""
        if self.family != FAMILY_E164:
            return None
        return self.raw.decode("ascii", "backslashreplace")

    def __str__(self) -> str:
        ip = self.ip
        return str(ip) if ip is not None else self.e164 or f"{self.family}:{self.raw.hex()}"


Value = bytes | int | float | str | Address | datetime

_INTEGER32, _INTEGER64 = Struct(">i"), Struct(">q")
_UNSIGNED32, _UNSIGNED64 = Struct(">I"), Struct(">Q")
_FLOAT32, _FLOAT64 = Struct(">f"), Struct(">d")

# RFC 6733 section 4.3.1 and RFC 5905 section 6: seconds since 1900; once the top bit is clear
# again, on 2036-02-07 06:28:16, they count in the next era.
_NTP_ERA_0 = datetime(1900, 1, 1, tzinfo=UTC)
_NTP_ERA_SECONDS = 1 << 32
_NTP_TOP_BIT = 1 << 31
_SECOND = timedelta(seconds=1)


def _number(layout: Struct) -> Callable[[bytes], int | float]:
    def decode_number(data: bytes) -> int | float:
        if len(data) != layout.size:
            raise InvalidAvpLength(f"{len(data)} octets where the type has {layout.size}")
        value: int | float = layout.unpack(data)[0]
        return value

    return decode_number


def decode_octets(data: bytes) -> bytes:
    return data


def decode_text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise InvalidAvpValue(f"not UTF-8: {data[:40].hex()}") from None


def decode_address(data: bytes) -> Address:
    if len(data) < 2:
        raise InvalidAvpLength(f"an address of {len(data)} octets has no family")
    return Address(data[0] << 8 | data[1], data[2:])


def decode_time(data: bytes) -> datetime:
    if len(data) != 4:
        raise InvalidAvpLength(f"{len(data)} octets where a time has 4")
    seconds = int.from_bytes(data, "big")
    if seconds < _NTP_TOP_BIT:
        seconds += _NTP_ERA_SECONDS
    return _NTP_ERA_0 + seconds * _SECOND


def encode_time(value: object) -> bytes:
    """Fractions of a second are cut off. Raises for instants outside 1968 to 2104."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise UnencodableValue(f"not an aware datetime: {value!r}")
    seconds = (value - _NTP_ERA_0) // _SECOND
    if not _NTP_TOP_BIT <= seconds < _NTP_ERA_SECONDS + _NTP_TOP_BIT:
        raise UnencodableValue(f"no NTP time of four octets: {value}")
    return _UNSIGNED32.pack(seconds % _NTP_ERA_SECONDS)


def encode_address(value: object) -> bytes:
    """From an Address, an IP address of the standard library, or text of one."""
    if isinstance(value, IPv4Address | IPv6Address):
        value = Address.from_ip(value)
    elif isinstance(value, str):
        value = Address.parse(value)
    if not isinstance(value, Address):
        raise UnencodableValue(f"not an address: {value!r}")
    return value.family.to_bytes(2, "big") + value.raw


def encode_octets(value: object) -> bytes:
    """From bytes, or from an IP address as its bare octets (Framed-IP-Address)."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if isinstance(value, IPv4Address | IPv6Address):
        return value.packed
    raise UnencodableValue(f"not octets: {value!r}")


def encode_text(value: object) -> bytes:
    if not isinstance(value, str):
        raise UnencodableValue(f"not text: {value!r}")
    return value.encode()


def _encode_number(layout: Struct, accepted: type | tuple[type, ...]) -> Callable[[object], bytes]:
    def encode_number(value: object) -> bytes:
        if not isinstance(value, accepted):
            raise UnencodableValue(f"not a number of the type: {value!r}")
        try:
            return layout.pack(value)
        except (struct_error, OverflowError):
            raise UnencodableValue(f"out of the type's range: {value!r}") from None

    return encode_number


_FLOATS = (int, float)

# Indexed by AvpType. Grouped has none here: its members are AVPs.
_DECODERS: dict[int, Callable[[bytes], Value]] = {
    AvpType.OCTET_STRING: decode_octets,
    AvpType.INTEGER32: _number(_INTEGER32),
    AvpType.INTEGER64: _number(_INTEGER64),
    AvpType.UNSIGNED32: _number(_UNSIGNED32),
    AvpType.UNSIGNED64: _number(_UNSIGNED64),
    AvpType.FLOAT32: _number(_FLOAT32),
    AvpType.FLOAT64: _number(_FLOAT64),
    AvpType.ADDRESS: decode_address,
    AvpType.TIME: decode_time,
    AvpType.UTF8_STRING: decode_text,
    AvpType.DIAMETER_IDENTITY: decode_text,
    AvpType.DIAMETER_URI: decode_text,
    AvpType.ENUMERATED: _number(_INTEGER32),
    AvpType.IP_FILTER_RULE: decode_text,
    AvpType.QOS_FILTER_RULE: decode_text,
}
_ENCODERS: dict[int, Callable[[object], bytes]] = {
    AvpType.OCTET_STRING: encode_octets,
    AvpType.INTEGER32: _encode_number(_INTEGER32, int),
    AvpType.INTEGER64: _encode_number(_INTEGER64, int),
    AvpType.UNSIGNED32: _encode_number(_UNSIGNED32, int),
    AvpType.UNSIGNED64: _encode_number(_UNSIGNED64, int),
    AvpType.FLOAT32: _encode_number(_FLOAT32, _FLOATS),
    AvpType.FLOAT64: _encode_number(_FLOAT64, _FLOATS),
    AvpType.ADDRESS: encode_address,
    AvpType.TIME: encode_time,
    AvpType.UTF8_STRING: encode_text,
    AvpType.DIAMETER_IDENTITY: encode_text,
    AvpType.DIAMETER_URI: encode_text,
    AvpType.ENUMERATED: _encode_number(_INTEGER32, int),
    AvpType.IP_FILTER_RULE: encode_text,
    AvpType.QOS_FILTER_RULE: encode_text,
}
_MINIMUM_LENGTHS: dict[int, int] = {
    AvpType.INTEGER32: 4,
    AvpType.INTEGER64: 8,
    AvpType.UNSIGNED32: 4,
    AvpType.UNSIGNED64: 8,
    AvpType.FLOAT32: 4,
    AvpType.FLOAT64: 8,
    AvpType.ADDRESS: 6,
    AvpType.TIME: 4,
    AvpType.ENUMERATED: 4,
}


def decode_value(kind: AvpType, data: bytes) -> Value:
    """The value of octets of a type other than Grouped."""
    return _DECODERS[kind](data)


def encode_value(kind: AvpType, value: object) -> bytes:
    """The octets of a value of a type other than Grouped. Raises UnencodableValue."""
    return _ENCODERS[kind](value)


def minimum_length(kind: AvpType) -> int:
    """The least octets of a value: what an example in Failed-AVP is filled with."""
    return _MINIMUM_LENGTHS.get(kind, 0)
