"""Second-generation triplets from a USIM's functions (TS 33.102 section 6.8.1.2, TS 55.205)."""

from dataclasses import dataclass, field

from wispgate.domain.authentication.algorithm import AuthenticationAlgorithm, require_octets


@dataclass(frozen=True, slots=True)
class GeranVector:
    """A triplet, as GERAN-Vector carries it."""

    rand: bytes
    sres: bytes = field(repr=False)
    kc: bytes = field(repr=False)


def compute_geran_vector(algorithm: AuthenticationAlgorithm, *, rand: bytes) -> GeranVector:
    """A triplet has neither SQN nor AUTN: the network does not prove itself to the card."""
    response = algorithm.respond(rand)
    return GeranVector(rand, sres_by_xor(response.res), kc(response.ck, response.ik))


def kc(ck: bytes, ik: bytes) -> bytes:
    """Conversion c3: the halves of CK and IK, added bit by bit."""
    require_octets("CK", ck, 16)
    require_octets("IK", ik, 16)
    return _folded(ck + ik, 8)


def sres_by_xor(res: bytes) -> bytes:
    """Conversion c2, SRES variant 1 of TS 55.205: RES filled to 16 octets, its quarters added."""
    require_octets("RES", res, *range(4, 17))
    return _folded(res.ljust(16, b"\x00"), 4)


def sres_by_truncation(res: bytes) -> bytes:
    """SRES variant 2 of TS 55.205: the first four octets of RES."""
    require_octets("RES", res, *range(4, 17))
    return res[:4]


def _folded(octets: bytes, width: int) -> bytes:
    total = 0
    for start in range(0, len(octets), width):
        total ^= int.from_bytes(octets[start : start + width], "big")
    return total.to_bytes(width, "big")
