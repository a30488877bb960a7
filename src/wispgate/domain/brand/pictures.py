"""Pictures that people send to be shown to others: PNG or JPEG, whole, and of a size to show.

By their octets, since a file's name proves nothing. SVG is not taken: it may carry script. A
picture is walked from its first octet to its last, so that nothing else can be hidden behind it.
PNG: ISO/IEC 15948. JPEG: ITU-T T.81 annex B.
"""

from dataclasses import dataclass
from typing import Final
from zlib import crc32

from wispgate.kernel.errors import InvalidValue

# Pixels on a side: a small file can unpack to very many.
LONGEST_SIDE: Final = 2000
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
# SOF0 to SOF15 without DHT, JPG and DAC.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN, _END = 0xDA, 0xD9
_BROKEN: Final = "the picture is broken: save it again with a picture editor"


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture is: its media type and its size in pixels."""

    media_type: str
    width: int
    height: int


def examine(content: bytes) -> Picture:
    """Raises InvalidValue for what is no such picture, broken, larger, or has something behind it."""
    if content.startswith(_PNG):
        width, height = _size_of_png(content)
        picture = Picture("image/png", width, height)
    elif content.startswith(_JPEG):
        width, height = _size_of_jpeg(content)
        picture = Picture("image/jpeg", width, height)
    else:
        raise InvalidValue("it is neither a PNG nor a JPEG picture")
    if not (0 < picture.width <= LONGEST_SIDE and 0 < picture.height <= LONGEST_SIDE):
        raise InvalidValue(
            f"the picture has {picture.width} by {picture.height} pixels: "
            f"at most {LONGEST_SIDE} on a side"
        )
    return picture


def _size_of_png(content: bytes) -> tuple[int, int]:
    """Chunk by chunk: length, type, data and the check of the last two."""
    at, size = len(_PNG), (0, 0)
    while at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4])
        body, check = content[at + 4 : at + 8 + length], content[at + 8 + length : at + 12 + length]
        if len(check) < 4 or crc32(body) != int.from_bytes(check):
            break
        kind, at = body[:4], at + 12 + length
        if kind == b"IHDR":
            size = int.from_bytes(body[4:8]), int.from_bytes(body[8:12])
        if kind == b"IEND" and at == len(content):
            return size
    raise InvalidValue(_BROKEN)


def _size_of_jpeg(content: bytes) -> tuple[int, int]:
    """Segment by segment to the first scan; the picture's end is the file's end."""
    at, size = 2, (0, 0)
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        if marker in _FRAMES:
            size = (
                int.from_bytes(content[at + 7 : at + 9]),
                int.from_bytes(content[at + 5 : at + 7]),
            )
        if marker == _SCAN and content.endswith(bytes((0xFF, _END))):
            return size
        at += 2 + length
    raise InvalidValue(_BROKEN)
