"""The columns of a card file, and what vendors call them."""

from collections.abc import Mapping
from types import MappingProxyType

REQUIRED = ("iccid", "imsi", "ki")
SECRETS = frozenset({"ki", "opc", "op", "pin1", "puk1", "pin2", "puk2", "adm1"})
# What all cards of a batch may have in common, said once beside the file.
PROFILE = ("algorithm", "amf", "op", "res_octets", "iterations")
CODES = ("pin1", "puk1", "pin2", "puk2", "adm1")

# Compared without regard to case and to anything but letters and digits: "PIN_ADM" is "pinadm".
# An encrypted key (eKi) is no alias of ki: it needs the vendor's transport key first.
_ALIASES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "iccid": ("iccid", "icc", "serial", "sernb", "simserial", "simserialnumber", "cardnumber"),
        "imsi": ("imsi", "imsi1"),
        "ki": ("ki", "k", "kivalue", "authkey", "authenticationkey"),
        "opc": ("opc", "topc"),
        "op": ("op", "top"),
        "algorithm": ("algorithm", "algo", "alg", "authalgorithm"),
        "amf": ("amf",),
        "res_octets": ("resoctets", "reslength", "reslen"),
        "iterations": ("iterations", "keccakiterations", "tuakiterations"),
        "pin1": ("pin1", "pin", "chv1"),
        "puk1": ("puk1", "puk", "unblockchv1"),
        "pin2": ("pin2", "chv2"),
        "puk2": ("puk2", "unblockchv2"),
        "adm1": ("adm1", "adm", "pinadm", "pinadm1", "admin", "admin1", "admkey"),
        "form": ("form", "formfactor", "simform"),
        "eid": ("eid", "euiccid"),
    }
)
_BY_ALIAS = {alias: column for column, aliases in _ALIASES.items() for alias in aliases}


def column_of(heading: str) -> str:
    """Our name for a heading, "" for one that we do not use."""
    key = "".join(letter for letter in heading.lower() if letter.isalnum())
    return _BY_ALIAS.get(key, "")
