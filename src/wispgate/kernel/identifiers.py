"""IMSI, MSISDN, ICCID, IMEI and EID as values that are valid once they exist.

Rules and vectors: TS 23.003, ITU-T E.118 and E.164, SGP.22 annex. Callers hold the value; the
text form is `str(value)`. `mask` is what logs and restricted roles see.
"""

from dataclasses import dataclass

from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.plmn import Plmn, mnc_length

_TBCD_DIGITS = "0123456789*#abc"
_TBCD_TO_NIBBLE = str.maketrans("*#abc", "abcde")
_NIBBLE_TO_TBCD = str.maketrans("abcde", "*#abc")


def luhn_check_digit(digits: str) -> str:
    """The digit that makes `digits` plus itself pass the Luhn test (ISO/IEC 7812-1)."""
    _require_digits("what a Luhn digit completes", digits)
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def has_valid_luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of those before it."""
    return len(digits) > 1 and _is_digits(digits) and luhn_check_digit(digits[:-1]) == digits[-1]


def encode_tbcd(digits: str) -> bytes:
    """Telephony BCD: nibbles swapped, filled with F; * # a b c too (TS 29.002 section 17.7.8)."""
    if any(digit not in _TBCD_DIGITS for digit in digits):
        raise InvalidValue(f"a TBCD string has digits, *, #, a, b and c only: {digits!r}")
    nibbles = digits.translate(_TBCD_TO_NIBBLE)
    padded = nibbles + "f" if len(nibbles) % 2 else nibbles
    return bytes.fromhex("".join(padded[i + 1] + padded[i] for i in range(0, len(padded), 2)))


def decode_tbcd(octets: bytes) -> str:
    """Digits of a telephony BCD string; the filler F may stand only at the end."""
    nibbles = "".join(f"{octet & 0xF:x}{octet >> 4:x}" for octet in octets).removesuffix("f")
    if "f" in nibbles:
        raise InvalidValue(f"not a TBCD string, it is filled before its end: {octets.hex()}")
    return nibbles.translate(_NIBBLE_TO_TBCD)


@dataclass(frozen=True, slots=True, order=True)
class Imsi:
    """International Mobile Subscriber Identity, TS 23.003 section 2.2: 6 to 15 digits."""

    digits: str

    def __post_init__(self) -> None:
        if not (_is_digits(self.digits) and 6 <= len(self.digits) <= 15):
            raise InvalidValue(f"not an IMSI (6 to 15 digits): {self.digits!r}", field="imsi")

    def plmn(self) -> Plmn:
        """The home network by the E.212 table; a core's own PLMN list rules over it."""
        mcc, rest = self.digits[:3], self.digits[3:]
        return Plmn(mcc, rest[: mnc_length(mcc, rest)])

    def belongs_to(self, plmn: Plmn) -> bool:
        return self.digits.startswith(plmn.mcc + plmn.mnc)

    def encode_ef(self) -> bytes:
        """EF_IMSI of TS 31.102 section 4.2.2, nine octets: length, parity, swapped digits."""
        parity = "9" if len(self.digits) % 2 else "1"
        body = encode_tbcd(parity + self.digits)
        return (bytes([len(body)]) + body).ljust(9, b"\xff")

    def __str__(self) -> str:
        return self.digits

    def mask(self) -> str:
        return self.digits[:5] + "…" + self.digits[-2:]


@dataclass(frozen=True, slots=True, order=True)
class Msisdn:
    """A subscriber number in E.164 form: up to 15 digits, no plus sign."""

    digits: str

    def __post_init__(self) -> None:
        if not (_is_digits(self.digits) and 3 <= len(self.digits) <= 15):
            raise InvalidValue(f"not an MSISDN (3 to 15 digits): {self.digits!r}", field="msisdn")

    @classmethod
    def parse(cls, text: str) -> "Msisdn":
        """From what people write: "+1 555 010-0001", "0015550100001" is not guessed at."""
        cleaned = text.strip()
        for mark in " -().":
            cleaned = cleaned.replace(mark, "")
        return cls(cleaned.removeprefix("+"))

    def encode(self) -> bytes:
        """TBCD without a nature-of-address octet, as AVP 701 carries it (TS 29.272 7.3.49)."""
        return encode_tbcd(self.digits)

    def __str__(self) -> str:
        return self.digits

    def mask(self) -> str:
        return self.digits[:3] + "…" + self.digits[-2:]


@dataclass(frozen=True, slots=True, order=True)
class Iccid:
    """Card number of ITU-T E.118: 18 to 20 digits that begin with 89.

    Cards exist with and without the check digit, so a wrong one is a warning, not an error.
    """

    digits: str

    def __post_init__(self) -> None:
        if not (_is_digits(self.digits) and 18 <= len(self.digits) <= 20):
            raise InvalidValue(f"not an ICCID (18 to 20 digits): {self.digits!r}", field="iccid")
        if not self.digits.startswith("89"):
            raise InvalidValue(f"an ICCID begins with 89: {self.digits!r}", field="iccid")

    @classmethod
    def parse(cls, text: str) -> "Iccid":
        """From a vendor's file: blanks and a trailing filler F are dropped."""
        return cls(text.strip().replace(" ", "").upper().removesuffix("F"))

    def has_valid_check_digit(self) -> bool:
        return has_valid_luhn(self.digits)

    def encode_ef(self) -> bytes:
        """EF_ICCID of TS 102 221 section 13.2: ten octets, nibbles swapped, filled with F."""
        return encode_tbcd(self.digits).ljust(10, b"\xff")

    def __str__(self) -> str:
        return self.digits


@dataclass(frozen=True, slots=True, order=True)
class Imei:
    """Equipment identity (TS 23.003 section 6.2). Two are the same device by TAC and serial."""

    tac: str
    serial: str
    software_version: str = ""

    def __post_init__(self) -> None:
        if not (
            _is_digits(self.tac + self.serial) and len(self.tac) == 8 and len(self.serial) == 6
        ):
            raise InvalidValue(f"not an IMEI: {self.tac!r} {self.serial!r}", field="imei")
        if self.software_version and not (
            _is_digits(self.software_version) and len(self.software_version) == 2
        ):
            raise InvalidValue(f"not an IMEI software version: {self.software_version!r}")

    @classmethod
    def parse(cls, text: str) -> "Imei":
        """From 14 digits, 15 (IMEI, check digit unread: networks send 0) or 16 (IMEISV)."""
        digits = text.strip().replace("-", "").replace(" ", "")
        if not (_is_digits(digits) and len(digits) in (14, 15, 16)):
            raise InvalidValue(f"not an IMEI (14 to 16 digits): {text!r}", field="imei")
        version = digits[14:] if len(digits) == 16 else ""
        return cls(digits[:8], digits[8:14], version)

    @property
    def check_digit(self) -> str:
        return luhn_check_digit(self.tac + self.serial)

    def is_same_device(self, other: "Imei") -> bool:
        return (self.tac, self.serial) == (other.tac, other.serial)

    def __str__(self) -> str:
        return self.tac + self.serial + (self.software_version or self.check_digit)


@dataclass(frozen=True, slots=True, order=True)
class Eid:
    """eUICC identifier: 32 digits, the number is 1 modulo 97 (SGP.29, ISO 7064 MOD 97-10)."""

    digits: str

    def __post_init__(self) -> None:
        if not (_is_digits(self.digits) and len(self.digits) == 32):
            raise InvalidValue(f"not an EID (32 digits): {self.digits!r}", field="eid")
        if int(self.digits) % 97 != 1:
            raise InvalidValue(f"the EID's check digits are wrong: {self.digits}", field="eid")

    def __str__(self) -> str:
        return self.digits


def eid_check_digits(base: str) -> str:
    """The two digits that complete the 30 digits of `base` to an EID."""
    _require_digits("the base of an EID", base)
    return f"{98 - int(base + '00') % 97:02d}"


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _require_digits(what: str, text: str) -> None:
    if not _is_digits(text):
        raise InvalidValue(f"{what} has digits only: {text!r}")
