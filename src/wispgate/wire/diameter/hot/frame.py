"""A whole request as octets and as 32-bit words, and the text that repeats in all of them."""

from typing import Final

from wispgate.wire.diameter.avp import words_of
from wispgate.wire.diameter.hot.unusual import Unusual

# The second word of an AVP without its M and P flags, which may be as they like: the V flag, the
# reserved flags and the length. A reserved flag that is set makes the length absurd.
SHAPE: Final = 0x9FFFFFFF
VENDOR_BIT: Final = 0x80000000
# Shapes of AVPs of the base vendor and of 3GPP with 4 and 8 octets of data.
BASE_END: Final = 1 << 24
FOUR: Final = 12
EIGHT: Final = 16
VENDOR_FOUR: Final = 0x80000010
TGPP_VENDOR: Final = 10415

FIRST_WORD: Final = 5
_LARGEST_ENUMERATED: Final = 0x7FFFFFFF
_VERSION_1: Final = 1
# R must be set and E must not be; the reserved bits of a header are nobody's business.
_REQUEST_AND_ERROR: Final = 0xA0
_REQUEST: Final = 0x80
_PADDING_MASKS: Final = (0, 0xFFFFFF, 0xFFFF, 0xFF)

# Hosts, realms, APNs and contexts are few. Should somebody send many, we start again.
_MOST_TEXTS: Final = 4096
_LONGEST_TEXT: Final = 256
_texts: Final[dict[bytes, str]] = {}


class Frame:
    """One request while it is read. Raises Unusual for a header that is not `command`'s."""

    __slots__ = ("extra", "raw", "words")

    def __init__(self, raw: bytes, application_id: int, command: int) -> None:
        length = len(raw)
        if length < 20 or length & 3:
            raise Unusual
        words = words_of(raw)
        if (
            words[0] != _VERSION_1 << 24 | length
            or words[1] & 0xFFFFFF != command
            or words[1] >> 24 & _REQUEST_AND_ERROR != _REQUEST
            or words[2] != application_id
        ):
            raise Unusual
        self.raw = raw
        self.words = words
        # Where the AVPs stand that no hot decoder reads, in words from the message's start.
        self.extra: list[int] = []


def plain_text(data: bytes) -> str:
    """The text of octets without a NUL. Raises UnicodeDecodeError, Unusual."""
    if b"\0" in data:
        raise Unusual
    return data.decode()


def remember_text(data: bytes) -> str:
    """The text of octets that are not remembered yet. Raises UnicodeDecodeError, Unusual."""
    text = plain_text(data)
    if len(data) <= _LONGEST_TEXT:
        if len(_texts) >= _MOST_TEXTS:
            _texts.clear()
        _texts[data] = text
    return text


def shared_text(data: bytes) -> str:
    """The text of octets that many messages have in common. Raises UnicodeDecodeError, Unusual."""
    text = _texts.get(data)
    return text if text is not None else remember_text(data)


def has_zero_padding(words: tuple[int, ...], after: int, length: int) -> bool:
    """Whether an AVP that is copied as it stands ends as the generic codec would write it."""
    return words[after - 1] & _PADDING_MASKS[length & 3] == 0


def enumerated(value: int) -> int:
    """Enumerated is signed; nobody means a negative one."""
    if value > _LARGEST_ENUMERATED:
        raise Unusual
    return value


def after_avp(position: int, shape: int, end: int) -> int:
    """The word after an AVP of this shape, which must end where its group does, or before."""
    if shape >= VENDOR_BIT:
        length = shape - VENDOR_BIT
        is_long_enough = length >= 12
    else:
        length = shape
        is_long_enough = length >= 8
    after = position + (length + 3 >> 2)
    if after > end or not is_long_enough:
        raise Unusual
    return after


def group_end(position: int, length: int) -> int:
    """The word after a group, whose length is that of whole AVPs."""
    if length & 3:
        raise Unusual
    return position + (length >> 2)
