"""The card in a simulated phone: USIM and the checks of its phone (TS 31.102, TS 33.102 6.3.3)."""

import hmac
from dataclasses import dataclass, field

from wispgate.domain.authentication.algorithm import AuthenticationAlgorithm, Response
from wispgate.domain.authentication.keys import AlgorithmName, KeyMaterial, algorithm_for
from wispgate.domain.authentication.sqn import UsimSequence, conceal
from wispgate.domain.authentication.vectors import AMF_SEPARATION_BIT, kasme
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.identifiers import Imsi
from wispgate.kernel.plmn import Plmn


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The network proved itself; RES is the card's proof, K_ASME what both now share."""

    res: bytes = field(repr=False)
    kasme: bytes = field(repr=False)
    ck: bytes = field(repr=False)
    ik: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SynchronisationFailure:
    """The challenge is genuine and its SQN is not fresh; AUTS tells the network the card's."""

    auts: bytes


@dataclass(frozen=True, slots=True)
class MacFailure:
    """The challenge was not made with this card's keys."""


@dataclass(frozen=True, slots=True)
class NonEpsAuthenticationUnacceptable:
    """The AMF separation bit is 0: a vector made for another access (TS 24.301 cause 26)."""


AuthenticationResult = (
    Authenticated | SynchronisationFailure | MacFailure | NonEpsAuthenticationUnacceptable
)


class Usim:
    """One card. `sequence` is its state: keep it when the card outlives the process."""

    __slots__ = ("_algorithm", "imsi", "sequence")

    def __init__(
        self,
        imsi: Imsi,
        k: bytes,
        opc: bytes,
        *,
        algorithm: AlgorithmName = AlgorithmName.MILENAGE,
        sequence: UsimSequence | None = None,
    ) -> None:
        self.imsi = imsi
        self.sequence = sequence or UsimSequence()
        self._algorithm: AuthenticationAlgorithm = algorithm_for(KeyMaterial(algorithm, k, opc))

    def authenticate(self, rand: bytes, autn: bytes, plmn: Plmn) -> AuthenticationResult:
        """The card's answer to a challenge that came through the network `plmn`."""
        if len(autn) != 16:
            raise InvalidValue(f"AUTN has 16 octets, not {len(autn)}")
        response = self._algorithm.respond(rand)
        sqn = int.from_bytes(autn[:6], "big") ^ response.ak
        amf = int.from_bytes(autn[6:8], "big")
        if not hmac.compare_digest(self._algorithm.f1(rand, sqn, amf), autn[8:]):
            return MacFailure()
        if not amf & AMF_SEPARATION_BIT:
            return NonEpsAuthenticationUnacceptable()
        following = self.sequence.find_after(sqn)
        if following is None:
            return SynchronisationFailure(conceal(self._algorithm, rand, self.sequence.sqn_ms))
        self.sequence = following
        return _authenticated(response, autn, plmn)

    def __repr__(self) -> str:
        return f"Usim({self.imsi.mask()})"


def _authenticated(response: Response, autn: bytes, plmn: Plmn) -> Authenticated:
    key = kasme(response.ck, response.ik, autn[:6], plmn)
    return Authenticated(response.res, key, response.ck, response.ik)
