from datetime import UTC, datetime, timedelta

import pytest

from wispgate.domain.login import totp

# RFC 6238 appendix B, SHA-1; the last six of its eight digits.
SECRET = b"12345678901234567890"
VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_codes_are_those_of_the_specification(seconds: int, code: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)

    assert totp.code_of(SECRET, totp.step_at(at)) == code


@pytest.mark.parametrize(("late", "is_taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])  # fmt: skip
def test_a_code_is_taken_one_step_early_or_late(late: int, is_taken: bool) -> None:
    code = totp.code_of(SECRET, totp.step_at(NOW))

    found = totp.find_step(SECRET, code, now=NOW + timedelta(seconds=late), after=0)

    assert (found == totp.step_at(NOW)) is is_taken


def test_a_code_is_taken_once_and_no_earlier_one_after_it() -> None:
    present = totp.step_at(NOW)
    codes = [totp.code_of(SECRET, present + offset) for offset in (-1, 0, 1)]

    found = [totp.find_step(SECRET, code, now=NOW, after=present) for code in codes]

    assert found == [None, None, present + 1]


@pytest.mark.parametrize("code", ["", "000000", "28708", "abcdef", "²²²²²²", "2870822"])
def test_what_is_no_code_of_now_is_not_taken(code: str) -> None:
    assert totp.find_step(SECRET, code, now=datetime.fromtimestamp(59, UTC), after=0) is None


def test_blanks_in_a_code_do_not_matter() -> None:
    assert totp.find_step(SECRET, " 287 082 ", now=datetime.fromtimestamp(59, UTC), after=0) == 1


def test_the_secret_is_shown_in_groups_for_typing() -> None:
    assert totp.shown(SECRET) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"


def test_the_address_for_apps_names_issuer_and_account() -> None:
    found = totp.address(SECRET, issuer="Acme Mobile", account="ada@north.example")

    assert found == (
        "otpauth://totp/Acme%20Mobile:ada@north.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Acme%20Mobile&algorithm=SHA1&digits=6&period=30"
    )
