"""Files that people send: kept in memory, and looked at before anybody reads them.

Nothing sent is ever unpacked, so an archive cannot blow up; it is refused by its first octets.
"""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import MemoryFileUploadHandler

from wispgate.kernel.errors import InvalidValue

LONGEST_NAME = 255
_TEXT_ENDINGS = (".csv", ".txt", ".tsv", ".out")
# First octets of what is no text, with the word for it.
_KNOWN = {
    b"PK\x03\x04": "a ZIP archive or a spreadsheet's own format: save it as CSV",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\x1f\x8b": "packed by gzip: unpack it first",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive: unpack it first",
    b"Rar!": "a RAR archive: unpack it first",
    b"BZh": "packed by bzip2: unpack it first",
    b"\xfd7zXZ": "packed by xz: unpack it first",
    b"\x28\xb5\x2f\xfd": "packed by zstd: unpack it first",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old office document: save it as CSV",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
    b"<?xml": "XML",
}


class InMemory(MemoryFileUploadHandler):
    """Django would put a large upload into a temporary file: keys in clear, on a disk."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 (Django's name)
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> None:
        if content_length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig("the file is larger than is taken at once")
        self.activated = True


def require_text_file(name: str, content: bytes) -> None:
    """A text file by its name and by what is in it. Raises InvalidValue; shows no content."""
    if name:
        _require_name(name)
    for start, what in _KNOWN.items():
        if content.startswith(start):
            raise InvalidValue(f"this is no text file but {what}", field="file")


def _require_name(name: str) -> None:
    if len(name) > LONGEST_NAME or not name.isprintable() or set(name) & set('/\\:*?"<>|'):
        raise InvalidValue(
            "a file's name has at most 255 printable characters and none of / \\ : * ? \" < > |",
            field="file",
        )
    if not name.lower().endswith(_TEXT_ENDINGS):
        raise InvalidValue(f"a file's name ends in {', '.join(_TEXT_ENDINGS)}", field="file")
