"""Cuts a stream into whole messages, wherever the network cut it (RFC 6733 section 3)."""

from struct import Struct
from typing import Final

from wispgate.wire.diameter.errors import FramingError, InvalidMessageLength, UnsupportedVersion
from wispgate.wire.diameter.header import HEADER_LENGTH, VERSION

# A 24-bit length allows 16 MiB. No 3GPP message comes near; a peer that claims one is broken
# or hostile, and we will not buffer for it.
DEFAULT_MAX_MESSAGE_LENGTH: Final = 256 * 1024

_FIRST_WORD = Struct(">I")


class Framer:
    """One per stream. Octets are kept as they came and joined once, so that time is linear."""

    def __init__(self, max_message_length: int = DEFAULT_MAX_MESSAGE_LENGTH) -> None:
        self._max_message_length = max_message_length
        self._pieces: list[bytes] = []
        self._held = 0
        self._needed = HEADER_LENGTH
        self._is_broken = False

    @property
    def unread(self) -> bytes:
        """The beginning of a message whose rest has not come yet."""
        return b"".join(self._pieces)

    def receive_data(self, data: bytes) -> list[bytes]:
        """The messages that are now complete.

        Raises UnsupportedVersion or InvalidMessageLength, once the twenty octets of a header are
        there, with the messages that were complete before it; the stream is of no use after that,
        and whatever follows is dropped.
        """
        if self._is_broken:
            return []
        if self._held:
            self._pieces.append(data)
            self._held += len(data)
            if self._held < self._needed:
                return []
            data = b"".join(self._pieces)
        return self._cut(data)

    def _cut(self, data: bytes) -> list[bytes]:
        messages: list[bytes] = []
        position, end, needed = 0, len(data), HEADER_LENGTH
        while end - position >= HEADER_LENGTH:
            first: int = _FIRST_WORD.unpack_from(data, position)[0]
            length = first & 0xFFFFFF
            if (
                first >> 24 != VERSION
                or length < HEADER_LENGTH
                or length & 3
                or length > self._max_message_length
            ):
                raise self._fail(first, data[position : position + HEADER_LENGTH], messages)
            if length > end - position:
                needed = length
                break
            messages.append(data[position : position + length])
            position += length
        self._keep(data[position:], needed)
        return messages

    def _keep(self, rest: bytes, needed: int) -> None:
        self._pieces = [rest] if rest else []
        self._held = len(rest)
        self._needed = needed

    def _fail(self, first: int, header: bytes, messages: list[bytes]) -> FramingError:
        self._is_broken = True
        self._keep(b"", HEADER_LENGTH)
        version, length = first >> 24, first & 0xFFFFFF
        if version != VERSION:
            return UnsupportedVersion(f"version {version}", header=header, messages=messages)
        return InvalidMessageLength(
            f"a message of {length} octets is no multiple of four from {HEADER_LENGTH} "
            f"to {self._max_message_length}",
            header=header,
            messages=messages,
        )
