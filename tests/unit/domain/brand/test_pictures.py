import struct
import zlib

import pytest

from wispgate.domain.brand.pictures import LONGEST_SIDE, Picture, examine
from wispgate.kernel.errors import InvalidValue


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def a_png(width: int = 3, height: int = 2) -> bytes:
    """A whole picture, all white."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xff" * min(width, 9)) * min(height, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND")


def a_jpeg(width: int = 3, height: int = 2) -> bytes:
    """The segments of one: JFIF, a frame, a scan, the end."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0"
    return (
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
        + b"\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame
        + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\x55\xff\xd9"
    )  # fmt: skip


def test_a_picture_is_known_by_its_octets() -> None:
    assert examine(a_png()) == Picture("image/png", 3, 2)
    assert examine(a_jpeg(640, 480)) == Picture("image/jpeg", 640, 480)


@pytest.mark.parametrize(
    "content", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", b"\x89PNG\r\n"]
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidValue, match="neither a PNG nor a JPEG"):
        examine(content)


@pytest.mark.parametrize(
    "content",
    [
        a_png() + b"<script>alert(1)</script>",
        a_png()[:-1],
        a_png().replace(b"IDAT", b"IDAX"),
        b"\x89PNG\r\n\x1a\n",
        a_jpeg() + b"<script>alert(1)</script>",
        a_jpeg()[:30],
        a_jpeg()[:20] + b"\0" + a_jpeg()[21:],
    ],
    ids=["png with more", "short png", "wrong check", "no chunk", "jpeg with more", "short jpeg",
         "no marker"],
)  # fmt: skip
def test_one_that_is_broken_or_hides_something_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidValue, match="broken"):
        examine(content)


@pytest.mark.parametrize("size", [(LONGEST_SIDE + 1, 1), (1, LONGEST_SIDE + 1), (0, 5), (5, 0)])
def test_one_that_is_too_large_to_show_is_refused(size: tuple[int, int]) -> None:
    for content in (a_png(*size), a_jpeg(*size)):
        with pytest.raises(InvalidValue, match=f"{size[0]} by {size[1]} pixels"):
            examine(content)
