from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wispgate.domain.login.claims import Expected, Identity, believe
from wispgate.domain.login.errors import ClaimsRefused

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AT = NOW.timestamp()
EXPECTED = Expected("https://id.example", "wispgate", "n-1", frozenset({"north.example"}))


def claims(**changes: Any) -> dict[str, Any]:
    given = {
        "iss": "https://id.example",
        "aud": "wispgate",
        "sub": "4711",
        "nonce": "n-1",
        "iat": AT,
        "exp": AT + 300,
        "email": "Ada@North.example",
        "email_verified": True,
        "name": "Ada",
    }
    return {name: value for name, value in (given | changes).items() if value is not None}


def test_good_claims_say_who_it_is() -> None:
    assert believe(claims(), EXPECTED, now=NOW) == Identity(
        "4711", "ada@north.example", "Ada", False
    )


@pytest.mark.parametrize(("amr", "used"), [(["pwd", "mfa"], True), (["pwd"], False), ("mfa", True), (7, False)])  # fmt: skip
def test_a_second_factor_at_the_provider_is_told(amr: object, used: bool) -> None:
    assert believe(claims(amr=amr), EXPECTED, now=NOW).used_mfa is used


@pytest.mark.parametrize(
    ("wrong", "claim"),
    [
        ({"iss": "https://id.example/"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "other"}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": ["wispgate", "other"]}, "azp"),
        ({"azp": "other"}, "azp"),
        ({"nonce": "n-2"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": AT - 120}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"exp": True}, "exp"),
        ({"iat": None}, "iat"),
        ({"iat": AT + 121}, "iat"),
        ({"iat": AT - 721}, "iat"),
        ({"nbf": AT + 121}, "nbf"),
        ({"sub": ""}, "sub"),
        ({"sub": "x" * 256}, "sub"),
        ({"sub": 4711}, "sub"),
        ({"email": None}, "email"),
        ({"email": "ada@evil.example@north.example"}, "email"),
        ({"email": "ada@north.example.evil.example"}, "email"),
        ({"email_verified": None}, "email_verified"),
        ({"email_verified": "no"}, "email_verified"),
    ],
)
def test_wrong_claims_are_refused_by_name(wrong: dict[str, Any], claim: str) -> None:
    with pytest.raises(ClaimsRefused) as refused:
        believe(claims(**wrong), EXPECTED, now=NOW)

    assert refused.value.claim == claim


@pytest.mark.parametrize(
    "given",
    [
        {"exp": AT - 119},
        {"iat": AT + 119},
        {"iat": AT - 719},
        {"nbf": AT + 119},
        {"aud": ["wispgate", "other"], "azp": "wispgate"},
        {"email_verified": "true"},
    ],
)
def test_clocks_may_differ_a_little_and_audiences_be_several(given: dict[str, Any]) -> None:
    assert believe(claims(**given), EXPECTED, now=NOW + timedelta(0)).subject == "4711"
