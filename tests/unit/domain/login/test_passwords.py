import pytest

from wispgate.domain.login import passwords
from wispgate.domain.login.errors import PasswordTooWeak

COMMON = frozenset({"dragonfruit1", "mustang"})


def weakness_of(password: str) -> str:
    """The rule that it breaks, in words; nothing for a good one."""
    try:
        passwords.require_good(
            password, email="Ada.Love@north.example", name="Ada Lovelace", common=COMMON
        )
    except PasswordTooWeak as error:
        return error.message
    return ""


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "dünne Brücke im Tal",
        "9vK!x2-pQ7zz",
        "mein Fahrrad ist 12 Jahre alt",
    ],
)
def test_long_and_unlikely_passwords_are_good(password: str) -> None:
    assert weakness_of(password) == ""


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("elevenchars", "at least 12"),
        ("x" * 257, "at most 256"),
        ("aaaaaaaabbbb", "different characters"),
        ("DragonFruit1", "guessed first"),
        ("Password2026!!", "guessed first"),
        ("P4ssw0rd2026!", "guessed first"),
        ("mustang123456!", "guessed first"),
        ("abcdefghijklmn", "guessed first"),
        ("qwertyuiopasd", "guessed first"),
        ("987654321098", "guessed first"),
        ("horse1horse1horse1", "guessed first"),
        ("myADA.LOVEtoday", "your name or e-mail"),
        ("lovelace was right", "your name or e-mail"),
        ("northern lights 9", "your name or e-mail"),
    ],
)
def test_weak_passwords_are_refused_with_the_rule(password: str, words: str) -> None:
    assert words in weakness_of(password)


def test_short_names_are_no_reason() -> None:
    passwords.require_good("ada built an engine", email="a@b.example", name="Ada")


def test_signs_alone_are_no_sequence() -> None:
    assert weakness_of("+*~#'-_.:,;<>|") == ""
