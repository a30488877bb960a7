import pytest

from wispgate.kernel.errors import InvalidValue
from wispgate.web.site import uploads


@pytest.mark.parametrize("name", ["cards.csv", "Karten März.TXT", "batch 1.tsv", ""])
def test_a_text_file_is_taken(name: str) -> None:
    uploads.require_text_file(name, b"iccid,imsi\n")


@pytest.mark.parametrize(
    "name",
    ["cards", "cards.xlsx", "cards.csv.exe", "../../etc/passwd.csv", "a\\b.csv", "a\nb.csv",
     "a\x00.csv", "x" * 252 + ".csv", 'a"b.csv', "CON:.csv", "cards.csv\u202e"],
)  # fmt: skip
def test_a_name_that_is_no_plain_text_files_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        uploads.require_text_file(name, b"iccid,imsi\n")

    assert refused.value.field == "file"


@pytest.mark.parametrize(
    ("start", "word"),
    [(b"PK\x03\x04", "ZIP"), (b"\x1f\x8b\x08", "gzip"), (b"%PDF-1.7", "PDF"), (b"MZ\x90", "program"),
     (b"\x7fELF", "program"), (b"<html><script>", "web page"), (b"Rar!\x1a", "RAR")],
)  # fmt: skip
def test_what_is_no_text_by_its_first_octets_is_refused(start: bytes, word: str) -> None:
    with pytest.raises(InvalidValue, match=word):
        uploads.require_text_file("cards.csv", start + b"4" * 100)


def test_a_refusal_shows_nothing_of_the_file() -> None:
    with pytest.raises(InvalidValue) as refused:
        uploads.require_text_file("cards.csv", b"PK\x03\x04secret")

    assert "secret" not in refused.value.message
