"""Whole messages: decoded to AVPs, encoded from names and values.

message = decode_message(octets)
message.get("User-Name")                       # raises MissingAvp
[unit.find("CC-Total-Octets") for unit in message.list_avps("Used-Service-Unit")]

encode_message(header, [("Session-Id", "a;b;c"), ("Result-Code", 2001)])
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address

from wispgate.wire.diameter import dictionary
from wispgate.wire.diameter.avp import Avp, AvpSequence, encode_avp, split_avps
from wispgate.wire.diameter.errors import UnencodableValue
from wispgate.wire.diameter.header import HEADER_LENGTH, Header, decode_header
from wispgate.wire.diameter.types import Address, AvpType, encode_value

# What stands for one AVP when encoding: its name and value, a decoded AVP, or ready octets. The
# value of a group is a list or tuple of the same.
AvpItem = Avp | bytes | tuple[str, "AvpInput"]
AvpInput = (
    bytes | int | float | str | Address | IPv4Address | IPv6Address | datetime | Sequence["AvpItem"]
)


class Message(AvpSequence):
    """A header and its AVPs. Values are decoded when they are asked for."""

    __slots__ = ("header",)

    def __init__(self, header: Header, avps: tuple[Avp, ...]) -> None:
        super().__init__(avps)
        self.header = header

    def __repr__(self) -> str:
        return f"<Message {self.header} of {len(self.avps)} AVPs>"


def decode_message(data: bytes) -> Message:
    """A whole message. Raises FramingError for its header, InvalidAvpLength for its AVPs."""
    header = decode_header(data)
    return Message(header, split_avps(data, HEADER_LENGTH))


def encode_message(header: Header, avps: Iterable[AvpItem]) -> bytes:
    """Header and AVPs as octets; the length is computed, flags of named AVPs are the dictionary's.

    A decoded message comes out as it came in, but for padding that was not zero.
    Raises UnknownAvpName or UnencodableValue.
    """
    body = encode_avps(avps)
    length = HEADER_LENGTH + len(body)
    if length > 0xFFFFFF:
        raise UnencodableValue(f"a message of {length} octets exceeds its length field")
    return header.encode(length) + body


def encode_avps(avps: Iterable[AvpItem]) -> bytes:
    """AVPs one after the other, as they stand in a message or a group."""
    return b"".join([_encode_item(item) for item in avps])


def encode_named(name: str, value: AvpInput) -> bytes:
    """One AVP by its name and value."""
    definition = dictionary.get_definition(name)
    if definition.type is AvpType.GROUPED:
        if not isinstance(value, list | tuple):
            raise UnencodableValue(f"{name} takes a list of AVPs, not {value!r}")
        data = encode_avps(value)
    else:
        data = encode_value(definition.type, value)
    return encode_avp(definition.code, definition.vendor_id, definition.flags, data)


def _encode_item(item: AvpItem) -> bytes:
    if isinstance(item, bytes):
        return item
    if isinstance(item, Avp):
        return item.encode()
    return encode_named(item[0], item[1])
