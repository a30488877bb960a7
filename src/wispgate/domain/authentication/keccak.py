"""Keccak-f[1600], the permutation of FIPS 202 section 3, for TUAK with more than one iteration.

One iteration is a call of SHAKE256 in `tuak.py`; hashlib has no access to the bare permutation.
"""

from struct import Struct

from wispgate.domain.authentication.algorithm import require_octets

STATE_OCTETS = 200
_ROUNDS = 24
_MASK = (1 << 64) - 1
_LANES = Struct("<25Q")


def keccak_f1600(state: bytes) -> bytes:
    """The permutation of a state of 200 octets, lanes in little-endian order."""
    require_octets("a Keccak state", state, STATE_OCTETS)
    lanes = list(_LANES.unpack(state))
    for constant in _ROUND_CONSTANTS:
        lanes = _rho_and_pi(_theta(lanes))
        lanes = _chi(lanes)
        lanes[0] ^= constant
    return _LANES.pack(*lanes)


def _theta(lanes: list[int]) -> list[int]:
    columns = [
        lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)
    ]
    mixed = [columns[x - 1] ^ _rotated(columns[(x + 1) % 5], 1) for x in range(5)]
    return [lane ^ mixed[position % 5] for position, lane in enumerate(lanes)]


def _rho_and_pi(lanes: list[int]) -> list[int]:
    moved = [0] * 25
    for source, (target, offset) in enumerate(_MOVES):
        moved[target] = _rotated(lanes[source], offset)
    return moved


def _chi(lanes: list[int]) -> list[int]:
    return [
        lanes[row + x] ^ (~lanes[row + (x + 1) % 5] & lanes[row + (x + 2) % 5])
        for row in range(0, 25, 5)
        for x in range(5)
    ]


def _rotated(lane: int, bits: int) -> int:
    return (lane << bits | lane >> (64 - bits)) & _MASK


def _moves() -> tuple[tuple[int, int], ...]:
    """Where pi puts each lane, by how many bits rho turns it (FIPS 202 sections 3.2.2, 3.2.3)."""
    offsets = {(0, 0): 0}
    x, y = 1, 0
    for step in range(24):
        offsets[x, y] = (step + 1) * (step + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    return tuple((y + 5 * ((2 * x + 3 * y) % 5), offsets[x, y]) for y in range(5) for x in range(5))


def _round_constants() -> tuple[int, ...]:
    """The constants of iota, from the shift register of FIPS 202 section 3.2.5."""
    register, constants = 1, []
    for _ in range(_ROUNDS):
        constant = 0
        for exponent in range(7):
            constant |= (register & 1) << (2**exponent - 1)
            register = register << 1 ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return tuple(constants)


_MOVES = _moves()
_ROUND_CONSTANTS = _round_constants()
