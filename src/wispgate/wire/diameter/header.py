"""The twenty octets before the AVPs (RFC 6733 section 3)."""

from struct import Struct
from typing import Final, NamedTuple

from wispgate.wire.diameter.errors import InvalidMessageLength, UnsupportedVersion

HEADER_LENGTH: Final = 20
VERSION: Final = 1

FLAG_REQUEST: Final = 0x80
FLAG_PROXIABLE: Final = 0x40
FLAG_ERROR: Final = 0x20
FLAG_RETRANSMITTED: Final = 0x10

_LAYOUT = Struct(">5I")


class Header(NamedTuple):
    """Everything of the header but version and length. A tuple, as each message makes one."""

    flags: int
    command_code: int
    application_id: int
    hop_by_hop: int
    end_to_end: int

    @property
    def is_request(self) -> bool:
        return self.flags & FLAG_REQUEST != 0

    @property
    def is_proxiable(self) -> bool:
        return self.flags & FLAG_PROXIABLE != 0

    @property
    def is_error(self) -> bool:
        return self.flags & FLAG_ERROR != 0

    @property
    def is_retransmitted(self) -> bool:
        """The T bit: possibly a duplicate of an earlier request (RFC 6733 section 3)."""
        return self.flags & FLAG_RETRANSMITTED != 0

    def answer_header(self, *, is_error: bool = False) -> "Header":
        """The header of the answer: identifiers and P bit are kept, R and T cleared."""
        flags = self.flags & FLAG_PROXIABLE | (FLAG_ERROR if is_error else 0)
        return self._replace(flags=flags)

    def encode(self, length: int) -> bytes:
        """The octets of a message of `length` octets, header included."""
        return _LAYOUT.pack(
            VERSION << 24 | length,
            self.flags << 24 | self.command_code,
            self.application_id,
            self.hop_by_hop,
            self.end_to_end,
        )


def request_header(
    command_code: int,
    application_id: int,
    *,
    hop_by_hop: int,
    end_to_end: int,
    is_proxiable: bool = True,
) -> Header:
    """The header of a request of our own."""
    flags = FLAG_REQUEST | (FLAG_PROXIABLE if is_proxiable else 0)
    return Header(flags, command_code, application_id, hop_by_hop, end_to_end)


def decode_header(message: bytes) -> Header:
    """The header of a whole message. Raises for another version or a length not its own."""
    if len(message) < HEADER_LENGTH:
        raise InvalidMessageLength(
            f"a message of {len(message)} octets has no header", header=message, messages=[]
        )
    first, second, application_id, hop_by_hop, end_to_end = _LAYOUT.unpack_from(message)
    if first >> 24 != VERSION:
        raise UnsupportedVersion(
            f"version {first >> 24}", header=message[:HEADER_LENGTH], messages=[]
        )
    if first & 0xFFFFFF != len(message) or len(message) & 3:
        raise InvalidMessageLength(
            f"the header says {first & 0xFFFFFF} octets of {len(message)}",
            header=message[:HEADER_LENGTH],
            messages=[],
        )
    return Header(second >> 24, second & 0xFFFFFF, application_id, hop_by_hop, end_to_end)


def peek_header(message: bytes) -> Header:
    """The header of octets that nobody has checked, to answer an error: only twenty are needed."""
    _, second, application_id, hop_by_hop, end_to_end = _LAYOUT.unpack_from(message)
    return Header(second >> 24, second & 0xFFFFFF, application_id, hop_by_hop, end_to_end)
