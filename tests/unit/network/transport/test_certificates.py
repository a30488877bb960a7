"""Whose certificate it is, and who issued it."""

from pathlib import Path

import pytest

from tests.harness.certificates import a_certificate, an_authority
from wispgate.kernel.errors import InvalidValue
from wispgate.network.transport.certificates import find_fault, read_certificates

NAME = "mme.epc.test"


def test_a_certificate_of_ones_own_authority_and_name_proves_it(tmp_path: Path) -> None:
    authority = an_authority("lab")
    files = a_certificate(tmp_path, authority, "other.test", "MME.epc.test")

    assert find_fault(files.der, NAME, authority.pem) == ""


def test_a_common_name_counts_where_there_is_no_other(tmp_path: Path) -> None:
    authority = an_authority("lab")
    only_common = a_certificate(tmp_path, authority, common_name=NAME)
    both = a_certificate(tmp_path, authority, "other.test", common_name=NAME)

    assert find_fault(only_common.der, NAME, authority.pem) == ""
    assert find_fault(both.der, NAME, authority.pem) == (
        "its certificate is for other.test, not for mme.epc.test"
    )


def test_an_authority_of_another_peer_proves_nothing(tmp_path: Path) -> None:
    ours, theirs = an_authority("lab"), an_authority("elsewhere")
    files = a_certificate(tmp_path, theirs, NAME)

    assert "issued by CN=elsewhere, which is not this peer's" in find_fault(
        files.der, NAME, ours.pem
    )
    assert find_fault(files.der, NAME, ours.pem + theirs.pem) == ""


def test_an_authority_of_the_same_name_proves_nothing(tmp_path: Path) -> None:
    files = a_certificate(tmp_path, an_authority("lab"), NAME)

    assert "not this peer's authority" in find_fault(files.der, NAME, an_authority("lab").pem)


def test_the_one_who_issued_counts_and_not_its_root(tmp_path: Path) -> None:
    root = an_authority("root")
    middle = an_authority("middle", root)
    files = a_certificate(tmp_path, middle, NAME)

    assert find_fault(files.der, NAME, middle.pem) == ""
    assert "not this peer's authority" in find_fault(files.der, NAME, root.pem)


def test_what_is_no_certificate_is_said_to_be_none() -> None:
    assert "cannot be read" in find_fault(b"nothing", NAME, an_authority("lab").pem)
    with pytest.raises(InvalidValue, match="no certificate"):
        read_certificates("nothing")
