"""The vault: keeps the credentials used last ready, so that their seals are not opened each time.

Opening a seal costs some ten times an authentication vector, and much more where a key agent does
it; a phone authenticates again and again. Held by the authentication function only; one event loop
uses it, so it has no lock.
"""

from collections import OrderedDict

from wispgate.domain.authentication.keys import Credential, KeyMaterial, credential_of
from wispgate.kernel.errors import InvalidValue

# About 1 KiB each: bounded, because every entry is a card's secret in memory in the clear.
DEFAULT_CAPACITY = 20_000


class Vault:
    """Credentials by sealed bytes and owner; the least recently used go first."""

    __slots__ = ("_capacity", "_credentials")

    def __init__(self, *, capacity: int = DEFAULT_CAPACITY) -> None:
        if capacity < 1:
            raise InvalidValue(f"a vault keeps one credential at least, not {capacity}")
        self._capacity = capacity
        self._credentials: OrderedDict[tuple[str, bytes], Credential] = OrderedDict()

    def find_credential(self, sealed: bytes, *, bound_to: str) -> Credential | None:
        """The card's functions, if these very bytes were opened for this very owner.

        The owner is part of the key: sealed bytes moved to another card's row must fail also
        while the right card's credential is kept.
        """
        key = (bound_to, sealed)
        credential = self._credentials.get(key)
        if credential is not None:
            self._credentials.move_to_end(key)
        return credential

    def keep_credential(self, sealed: bytes, plaintext: bytes, *, bound_to: str) -> Credential:
        """The card's functions from what the seal held. Raises what `KeyMaterial.decode` raises."""
        credential = credential_of(KeyMaterial.decode(plaintext))
        self._credentials[bound_to, sealed] = credential
        if len(self._credentials) > self._capacity:
            self._credentials.popitem(last=False)
        return credential

    def __len__(self) -> int:
        """How many credentials are kept ready."""
        return len(self._credentials)

    def __repr__(self) -> str:
        return f"Vault({len(self)} of {self._capacity})"
