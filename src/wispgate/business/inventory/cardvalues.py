"""One row of a card file into a card, or the rules that it breaks."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from wispgate.business.inventory.cardcolumns import CODES, PROFILE
from wispgate.domain.authentication.keys import DEFAULT_AMF, AlgorithmName, KeyMaterial
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.identifiers import Eid, Iccid, Imsi

_HEX = re.compile(r"[0-9A-Fa-f]*")
_CODE_RULES = {
    "pin1": (re.compile(r"[0-9]{4,8}"), "a PIN has 4 to 8 digits"),
    "puk1": (re.compile(r"[0-9]{8}"), "a PUK has 8 digits"),
    "pin2": (re.compile(r"[0-9]{4,8}"), "a PIN has 4 to 8 digits"),
    "puk2": (re.compile(r"[0-9]{8}"), "a PUK has 8 digits"),
    "adm1": (re.compile(r"[0-9]{8}|[0-9A-Fa-f]{16}"), "an ADM has 8 digits or 16 hex digits"),
}
_TUAK_DEFAULTS = (8, 1)
_FORMS = ("physical", "esim")


@dataclass(frozen=True, slots=True)
class Card:
    """A card as its vendor describes it. The secrets stand in clear and show themselves nowhere."""

    iccid: str
    imsi: str
    form: str
    eid: str
    has_check_digit_warning: bool
    keys: KeyMaterial = field(repr=False)
    codes: Mapping[str, str] = field(repr=False)

    def encoded_codes(self) -> bytes:
        """PIN, PUK and ADM as one JSON text, empty for none; this is what gets sealed."""
        return json.dumps(dict(self.codes), sort_keys=True).encode() if self.codes else b""

    def fingerprint(self) -> bytes:
        """Equal for equal rows. It stands on 128 secret bits: nobody gets back from it to them."""
        facts = f"{self.iccid} {self.imsi} {self.form} {self.eid}".encode()
        parts = (b"wispgate card", facts, self.keys.encode(), self.encoded_codes())
        digest = hashlib.sha256()
        for part in parts:
            digest.update(len(part).to_bytes(4, "big") + part)
        return digest.digest()


def read_card(cells: Mapping[str, str]) -> tuple[Card | None, list[InvalidValue]]:
    """The card, or every rule that the row breaks; each names its column in `field`."""
    row = _Row(cells, [])
    iccid, imsi, eid = row.iccid(), row.imsi(), row.eid()
    form, codes, keys = row.form(), row.codes(), row.keys()
    if row.errors or iccid is None or imsi is None or keys is None:
        return None, row.errors
    is_odd = not iccid.has_valid_check_digit()
    return Card(str(iccid), str(imsi), form, eid, is_odd, keys, codes), []


def read_profile(given: Mapping[str, str]) -> Mapping[str, str]:
    """What the cards of a batch have in common. Raises InvalidValue, naming the value in `field`."""
    cells = {name: value.strip() for name, value in given.items() if value.strip()}
    unknown = sorted(cells.keys() - set(PROFILE))
    if unknown:
        raise InvalidValue(f"a batch has in common {', '.join(PROFILE)}", field=unknown[0])
    row = _Row(cells, [])
    row.profile()
    if row.errors:
        raise row.errors[0]
    return cells


@dataclass(frozen=True, slots=True)
class _Row:
    """The cells of a row by our column names; what is wrong with them is collected."""

    cells: Mapping[str, str] = field(repr=False)
    errors: list[InvalidValue]

    def iccid(self) -> Iccid | None:
        try:
            return Iccid.parse(self.cells["iccid"])
        except InvalidValue:
            self._refuse("iccid", "an ICCID has 18 to 20 digits and begins with 89")
            return None

    def imsi(self) -> Imsi | None:
        try:
            return Imsi(self.cells["imsi"])
        except InvalidValue:
            self._refuse("imsi", "an IMSI has 6 to 15 digits")
            return None

    def eid(self) -> str:
        given = self.cells.get("eid", "")
        try:
            return str(Eid(given)) if given else ""
        except InvalidValue:
            self._refuse("eid", "an EID has 32 digits, the last two of them check digits")
        return ""

    def form(self) -> str:
        given = self.cells.get("form", "").lower() or ("esim" if self.cells.get("eid") else "")
        if given and given not in _FORMS:
            self._refuse("form", f"a card is one of {', '.join(_FORMS)}")
        return given or "physical"

    def codes(self) -> dict[str, str]:
        found = {name: self.cells[name] for name in CODES if self.cells.get(name)}
        for name, value in found.items():
            pattern, rule = _CODE_RULES[name]
            if not pattern.fullmatch(value):
                self._refuse(name, rule)
        return found

    def keys(self) -> KeyMaterial | None:
        """K with OPc, or with OP from which OPc follows. Refused columns are named, not shown."""
        algorithm, amf, tuak = self._algorithm(), self._amf(), self._tuak()
        octets = (16,) if algorithm is AlgorithmName.MILENAGE else (16, 32)
        k = self._octets("ki", *octets)
        is_op = bool(self.cells.get("op")) and not self.cells.get("opc")
        operator_key = self._octets("op" if is_op else "opc", octets[-1])
        if k is None or operator_key is None or algorithm is None or amf is None or tuak is None:
            return None
        if algorithm is AlgorithmName.MILENAGE and tuak != _TUAK_DEFAULTS:
            self._refuse("algorithm", "MILENAGE has RES of 8 octets and no iterations")
            return None
        res_octets, iterations = tuak
        if is_op:
            return KeyMaterial.from_operator_secret(
                algorithm, k, operator_key, amf=amf, res_octets=res_octets, iterations=iterations
            )
        return KeyMaterial(algorithm, k, operator_key, amf, res_octets, iterations)

    def profile(self) -> None:
        """Only what cards of a batch have in common; the operator's key has the length it needs."""
        algorithm, _, _ = self._algorithm(), self._amf(), self._tuak()
        if self.cells.get("op"):
            self._octets("op", 16 if algorithm is AlgorithmName.MILENAGE else 32)

    def _algorithm(self) -> AlgorithmName | None:
        given = self.cells.get("algorithm", "").lower() or AlgorithmName.MILENAGE
        if given in list(AlgorithmName):
            return AlgorithmName(given)
        self._refuse("algorithm", f"there are {' and '.join(AlgorithmName)}")
        return None

    def _amf(self) -> int | None:
        given = self.cells.get("amf", "")
        if not given:
            return DEFAULT_AMF
        if len(given) == 4 and _HEX.fullmatch(given):
            return int(given, 16)
        self._refuse("amf", "an AMF has four hex digits")
        return None

    def _tuak(self) -> tuple[int, int] | None:
        """Octets of RES, and how often Keccak runs: an operator's choice with TUAK."""
        given = self.cells.get("res_octets", "") or "8"
        if given not in ("4", "8", "16"):
            self._refuse("res_octets", "RES has 4, 8 or 16 octets")
            return None
        often = self.cells.get("iterations", "") or "1"
        if not (often.isascii() and often.isdigit() and 1 <= int(often[:4]) <= 255):
            self._refuse("iterations", "Keccak runs 1 to 255 times")
            return None
        return int(given), int(often)

    def _octets(self, column: str, *lengths: int) -> bytes | None:
        given = self.cells.get(column, "")
        if _HEX.fullmatch(given) and len(given) in [2 * length for length in lengths]:
            return bytes.fromhex(given)
        digits = " or ".join(str(2 * length) for length in lengths)
        self._refuse(column, f"{column} has {digits} hex digits")
        return None

    def _refuse(self, column: str, rule: str) -> None:
        self.errors.append(InvalidValue(rule, field=column))
