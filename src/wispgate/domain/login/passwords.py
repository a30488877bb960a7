"""What a password must not be. No rule asks for signs and capitals: they make passwords worse
(NIST SP 800-63B section 3.1.1.2); length does not, and neither does refusing what everybody takes.
"""

from collections.abc import Container

from wispgate.domain.login.errors import PasswordTooWeak

MIN_LENGTH = 12
# A longer one only costs us time; it is far beyond what anybody remembers.
MAX_LENGTH = 256
_LEAST_DIFFERENT = 5
_LEAST_NAME = 4

# What people write for letters.
_PLAIN = str.maketrans(
    {"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"}
)
# Words around which guessed passwords are built: "Password2026!!" is one of them.
_STEM_WORDS = (
    "password passwort passwordpassword motdepasse contrasena wachtwoord qwerty qwertz azerty "
    "qwertyuiop qwertzuiop asdfghjkl letmein welcome willkommen administrator admin changeme "
    "iloveyou monkey dragon football baseball sunshine princess superman batman starwars trustno "
    "abcdefgh abcdef abc secret geheim master login hello operator network internet telecom "
    "mobile wispgate default test testtest guest company summer winter spring autumn sommer "
    "correcthorsebatterystaple"
)
STEMS = frozenset(_STEM_WORDS.split())
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz", "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm",
)  # fmt: skip


def require_good(
    password: str, *, email: str, name: str = "", common: Container[str] = frozenset()
) -> None:
    """Raises PasswordTooWeak with the first rule that it breaks.

    `common` is a list of passwords that are guessed first, in lower case.
    """
    if weakness := _find_weakness(password, email, name, common):
        raise PasswordTooWeak(weakness, field="password")


def _find_weakness(password: str, email: str, name: str, common: Container[str]) -> str:
    if len(password) < MIN_LENGTH:
        return f"a password has at least {MIN_LENGTH} characters"
    if len(password) > MAX_LENGTH:
        return f"a password has at most {MAX_LENGTH} characters"
    low = password.casefold()
    if len(set(low)) < _LEAST_DIFFERENT:
        return f"a password has at least {_LEAST_DIFFERENT} different characters"
    if _is_common(low, common):
        return "this password is among those that are guessed first"
    if _names_its_owner(low, email, name):
        return "a password does not contain your name or e-mail address"
    return ""


def _is_common(low: str, common: Container[str]) -> bool:
    stem = low.strip("0123456789!?.,;:-_+*#$%&/()=@ ")
    letters = "".join(letter for letter in low if letter.isalnum())
    stems = {stem, stem.translate(_PLAIN), letters, letters.translate(_PLAIN).strip("0123456789")}
    repeated = low[: (low + low).find(low, 1)]
    return bool(
        low in common
        or stems & STEMS
        or any(each in common for each in stems if each)
        or (repeated != low and len(repeated) < MIN_LENGTH)
        or any(letters and (letters in row * 2 or letters[::-1] in row * 2) for row in _ROWS)
    )


def _names_its_owner(low: str, email: str, name: str) -> bool:
    local, _, host = email.casefold().partition("@")
    parts = {local, host, email.casefold(), host.partition(".")[0], *name.casefold().split()}
    return any(len(part) >= _LEAST_NAME and part in low for part in parts)
