"""What the doctor says of the node's own certificate."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.harness.certificates import a_certificate, an_authority
from wispgate.kernel.errors import Misconfigured
from wispgate.main import certificates

HOST = "hss.example.org"
LAB = an_authority("lab")


def examine(chain: Path, key: Path) -> list[tuple[str, str]]:
    return list(certificates.examine(chain, key, identity=HOST, now=datetime.now(UTC)))


def test_a_good_certificate_is_all_good(tmp_path: Path) -> None:
    files = a_certificate(tmp_path, LAB, HOST.upper())

    assert [grade for grade, _ in examine(files.chain, files.key)] == ["good", "good"]


@pytest.mark.parametrize(
    ("particulars", "grade", "words"),
    [
        ({"days": -1, "begins_in": -9}, "bad", "renew it, peers refuse it"),
        ({"days": 10}, "warning", "renew it in time"),
        ({"begins_in": 3}, "bad", "is the clock right?"),
        ({"uses": (ExtendedKeyUsageOID.SERVER_AUTH,)}, "warning", "is not for clientAuth"),
    ],
)
def test_dates_and_uses_are_looked_at(
    tmp_path: Path, particulars: dict[str, object], grade: str, words: str
) -> None:
    files = a_certificate(tmp_path, LAB, HOST, **particulars)  # type: ignore[arg-type]

    verdicts = examine(files.chain, files.key)

    assert [text for found, text in verdicts if found == grade and words in text]


def test_another_name_is_told_with_what_to_do(tmp_path: Path) -> None:
    files = a_certificate(tmp_path, LAB, "mme.example.org")

    (text,) = [text for grade, text in examine(files.chain, files.key) if grade == "bad"]

    assert "is for mme.example.org, and this node is hss.example.org" in text
    assert "subjectAltName" in text


def test_a_key_of_another_certificate_and_one_that_all_may_read_are_told(tmp_path: Path) -> None:
    files, other = a_certificate(tmp_path, LAB, HOST), a_certificate(tmp_path, LAB, HOST)
    other.key.chmod(0o644)

    verdicts = examine(files.chain, other.key)

    assert [text for grade, text in verdicts if grade == "bad" and "mixed up" in text]
    assert [text for grade, text in verdicts if grade == "warning" and "chmod 600" in text]


@pytest.mark.parametrize("missing", ["chain", "key"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, missing: str) -> None:
    files = a_certificate(tmp_path, LAB, HOST)
    broken = files.chain if missing == "chain" else files.key
    broken.write_text("nothing")

    with pytest.raises(Misconfigured, match=broken.name.replace(".", r"\.")):
        examine(files.chain, files.key)
