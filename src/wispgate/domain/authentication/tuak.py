"""TUAK, the algorithm set of TS 35.231, on Keccak."""

from dataclasses import dataclass
from hashlib import shake_256

from wispgate.domain.authentication.algorithm import (
    RAND_OCTETS,
    Challenge,
    Response,
    require_octets,
)
from wispgate.domain.authentication.keccak import STATE_OCTETS, keccak_f1600
from wispgate.kernel.errors import InvalidValue

_ALGONAME = b"TUAK1.0"[::-1]
# SHAKE256 absorbs 136 octets a block; TS 35.231 chose its padding to be the same.
_PADDING = b"\x1f" + bytes(38) + b"\x80"
_OUTPUT_OCTETS = 102
_NO_SQN_AND_AMF = bytes(8)

# INSTANCE, TS 35.231 sections 6.2 to 6.6: function, lengths, and 1 for a K of 256 bits.
_F1_STAR, _F2345, _F5_STAR = 0x80, 0x40, 0xC0
_MAC_BITS = {8: 0x08, 16: 0x10, 32: 0x20}
_RES_BITS = {4: 0x00, 8: 0x08, 16: 0x10, 32: 0x20}
_CK_BITS = {16: 0x00, 32: 0x04}
_IK_BITS = {16: 0x00, 32: 0x02}


@dataclass(frozen=True, slots=True)
class TuakLengths:
    """Octets of each output. The defaults are what AUTN, UTRAN and E-UTRAN have room for."""

    mac: int = 8
    res: int = 8
    ck: int = 16
    ik: int = 16

    def __post_init__(self) -> None:
        for what, length, allowed in (
            ("MAC", self.mac, _MAC_BITS),
            ("RES", self.res, _RES_BITS),
            ("CK", self.ck, _CK_BITS),
            ("IK", self.ik, _IK_BITS),
        ):
            if length not in allowed:
                raise InvalidValue(f"TUAK makes no {what} of {length} octets")


class Tuak:
    """f1 to f5* of one card: K of 128 or 256 bits, TOPc of 256."""

    __slots__ = (
        "_f1_instance",
        "_f2345_instance",
        "_iterations",
        "_k",
        "_k256",
        "_lengths",
        "_topc",
    )

    def __init__(
        self, k: bytes, topc: bytes, *, lengths: TuakLengths | None = None, iterations: int = 1
    ) -> None:
        require_octets("TOPc", topc, 32)
        self._lengths = lengths = lengths or TuakLengths()
        self._k, self._k256 = _key_field(k)
        self._topc = topc[::-1]
        self._iterations = _checked(iterations)
        self._f1_instance = _MAC_BITS[lengths.mac] | self._k256
        self._f2345_instance = (
            _F2345
            | _RES_BITS[lengths.res]
            | _CK_BITS[lengths.ck]
            | _IK_BITS[lengths.ik]
            | self._k256
        )

    def challenge(self, rand: bytes, sqn: int, amf: int) -> Challenge:
        return Challenge(self.f1(rand, sqn, amf), *self.respond(rand))

    def respond(self, rand: bytes) -> Response:
        out = self._output(self._f2345_instance, rand, _NO_SQN_AND_AMF)
        lengths = self._lengths
        return Response(
            out[: lengths.res][::-1],
            out[32 : 32 + lengths.ck][::-1],
            out[64 : 64 + lengths.ik][::-1],
            int.from_bytes(out[96:102], "little"),
        )

    def f1(self, rand: bytes, sqn: int, amf: int) -> bytes:
        return self._mac(self._f1_instance, rand, sqn, amf)

    def f1_star(self, rand: bytes, sqn: int, amf: int) -> bytes:
        return self._mac(_F1_STAR | self._f1_instance, rand, sqn, amf)

    def f5_star(self, rand: bytes) -> int:
        out = self._output(_F5_STAR | self._k256, rand, _NO_SQN_AND_AMF)
        return int.from_bytes(out[96:102], "little")

    def _mac(self, instance: int, rand: bytes, sqn: int, amf: int) -> bytes:
        amf_and_sqn = amf.to_bytes(2, "little") + sqn.to_bytes(6, "little")
        return self._output(instance, rand, amf_and_sqn)[: self._lengths.mac][::-1]

    def _output(self, instance: int, rand: bytes, amf_and_sqn: bytes) -> bytes:
        require_octets("RAND", rand, RAND_OCTETS)
        message = b"%b%c%b%b%b%b" % (
            self._topc,
            instance,
            _ALGONAME,
            rand[::-1],
            amf_and_sqn,
            self._k,
        )
        return _keccak(message, self._iterations)

    def __repr__(self) -> str:
        return "Tuak(…)"


def topc_of(k: bytes, top: bytes, *, iterations: int = 1) -> bytes:
    """TOPc, the operator's secret TOP bound to one card's K (TS 35.231 section 6.1)."""
    require_octets("TOP", top, 32)
    key, k256 = _key_field(k)
    message = b"%b%c%b%b%b" % (top[::-1], k256, _ALGONAME, bytes(24), key)
    return _keccak(message, _checked(iterations))[:32][::-1]


def _key_field(k: bytes) -> tuple[bytes, int]:
    """K as the state holds it, reversed and filled to 32 octets; the bit that tells its length."""
    require_octets("K", k, 16, 32)
    return k[::-1].ljust(32, b"\x00"), int(len(k) == 32)


def _keccak(message: bytes, iterations: int) -> bytes:
    """The first 102 octets of the state after the given number of permutations."""
    if iterations == 1:
        return shake_256(message).digest(_OUTPUT_OCTETS)
    state = (message + _PADDING).ljust(STATE_OCTETS, b"\x00")
    for _ in range(iterations):
        state = keccak_f1600(state)
    return state[:_OUTPUT_OCTETS]


def _checked(iterations: int) -> int:
    # One octet in the key material; real cards use 1 or 2.
    if not 1 <= iterations <= 255:
        raise InvalidValue(f"TUAK runs Keccak 1 to 255 times, not {iterations}")
    return iterations
