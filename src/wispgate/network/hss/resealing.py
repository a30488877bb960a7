"""Sealing secrets anew for another installation: a thing of the authentication function.

It alone opens seals, and what it opens goes from memory into the new seal and nowhere else.
"""

from collections.abc import Iterable

from wispgate.domain.authentication.sealing import OpeningKey, SealingKey, keyring, reseal


class Resealer:
    """Holds this installation's opening keys, and the key of who receives."""

    __slots__ = ("_keys", "_recipient")

    def __init__(self, opening_keys: Iterable[OpeningKey], recipient: SealingKey) -> None:
        self._keys = keyring(opening_keys)
        self._recipient = recipient

    def __call__(self, sealed: bytes, bound_to: str) -> bytes:
        """Raises what `open_sealed` raises: a key that is not here, a broken seal."""
        return reseal(self._keys, sealed, bound_to=bound_to, recipient=self._recipient)

    def __repr__(self) -> str:
        return f"Resealer({len(self._keys)} keys)"
