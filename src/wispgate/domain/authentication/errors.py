"""What can break while a card is authenticated or its keys are opened.

Conflict
└── SequenceExhausted       the card's counter is at its end; only a new card helps
InvalidValue
└── SealBroken              sealed bytes were altered, cut, or belong to something else
Unavailable
└── OpeningKeyMissing       sealed for a key that this process was not given
"""

from wispgate.kernel.errors import Conflict, InvalidValue, Unavailable


class SequenceExhausted(Conflict):
    """SEQ has reached its last value: a card never accepts a lower one (TS 33.102 C.2.3)."""

    code = "sequence_exhausted"


class SealBroken(InvalidValue):
    """The seal does not fit these bytes or what they are said to belong to."""

    code = "seal_broken"


class OpeningKeyMissing(Unavailable):
    """No private key with the id that the seal names; `facts["key_id"]` is its hexadecimal form."""

    code = "opening_key_missing"
