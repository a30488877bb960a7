"""Authentication vectors for E-UTRAN and UTRAN (TS 33.401 section 6.1, TS 33.102 section 6.3.2).

The random octets are an argument: who calls takes 16 from the system and gives each vector its
own, with a fresh SQN from `sqn.next_sqn`.
"""

import hmac
from dataclasses import dataclass, field

from wispgate.domain.authentication.algorithm import AuthenticationAlgorithm, Challenge
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.plmn import Plmn

# Most significant bit of AMF: 1 in EPS vectors, 0 in others, so that neither serves for the
# other (TS 33.102 annex H).
AMF_SEPARATION_BIT = 0x8000

# Unused vectors grow stale in the peer and burn sequence numbers; TS 29.272 section 5.2.3.1.3
# lets the HSS answer fewer than requested.
MAX_VECTORS_PER_REQUEST = 5


@dataclass(frozen=True, slots=True)
class EutranVector:
    """The quadruplet of E-UTRAN-Vector."""

    rand: bytes
    xres: bytes = field(repr=False)
    autn: bytes
    kasme: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class UtranVector:
    """The quintuplet of UTRAN-Vector."""

    rand: bytes
    xres: bytes = field(repr=False)
    autn: bytes
    ck: bytes = field(repr=False)
    ik: bytes = field(repr=False)


def compute_eutran_vector(
    algorithm: AuthenticationAlgorithm, *, rand: bytes, sqn: int, amf: int, plmn: Plmn
) -> EutranVector:
    """A vector for the MME of `plmn`; the separation bit of `amf` is set whatever it was."""
    amf |= AMF_SEPARATION_BIT
    challenge = algorithm.challenge(rand, sqn, amf)
    autn = _autn(challenge, sqn, amf)
    key = kasme(challenge.ck, challenge.ik, autn[:6], plmn)
    return EutranVector(rand, challenge.res, autn, key)


def compute_utran_vector(
    algorithm: AuthenticationAlgorithm, *, rand: bytes, sqn: int, amf: int
) -> UtranVector:
    """A vector for an SGSN or MSC; the separation bit of `amf` is cleared whatever it was."""
    amf &= ~AMF_SEPARATION_BIT
    challenge = algorithm.challenge(rand, sqn, amf)
    autn = _autn(challenge, sqn, amf)
    return UtranVector(rand, challenge.res, autn, challenge.ck, challenge.ik)


def kasme(ck: bytes, ik: bytes, sqn_xor_ak: bytes, plmn: Plmn) -> bytes:
    """K_ASME, bound to the serving network (TS 33.401 annex A.2, key derivation of TS 33.220)."""
    parameters = b"\x10" + plmn.encode() + b"\x00\x03" + sqn_xor_ak + b"\x00\x06"
    return hmac.digest(ck + ik, parameters, "sha256")


def decide_vector_count(requested: int) -> int:
    """How many vectors to make: at least one, and never more than a peer should keep."""
    return max(1, min(requested, MAX_VECTORS_PER_REQUEST))


def _autn(challenge: Challenge, sqn: int, amf: int) -> bytes:
    """AUTN = (SQN xor AK) | AMF | MAC-A, sixteen octets (TS 33.102 section 6.3.2)."""
    if len(challenge.mac) != 8:
        raise InvalidValue(f"AUTN has room for a MAC of 8 octets, not {len(challenge.mac)}")
    # RES of 32 octets, which TUAK could make, fits no vector (TS 33.102 section 6.3.7).
    if not 4 <= len(challenge.res) <= 16:
        raise InvalidValue(f"XRES has 4 to 16 octets, not {len(challenge.res)}")
    return ((sqn ^ challenge.ak) << 16 | amf).to_bytes(8, "big") + challenge.mac
