"""Sequence numbers: SQN = SEQ (43 bits) | IND (5 bits), TS 33.102 section 6.3 and annex C.

The HSS takes `next_sqn` for each vector and keeps the last one used before the answer leaves.
`UsimSequence` is the card's side of the same rule; the simulated card lives by it.
"""

import hmac
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from wispgate.domain.authentication.algorithm import (
    RAND_OCTETS,
    AuthenticationAlgorithm,
    require_octets,
)
from wispgate.domain.authentication.errors import SequenceExhausted
from wispgate.kernel.errors import InvalidValue

IND_BITS = 5
IND_SLOTS = 1 << IND_BITS
SEQ_MAX = (1 << 43) - 1
SQN_MAX = (1 << 48) - 1
# The largest step forward that a card accepts (annex C.2.3 and C.3.2): out of reach in use, and
# far too small to walk a counter of 43 bits to its end.
DELTA = 1 << 28
AUTS_OCTETS = 14
# MAC-S is computed over a dummy AMF (section 6.3.3).
_RESYNCHRONISATION_AMF = 0
# One resynchronisation is a card moved from another HSS, or a restored backup. A card that asks
# again and again disagrees about K or OPc.
_USUAL_RESYNCHRONISATIONS = 3
# For how long they are counted. Not in a row: between two attempts a network asks without AUTS.
RESYNCHRONISATION_PERIOD = timedelta(hours=1)


def next_sqn(sqn: int, ind: int) -> int:
    """The SQN after `sqn` for slot `ind`: SEQ grows by one whichever slot was used before.

    Raises SequenceExhausted at the end: wrapping round would give numbers that no card accepts.
    """
    _require_sqn(sqn)
    _require_ind(ind)
    seq = sqn >> IND_BITS
    if seq == SEQ_MAX:
        raise SequenceExhausted("the card's sequence number is used up; it has to be replaced")
    return seq + 1 << IND_BITS | ind


def ind_of(node_identity: str) -> int:
    """The slot of a requesting node, so that vectors kept by several do not outdate each other.

    Derived from the identity and not assigned: every process, and every restart, agrees. Two
    nodes that share a slot only lose the use of each other's older vectors.
    """
    # A DiameterIdentity is compared without regard to case (RFC 6733 section 4.3.1).
    return sha256(node_identity.lower().encode()).digest()[0] % IND_SLOTS


@dataclass(frozen=True, slots=True)
class ResynchronisationRequest:
    """Re-Synchronization-Info: the RAND that the card refused, and its AUTS."""

    rand: bytes
    auts: bytes

    def __post_init__(self) -> None:
        require_octets("RAND", self.rand, RAND_OCTETS)
        require_octets("AUTS", self.auts, AUTS_OCTETS)


def find_resynchronisation_request(octets: bytes) -> ResynchronisationRequest | None:
    """The request in a Re-Synchronization-Info of 30 octets (TS 29.272 section 7.3.15).

    Some MMEs always send it, filled with zeros when nothing is asked: then None.
    """
    require_octets("Re-Synchronization-Info", octets, RAND_OCTETS + AUTS_OCTETS)
    if not any(octets):
        return None
    return ResynchronisationRequest(octets[:RAND_OCTETS], octets[RAND_OCTETS:])


@dataclass(frozen=True, slots=True)
class Resynchronised:
    """The card's proof holds: `sqn` is SQN_MS, from which the next vector counts on."""

    sqn: int


@dataclass(frozen=True, slots=True)
class NotNeeded:
    """The card would accept our next SQN anyway: a repeated or belated request changes nothing."""

    sqn_ms: int


@dataclass(frozen=True, slots=True)
class MacFailure:
    """MAC-S is wrong: a forgery, or K and OPc are not the card's. The SQN stays as it is."""


def resynchronise(
    algorithm: AuthenticationAlgorithm, request: ResynchronisationRequest, *, sqn: int
) -> Resynchronised | NotNeeded | MacFailure:
    """Decides what a card's AUTS does to `sqn`, the last one used (section 6.3.5).

    The specification looks at MAC-S only where SQN is out of range. We look at it first: the
    resulting SQN is the same, and a wrong key is told from a belated request.
    """
    _require_sqn(sqn)
    concealed = int.from_bytes(request.auts[:6], "big")
    sqn_ms = concealed ^ algorithm.f5_star(request.rand)
    mac_s = algorithm.f1_star(request.rand, sqn_ms, _RESYNCHRONISATION_AMF)
    if not hmac.compare_digest(mac_s, request.auts[6:]):
        return MacFailure()
    if _is_in_reach((sqn >> IND_BITS) + 1, sqn_ms >> IND_BITS):
        return NotNeeded(sqn_ms)
    return Resynchronised(sqn_ms)


def conceal(algorithm: AuthenticationAlgorithm, rand: bytes, sqn_ms: int) -> bytes:
    """AUTS = (SQN_MS xor AK*) | MAC-S, which a card answers to an SQN that it refuses."""
    mac_s = algorithm.f1_star(rand, sqn_ms, _RESYNCHRONISATION_AMF)
    return (sqn_ms ^ algorithm.f5_star(rand)).to_bytes(6, "big") + mac_s


def is_key_mismatch_suspected(resynchronisations: int) -> bool:
    """Whether a card asked so often within the period that its keys look wrong."""
    return resynchronisations > _USUAL_RESYNCHRONISATIONS


@dataclass(frozen=True, slots=True)
class UsimSequence:
    """The SEQ last accepted in each of a card's 32 slots (annex C.2).

    `age_limit` is L of annex C.2.2: how far behind its newest SEQ a card accepts; None for any.
    """

    slots: tuple[int, ...] = (0,) * IND_SLOTS
    delta: int = DELTA
    age_limit: int | None = None

    def __post_init__(self) -> None:
        if len(self.slots) != IND_SLOTS:
            raise InvalidValue(f"a card has {IND_SLOTS} slots, not {len(self.slots)}")
        if not all(0 <= seq <= SEQ_MAX for seq in self.slots):
            raise InvalidValue("a SEQ has 43 bits")

    @property
    def sqn_ms(self) -> int:
        """The newest SQN accepted, which the card tells in AUTS (annex C.2.1)."""
        seq = max(self.slots)
        return seq << IND_BITS | self.slots.index(seq)

    def accepts(self, sqn: int) -> bool:
        """Whether the card takes `sqn` for fresh."""
        _require_sqn(sqn)
        seq, newest = sqn >> IND_BITS, max(self.slots)
        if seq - newest > self.delta:
            return False
        if self.age_limit is not None and newest - seq > self.age_limit:
            return False
        return seq > self.slots[sqn % IND_SLOTS]

    def find_after(self, sqn: int) -> "UsimSequence | None":
        """The slots once `sqn` is accepted; None where the card refuses it."""
        if not self.accepts(sqn):
            return None
        ind = sqn % IND_SLOTS
        slots = (*self.slots[:ind], sqn >> IND_BITS, *self.slots[ind + 1 :])
        return UsimSequence(slots, self.delta, self.age_limit)


def _is_in_reach(seq: int, seq_ms: int) -> bool:
    """Whether a card whose newest SEQ is `seq_ms` surely accepts `seq`, whatever the slot."""
    return 0 < seq - seq_ms <= DELTA and seq <= SEQ_MAX


def _require_sqn(sqn: int) -> None:
    if not 0 <= sqn <= SQN_MAX:
        raise InvalidValue(f"a sequence number has 48 bits: {sqn:#x}")


def _require_ind(ind: int) -> None:
    if not 0 <= ind < IND_SLOTS:
        raise InvalidValue(f"there are slots 0 to {IND_SLOTS - 1}, not {ind}")
