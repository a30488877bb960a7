"""The functions f1 to f5* that a card and its home network share (TS 33.102 section 6.3).

`Milenage` and `Tuak` fulfil the protocol; vectors, resynchronisation and the simulated card use
it. SQN and AK are integers of 48 bits and AMF of 16, because they are added bit by bit; all that
is sent or used as a key is octets.
"""

from typing import NamedTuple, Protocol

from wispgate.kernel.errors import InvalidValue

RAND_OCTETS = 16


class Response(NamedTuple):
    """f2 to f5 of one RAND: what a card answers and derives."""

    res: bytes
    ck: bytes
    ik: bytes
    ak: int

    def __repr__(self) -> str:
        return "Response(…)"


class Challenge(NamedTuple):
    """f1 to f5 of one RAND, SQN and AMF: what a vector is made of."""

    mac: bytes
    res: bytes
    ck: bytes
    ik: bytes
    ak: int

    def __repr__(self) -> str:
        return "Challenge(…)"


class AuthenticationAlgorithm(Protocol):
    """One card's secret functions; an instance holds the key schedule of one K."""

    def challenge(self, rand: bytes, sqn: int, amf: int) -> Challenge:
        """f1 to f5 in one pass: the home network's side."""
        ...

    def respond(self, rand: bytes) -> Response:
        """f2 to f5, before SQN is known: the card's side."""
        ...

    def f1(self, rand: bytes, sqn: int, amf: int) -> bytes:
        """MAC-A, the network's proof towards the card."""
        ...

    def f1_star(self, rand: bytes, sqn: int, amf: int) -> bytes:
        """MAC-S, the card's proof when it asks for resynchronisation."""
        ...

    def f5_star(self, rand: bytes) -> int:
        """AK*, which conceals the card's SQN when it asks for resynchronisation."""
        ...


def require_octets(what: str, octets: bytes, *lengths: int) -> None:
    """Raises InvalidValue unless `octets` has one of `lengths`; never shows them: keys pass."""
    if len(octets) not in lengths:
        allowed = " or ".join(map(str, lengths))
        raise InvalidValue(f"{what} has {allowed} octets, not {len(octets)}")
