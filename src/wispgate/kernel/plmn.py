"""PLMN identities and how many digits a network code has (TS 23.003 section 2.2, ITU-T E.212)."""

from dataclasses import dataclass

from wispgate.kernel.errors import InvalidValue

# Countries whose network codes have three digits throughout (ITU-T E.212, annex to OB 1162).
# 310 to 316 are the North American plan; elsewhere in the list single countries chose three.
_THREE_DIGIT_MCCS = frozenset(
    {"302", "310", "311", "312", "313", "314", "315", "316", "334", "338", "342", "344", "346"}
    | {"348", "350", "352", "354", "356", "358", "360", "362", "364", "365", "366", "370", "372"}
    | {"374", "376", "708", "712", "714", "722", "732", "750"}
)
# In these plans codes of both lengths are in use: (MCC, first two MNC digits) with two digits.
_TWO_DIGIT_EXCEPTIONS = frozenset(
    {("362", n) for n in ("51", "59", "60", "69", "76", "78", "91", "94", "95")}
    | {("338", n) for n in ("05", "50", "70", "75")}
    | {("366", n) for n in ("02",)}
    | {("370", n) for n in ("01", "02", "03", "04")}
    | {("372", n) for n in ("01", "02", "03")}
    | {("374", n) for n in ("12", "13")}
    | {("712", n) for n in ("01", "02", "03", "04", "20")}
    | {("714", n) for n in ("01", "02", "03", "04", "05")}
    | {("732", n) for n in ("01", "02")}
)
# India: among codes of two digits, these beginnings are of three (Jio, Idea and others).
_THREE_DIGIT_STARTS = frozenset(("405", str(n)) for n in (75, 79, *range(80, 94)))


def mnc_length(mcc: str, mnc_start: str) -> int:
    """Digits of the network code that begins with `mnc_start` (at least two digits) in `mcc`.

    A table can only give the rule of the country; a core's own PLMN list rules over it.
    """
    start = mcc, mnc_start[:2]
    if start in _THREE_DIGIT_STARTS:
        return 3
    return 3 if mcc in _THREE_DIGIT_MCCS and start not in _TWO_DIGIT_EXCEPTIONS else 2


@dataclass(frozen=True, slots=True, order=True)
class Plmn:
    """A public land mobile network: `mcc` three digits, `mnc` two or three."""

    mcc: str
    mnc: str

    def __post_init__(self) -> None:
        if not (_is_digits(self.mcc) and len(self.mcc) == 3):
            raise InvalidValue(f"a mobile country code has three digits, not {self.mcc!r}")
        if not (_is_digits(self.mnc) and len(self.mnc) in (2, 3)):
            raise InvalidValue(f"a mobile network code has two or three digits, not {self.mnc!r}")

    @classmethod
    def parse(cls, text: str) -> "Plmn":
        """From "00101", "001-01" or "001/01"; five digits mean a two-digit network code."""
        digits = text.strip().replace("-", "").replace("/", "")
        if len(digits) not in (5, 6):
            raise InvalidValue(f"not a PLMN: {text!r}; write MCC and MNC, such as 001-01")
        return cls(digits[:3], digits[3:])

    @classmethod
    def decode(cls, octets: bytes) -> "Plmn":
        """From the three octets MCC2 MCC1 | MNC3 MCC3 | MNC2 MNC1 (TS 24.008 section 10.5.1.3)."""
        if len(octets) != 3:
            raise InvalidValue(f"a PLMN is three octets, not {len(octets)}")
        nibbles = [n for octet in octets for n in (octet & 0x0F, octet >> 4)]
        mcc, mnc3, mnc = nibbles[0:3], nibbles[3], nibbles[4:6]
        if mnc3 != 0xF:
            mnc = [*mnc, mnc3]
        if any(n > 9 for n in (*mcc, *mnc)):
            raise InvalidValue(f"not a PLMN: {octets.hex()}")
        return cls("".join(map(str, mcc)), "".join(map(str, mnc)))

    def encode(self) -> bytes:
        """The three octets of Visited-PLMN-Id, TAI and ECGI."""
        m, n = self.mcc, self.mnc
        third = n[2] if len(n) == 3 else "f"
        return bytes.fromhex(m[1] + m[0] + third + m[2] + n[1] + n[0])

    @property
    def realm(self) -> str:
        """The home network realm of TS 23.003 section 19.2."""
        return f"epc.mnc{self.mnc:0>3}.mcc{self.mcc}.3gppnetwork.org"

    def __str__(self) -> str:
        return f"{self.mcc}-{self.mnc}"


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
