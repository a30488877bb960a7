"""MILENAGE, the algorithm set of TS 35.206, on AES-128."""

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from wispgate.domain.authentication.algorithm import (
    RAND_OCTETS,
    Challenge,
    Response,
    require_octets,
)

_MASK = (1 << 128) - 1
# Four blocks side by side in one integer of 512 bits, to encrypt them in one call.
_FOUR_TIMES = 1 << 384 | 1 << 256 | 1 << 128 | 1


class Milenage:
    """f1 to f5* of one card. Holds the AES key schedule, which costs more than a vector does."""

    __slots__ = ("_encrypt", "_opc", "_opc_four_times", "_opc_swapped")

    def __init__(self, k: bytes, opc: bytes) -> None:
        require_octets("OPc", opc, 16)
        self._encrypt = _block_cipher(k).update
        self._opc = int.from_bytes(opc, "big")
        self._opc_four_times = self._opc * _FOUR_TIMES
        self._opc_swapped = self._opc << 64 & _MASK | self._opc >> 64

    def challenge(self, rand: bytes, sqn: int, amf: int) -> Challenge:
        """f1 to f5 with two calls of AES: TEMP, then OUT1 to OUT4 as four blocks at once."""
        temp = self._temp(rand)
        base = temp ^ self._opc
        blocks = (
            self._in1(temp, sqn, amf) << 384
            | (base ^ 1) << 256
            | ((base << 32 & _MASK | base >> 96) ^ 2) << 128
            | (base << 64 & _MASK | base >> 64) ^ 4
        )
        encrypted = int.from_bytes(self._encrypt(blocks.to_bytes(64, "big")), "big")
        out = (encrypted ^ self._opc_four_times).to_bytes(64, "big")
        return Challenge(
            out[:8], out[24:32], out[32:48], out[48:64], int.from_bytes(out[16:22], "big")
        )

    def respond(self, rand: bytes) -> Response:
        # OUT1 is made for nothing, with SQN and AMF zero: cheaper than a second way to do it.
        return Response(*self.challenge(rand, 0, 0)[1:])

    def f1(self, rand: bytes, sqn: int, amf: int) -> bytes:
        return self._out1(rand, sqn, amf)[:8]

    def f1_star(self, rand: bytes, sqn: int, amf: int) -> bytes:
        return self._out1(rand, sqn, amf)[8:]

    def f5_star(self, rand: bytes) -> int:
        base = self._temp(rand) ^ self._opc
        return self._out((base << 96 & _MASK | base >> 32) ^ 8) >> 80

    def _temp(self, rand: bytes) -> int:
        require_octets("RAND", rand, RAND_OCTETS)
        block = int.from_bytes(rand, "big") ^ self._opc
        return int.from_bytes(self._encrypt(block.to_bytes(16, "big")), "big")

    def _in1(self, temp: int, sqn: int, amf: int) -> int:
        # IN1 = SQN AMF SQN AMF has equal halves, so rotating it by r1 = 64 changes nothing.
        half = sqn << 16 | amf
        return temp ^ (half << 64 | half) ^ self._opc_swapped

    def _out1(self, rand: bytes, sqn: int, amf: int) -> bytes:
        return self._out(self._in1(self._temp(rand), sqn, amf)).to_bytes(16, "big")

    def _out(self, block: int) -> int:
        return int.from_bytes(self._encrypt(block.to_bytes(16, "big")), "big") ^ self._opc

    def __repr__(self) -> str:
        return "Milenage(…)"


def opc_of(k: bytes, op: bytes) -> bytes:
    """OPc, the operator's secret OP bound to one card's K: E_K(OP) xor OP."""
    require_octets("OP", op, 16)
    encrypted = int.from_bytes(_block_cipher(k).update(op), "big")
    return (encrypted ^ int.from_bytes(op, "big")).to_bytes(16, "big")


def _block_cipher(k: bytes) -> CipherContext:
    require_octets("K", k, 16)
    # ECB is the bare block function that TS 35.206 builds upon; no message is encrypted here.
    return Cipher(AES(k), ECB()).encryptor()  # noqa: S305
