import pytest

from wispgate.domain.login import recovery


def test_a_code_has_three_groups_that_cannot_be_misread() -> None:
    code = recovery.code_from(bytes(range(20, 32)))

    assert code == "mnpq-rstv-wxyz"
    assert not set(code) & set("oilu")


def test_a_code_is_known_however_it_was_typed() -> None:
    assert recovery.digest_of("0123-ABCD-1xyz") == recovery.digest_of(" o123 abcd Ixyz ")
    assert recovery.digest_of("0123-abcd-1xyz") != recovery.digest_of("0123-abcd-2xyz")


def test_too_few_random_octets_make_no_code() -> None:
    with pytest.raises(ValueError, match="12 random octets"):
        recovery.code_from(bytes(11))


@pytest.mark.parametrize(
    ("text", "is_one"), [("mnpq-rstv-wxyz", True), ("mnpqrstvwxyz", True), ("123 456", False)]
)
def test_a_recovery_code_is_told_from_an_apps_digits(text: str, is_one: bool) -> None:
    assert recovery.is_like_one(text) is is_one
