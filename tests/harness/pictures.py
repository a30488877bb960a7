"""Small pictures, made octet by octet."""

import struct
import zlib


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def a_png(width: int = 3, height: int = 2, colour: tuple[int, int, int] = (255, 255, 255)) -> bytes:
    """All of one colour; one that claims to be very large holds less than it claims."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    row = b"\0" + bytes(colour) * min(width, 500)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            chunk(b"IDAT", zlib.compress(row * min(height, 500))),
            chunk(b"IEND"),
        )
    )


def a_jpeg(width: int = 3, height: int = 2) -> bytes:
    """The segments of one: JFIF, a frame, a scan, the end."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0"
    return (
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
        + b"\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame
        + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\x55\xff\xd9"
    )  # fmt: skip
