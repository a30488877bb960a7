"""A card whose secrets are sealed: what is kept of it, in stock or while an import waits."""

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import Any

from wispgate.business.inventory.cardvalues import Card
from wispgate.domain.authentication.sealing import SealingKey, seal


@dataclass(frozen=True, slots=True)
class SealedCard:
    """`sealed_codes` is empty where the card came without PIN, PUK and ADM."""

    iccid: str
    imsi: str
    form: str
    eid: str
    algorithm: str
    has_check_digit_warning: bool
    sealed_key: bytes = field(repr=False)
    sealed_codes: bytes = field(repr=False)
    known_by: bytes = field(repr=False)

    @classmethod
    def of(cls, card: Card, key: SealingKey) -> "SealedCard":
        codes = card.encoded_codes()
        return cls(
            card.iccid,
            card.imsi,
            card.form,
            card.eid,
            card.keys.algorithm.value,
            card.has_check_digit_warning,
            seal(key, card.keys.encode(), bound_to=card.iccid),
            seal(key, codes, bound_to=card.iccid) if codes else b"",
            card.fingerprint(),
        )

    def fingerprint(self) -> bytes:
        """The card's (`Card.fingerprint`), from before it was sealed."""
        return self.known_by

    def encode(self) -> list[Any]:
        """As JSON."""
        sealed = (self.sealed_key, self.sealed_codes, self.known_by)
        plain = (self.iccid, self.imsi, self.form, self.eid, self.algorithm)
        texts = [b64encode(part).decode() for part in sealed]
        return [*plain, self.has_check_digit_warning, *texts]

    @classmethod
    def decode(cls, given: list[Any]) -> "SealedCard":
        iccid, imsi, form, eid, algorithm, is_odd, *texts = given
        sealed_key, sealed_codes, known_by = (b64decode(part) for part in texts)
        return cls(iccid, imsi, form, eid, algorithm, is_odd, sealed_key, sealed_codes, known_by)
