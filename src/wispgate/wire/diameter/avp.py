"""One AVP (RFC 6733 section 4) and sequences of them, decoded by the dictionary."""

from struct import Struct
from typing import Final

from wispgate.wire.diameter import dictionary
from wispgate.wire.diameter.dictionary import Definition
from wispgate.wire.diameter.errors import InvalidAvpLength, InvalidAvpValue, MissingAvp
from wispgate.wire.diameter.types import AvpType, Value, decode_value, minimum_length

FLAG_VENDOR: Final = dictionary.FLAG_VENDOR
FLAG_MANDATORY: Final = dictionary.FLAG_MANDATORY
FLAG_PROTECTED: Final = 0x20

_PADDING: Final = (b"", b"\0\0\0", b"\0\0", b"\0")
_SHORT_HEADER = Struct(">II")
_LONG_HEADER = Struct(">III")

# Layouts are remembered for messages up to 4 KiB: longer ones are rare, and a peer that sends
# every length there is must not fill our memory.
_REMEMBERED_WORDS: Final = 1024
_layouts: dict[int, Struct] = {}


def words_of(data: bytes) -> tuple[int, ...]:
    """The octets as 32-bit words: AVPs are aligned to four, and one unpack is cheapest."""
    count = len(data) >> 2
    layout = _layouts.get(count)
    if layout is None:
        layout = Struct(f">{count}I")
        if count <= _REMEMBERED_WORDS:
            _layouts[count] = layout
    return layout.unpack(data)


class Avp:
    """An AVP as it came: code, vendor, flag octet and data without padding. Not to be changed.

    Not a dataclass, because a frozen one takes three times as long to make and a message has
    fifty.
    """

    __slots__ = ("_members", "code", "data", "flags", "vendor_id")

    def __init__(self, code: int, vendor_id: int, flags: int, data: bytes) -> None:
        self.code = code
        self.vendor_id = vendor_id
        self.flags = flags
        self.data = data
        self._members: AvpSequence | None = None

    @property
    def key(self) -> int:
        return self.vendor_id << 32 | self.code

    @property
    def definition(self) -> Definition | None:
        """What the dictionary says of it; None if it is unknown there."""
        return dictionary.find_definition(self.vendor_id << 32 | self.code)

    @property
    def name(self) -> str:
        """The dictionary's qualified name, or vendor and code for an unknown AVP."""
        definition = self.definition
        return f"{self.vendor_id}:{self.code}" if definition is None else definition.qualified_name

    @property
    def is_mandatory(self) -> bool:
        return self.flags & FLAG_MANDATORY != 0

    @property
    def value(self) -> "AvpValue":
        """The typed value; the members of a group; the bare octets of an unknown AVP.

        Raises InvalidAvpLength or InvalidAvpValue, with what belongs into Failed-AVP.
        """
        definition = self.definition
        if definition is None:
            return self.data
        if definition.type is AvpType.GROUPED:
            return self.members.avps
        try:
            return decode_value(definition.type, self.data)
        except InvalidAvpLength as error:
            error.failed_avp = zero_filled(definition, self.flags)
            raise
        except InvalidAvpValue as error:
            error.failed_avp = self.encode()
            raise

    @property
    def members(self) -> "AvpSequence":
        """The AVPs inside, which must fill the data exactly. Raises InvalidAvpLength."""
        if self._members is None:
            try:
                self._members = AvpSequence(split_avps(self.data))
            except InvalidAvpLength as error:
                error.failed_avp = self.around(error.failed_avp)
                raise
        return self._members

    def get(self, name: str | int) -> "AvpValue":
        """The value of the first member of that name or key. Raises MissingAvp."""
        return self.members.get(name)

    def find(self, name: str | int) -> "AvpValue | None":
        return self.members.find(name)

    def list(self, name: str | int) -> "Values":
        return self.members.list(name)

    def encode(self) -> bytes:
        """Header, data and zero padding; the flags as they came."""
        return encode_avp(self.code, self.vendor_id, self.flags, self.data)

    def around(self, member: bytes) -> bytes:
        """This AVP holding only `member`: how Failed-AVP shows where in a group the fault is."""
        return encode_avp(self.code, self.vendor_id, self.flags, member)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Avp):
            return NotImplemented
        return (self.key, self.flags, self.data) == (other.key, other.flags, other.data)

    def __hash__(self) -> int:
        return hash((self.code, self.vendor_id, self.flags, self.data))

    def __repr__(self) -> str:
        return f"<Avp {self.name} flags={self.flags:#04x} {self.data[:64].hex()}>"


AvpValue = Value | tuple[Avp, ...]
Values = list[AvpValue]


class AvpSequence:
    """AVPs in the order in which they stand, of a message or inside a group.

    Names are the dictionary's; a key, vendor << 32 | code, serves as well and is faster.
    """

    __slots__ = ("avps",)

    def __init__(self, avps: tuple[Avp, ...]) -> None:
        self.avps = avps

    def find_avp(self, name: str | int) -> Avp | None:
        """The first AVP of that name or key, or None."""
        key = name if isinstance(name, int) else dictionary.key_of(name)
        code, vendor_id = key & 0xFFFFFFFF, key >> 32
        for avp in self.avps:
            if avp.code == code and avp.vendor_id == vendor_id:
                return avp
        return None

    def get_avp(self, name: str | int) -> Avp:
        """The first AVP of that name or key. Raises MissingAvp."""
        avp = self.find_avp(name)
        if avp is None:
            key = name if isinstance(name, int) else dictionary.key_of(name)
            raise MissingAvp(f"{name} is missing", failed_avp=example_avp(key), avp=name)
        return avp

    def list_avps(self, name: str | int) -> tuple[Avp, ...]:
        """All AVPs of that name or key."""
        key = name if isinstance(name, int) else dictionary.key_of(name)
        code, vendor_id = key & 0xFFFFFFFF, key >> 32
        return tuple(a for a in self.avps if a.code == code and a.vendor_id == vendor_id)

    def get(self, name: str | int) -> AvpValue:
        """The value of the first AVP of that name or key. Raises MissingAvp."""
        return self.get_avp(name).value

    def find(self, name: str | int) -> AvpValue | None:
        """The value of the first AVP of that name or key, or None if there is none."""
        avp = self.find_avp(name)
        return None if avp is None else avp.value

    def list(self, name: str | int) -> Values:
        """The values of all AVPs of that name or key."""
        return [avp.value for avp in self.list_avps(name)]

    def get_int(self, name: str | int) -> int:
        """As `get`, for an AVP whose type is a whole number. TypeError for any other type."""
        return _expect_int(name, self.get(name))

    def find_int(self, name: str | int) -> int | None:
        value = self.find(name)
        return None if value is None else _expect_int(name, value)

    def get_text(self, name: str | int) -> str:
        """As `get`, for an AVP whose type is text. TypeError for any other type.

        Raises InvalidAvpValue for text with a NUL, which is no part of any name or number and which
        no database takes.
        """
        return _expect_text(name, self.get_avp(name))

    def find_text(self, name: str | int) -> str | None:
        avp = self.find_avp(name)
        return None if avp is None else _expect_text(name, avp)

    def get_octets(self, name: str | int) -> bytes:
        """The bare data of the first AVP of that name or key, whatever its type."""
        return self.get_avp(name).data

    def find_octets(self, name: str | int) -> bytes | None:
        avp = self.find_avp(name)
        return None if avp is None else avp.data


def _expect_int(name: str | int, value: AvpValue) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{name} is no whole number: {value!r}")
    return value


def _expect_text(name: str | int, avp: Avp) -> str:
    value = avp.value
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text: {value!r}")
    if "\0" in value:
        raise InvalidAvpValue(f"{avp.name} has a NUL in it", failed_avp=avp.encode())
    return value


def split_avps(data: bytes, start: int = 0) -> tuple[Avp, ...]:
    """The AVPs from `start` on, which must fill `data` exactly: nothing is left over or reached past.

    Raises InvalidAvpLength with the header of the AVP that does not fit.
    """
    if len(data) & 3:
        raise InvalidAvpLength(f"{len(data)} octets are no sequence of AVPs")
    words = words_of(data)
    end = len(words)
    position = start >> 2
    avps: list[Avp] = []
    while position < end:
        if end - position < 2:
            raise _misfit(data, position)
        word = words[position + 1]
        length = word & 0xFFFFFF
        if word & 0x80000000:
            header, vendor_id = 12, words[position + 2] if end - position > 2 else 0
        else:
            header, vendor_id = 8, 0
        after = position + (length + 3 >> 2)
        if length < header or after > end:
            raise _misfit(data, position)
        first = position << 2
        avps.append(
            Avp(words[position], vendor_id, word >> 24, data[first + header : first + length])
        )
        position = after
    return tuple(avps)


def encode_avp(code: int, vendor_id: int, flags: int, data: bytes) -> bytes:
    """Header, data and zero padding. The vendor is written if the flags have V."""
    if flags & FLAG_VENDOR:
        length = 12 + len(data)
        header = _LONG_HEADER.pack(code, flags << 24 | length, vendor_id)
    else:
        length = 8 + len(data)
        header = _SHORT_HEADER.pack(code, flags << 24 | length)
    return header + data + _PADDING[length & 3]


def example_avp(key: int) -> bytes:
    """An AVP as Failed-AVP shows a missing one: least length, filled with zeros (section 7.1.5)."""
    definition = dictionary.find_definition(key)
    if definition is None:
        return encode_avp(key & 0xFFFFFFFF, key >> 32, FLAG_VENDOR if key >> 32 else 0, b"")
    return zero_filled(definition, definition.flags)


def zero_filled(definition: Definition, flags: int) -> bytes:
    """The AVP with its flags and the least data of its type, as zeros."""
    data = bytes(minimum_length(definition.type))
    return encode_avp(definition.code, definition.vendor_id, flags, data)


def _misfit(data: bytes, position: int) -> InvalidAvpLength:
    """RFC 6733 section 7.1.5: the header, completed with zeros, and data of the least length."""
    offset = position << 2
    header = data[offset : offset + 12].ljust(12, b"\0")
    code, word, vendor_id = _LONG_HEADER.unpack(header)
    flags = word >> 24
    if not flags & FLAG_VENDOR:
        vendor_id = 0
    definition = dictionary.find_definition(vendor_id << 32 | code)
    failed_avp = (
        encode_avp(code, vendor_id, flags, b"")
        if definition is None
        else zero_filled(definition, flags)
    )
    return InvalidAvpLength(
        f"AVP {vendor_id}:{code} at octet {offset} says {word & 0xFFFFFF} octets of "
        f"{len(data) - offset}",
        failed_avp=failed_avp,
    )
