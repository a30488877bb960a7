"""Secrets that the web itself must read again: those of authenticator apps and of providers.

Sealed with a key pair of the installation's own, apart from the vault of the SIM keys, which the
web cannot open.
"""

from functools import cache

from django.conf import settings

from wispgate.domain.authentication import sealing
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.kernel.errors import Misconfigured


def seal(secret: bytes, *, bound_to: object) -> bytes:
    """The secret as only this installation reads it, and only for that row."""
    return sealing.seal(_key(_text()).sealing_key, secret, bound_to=str(bound_to))


def unseal(sealed: bytes | memoryview, *, bound_to: object) -> bytes:
    """Raises SealBroken, or OpeningKeyMissing after the installation's key was lost."""
    keys = sealing.keyring([_key(_text())])
    return sealing.open_sealed(keys, bytes(sealed), bound_to=str(bound_to))


def _text() -> str:
    text = str(settings.WISPGATE_LOGIN_KEY)
    if not text:
        raise Misconfigured("this process was not given the installation's login key")
    return text


@cache
def _key(text: str) -> OpeningKey:
    return OpeningKey.from_text(text)
