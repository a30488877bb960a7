"""Key material of one card: sealed at import, opened only in the authentication function."""

from dataclasses import dataclass, field
from enum import StrEnum
from struct import Struct
from typing import NamedTuple, Self

from wispgate.domain.authentication.algorithm import AuthenticationAlgorithm, require_octets
from wispgate.domain.authentication.milenage import Milenage, opc_of
from wispgate.domain.authentication.tuak import Tuak, TuakLengths, topc_of
from wispgate.kernel.errors import InvalidValue

# Separation bit set, all else zero: what LTE operators use unless they have plans for AMF.
DEFAULT_AMF = 0x8000

_FORMAT_1 = 1
_HEADER = Struct(">BBHBBB")


class AlgorithmName(StrEnum):
    MILENAGE = "milenage"
    TUAK = "tuak"


_NUMBERS = {AlgorithmName.MILENAGE: 1, AlgorithmName.TUAK: 2}
_NAMES = {number: name for name, number in _NUMBERS.items()}


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """K with OPc (MILENAGE, 16 octets) or TOPc (TUAK, 32), and how they are used.

    The operator's OP or TOP is not kept: it would open every card where OPc opens one.
    `res_octets` and `iterations` are TUAK's; MILENAGE has RES of 8 octets and no choice.
    """

    algorithm: AlgorithmName
    k: bytes = field(repr=False)
    opc: bytes = field(repr=False)
    amf: int = DEFAULT_AMF
    res_octets: int = 8
    iterations: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.amf <= 0xFFFF:
            raise InvalidValue(f"AMF has 16 bits: {self.amf:#x}", field="amf")
        if self.algorithm is AlgorithmName.MILENAGE:
            require_octets("K", self.k, 16)
            require_octets("OPc", self.opc, 16)
            if (self.res_octets, self.iterations) != (8, 1):
                raise InvalidValue("MILENAGE has RES of 8 octets and no iterations")
        else:
            require_octets("K", self.k, 16, 32)
            require_octets("TOPc", self.opc, 32)
            if self.res_octets not in (4, 8, 16) or not 1 <= self.iterations <= 255:
                raise InvalidValue("TUAK takes RES of 4, 8 or 16 octets and 1 to 255 iterations")

    @classmethod
    def from_operator_secret(
        cls, algorithm: AlgorithmName, k: bytes, op: bytes,
        *, amf: int = DEFAULT_AMF, res_octets: int = 8, iterations: int = 1,
    ) -> Self:  # fmt: skip
        """From OP or TOP, where a vendor's file has K only."""
        if algorithm is AlgorithmName.MILENAGE:
            opc = opc_of(k, op)
        else:
            # TOPc is made with as many iterations as everything else (TS 35.231 section 6.1).
            opc = topc_of(k, op, iterations=iterations)
        return cls(algorithm, k, opc, amf, res_octets, iterations)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """The value of `encode`. Raises InvalidValue, and never quotes the octets."""
        if len(octets) < _HEADER.size:
            raise InvalidValue("the key material is cut short")
        version, number, amf, res_octets, iterations, k_octets = _HEADER.unpack_from(octets)
        if version != _FORMAT_1 or number not in _NAMES:
            raise InvalidValue(f"key material of unknown format {version} or algorithm {number}")
        k = octets[_HEADER.size : _HEADER.size + k_octets]
        opc = octets[_HEADER.size + k_octets :]
        return cls(_NAMES[number], k, opc, amf, res_octets, iterations)

    def encode(self) -> bytes:
        """Format, algorithm, AMF, RES length, iterations, length of K; then K and OPc."""
        header = _HEADER.pack(
            _FORMAT_1,
            _NUMBERS[self.algorithm],
            self.amf,
            self.res_octets,
            self.iterations,
            len(self.k),
        )
        return header + self.k + self.opc


def algorithm_for(keys: KeyMaterial) -> AuthenticationAlgorithm:
    """The functions of the card that has these keys."""
    if keys.algorithm is AlgorithmName.MILENAGE:
        return Milenage(keys.k, keys.opc)
    lengths = TuakLengths(res=keys.res_octets)
    return Tuak(keys.k, keys.opc, lengths=lengths, iterations=keys.iterations)


class Credential(NamedTuple):
    """One card's functions, ready to use, and the AMF its operator chose."""

    algorithm: AuthenticationAlgorithm
    amf: int


def credential_of(keys: KeyMaterial) -> Credential:
    return Credential(algorithm_for(keys), keys.amf)
