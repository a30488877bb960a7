"""Recovery codes: ten for the drawer, each good once, when phone and key are lost.

Sixty random bits each, so a fast hash keeps them: nobody tries them all.
"""

from hashlib import sha256

COUNT = 10
# Crockford's base 32: nothing in it is taken for something else when it is read from paper.
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 12
_GROUP = 4
_READ_AS = str.maketrans({"o": "0", "i": "1", "l": "1"})
OCTETS = _LENGTH  # one random octet for each letter


def code_from(random: bytes) -> str:
    """`7k2m-9xq4-pd3w`, from 12 random octets."""
    if len(random) != OCTETS:
        raise ValueError(f"a recovery code is made of {OCTETS} random octets, not {len(random)}")
    text = "".join(_LETTERS[octet % len(_LETTERS)] for octet in random)
    return "-".join(text[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))


def digest_of(code: str) -> str:
    """What is kept of a code, however it was typed."""
    plain = "".join(letter for letter in code.lower() if letter.isalnum()).translate(_READ_AS)
    return sha256(plain.encode()).hexdigest()


def is_like_one(text: str) -> bool:
    """Whether it was meant as a recovery code rather than as an app's six digits."""
    return sum(letter.isalnum() for letter in text) == _LENGTH
