"""The rules of passwords with the list of common ones that Django brings along."""

from functools import cache

from django.contrib.auth.password_validation import CommonPasswordValidator

from wispgate.domain.login import passwords


def require_good(password: str, *, email: str, name: str = "") -> None:
    """Raises PasswordTooWeak with the first rule that it breaks."""
    passwords.require_good(password, email=email, name=name, common=_common())


@cache
def _common() -> frozenset[str]:
    """20,000 passwords in lower case; read when a password is first chosen."""
    return frozenset(CommonPasswordValidator().passwords)
