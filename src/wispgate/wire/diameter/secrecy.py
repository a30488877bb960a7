"""Which AVPs carry secrets, and how a message is shown or kept without them.

Authentication vectors and what they are made of, session keys, passwords and proofs of passwords.
Masking overwrites the data of such AVPs with zeros: every length stays, so that what decodes the
message still does.
"""

from collections.abc import Set as AbstractSet
from functools import cache
from struct import Struct
from typing import Final

from wispgate.wire.diameter import dictionary
from wispgate.wire.diameter.header import HEADER_LENGTH
from wispgate.wire.diameter.types import AvpType

# TS 29.272 section 7.3.18 ff. (vectors), TS 29.229 (Cx), TS 29.109 (GBA), RFC 7155, RFC 4072,
# RFC 4740, RFC 4004, RFC 6734.
_NAMES: Final = (
    "RAND", "XRES", "AUTN", "KASME", "Confidentiality-Key", "Integrity-Key", "Kc", "SRES",
    "Re-Synchronization-Info", "WLCP-Key",
    "SIP-Authenticate", "SIP-Authorization", "SIP-Authentication-Context", "Authorization-Token",
    "Alternate-Digest-HA1", "ME-Key-Material", "UICC-Key-Material", "GBA-Push-Info",
    "User-Password", "CHAP-Password", "CHAP-Challenge", "CHAP-Response", "Tunnel-Password",
    "ARAP-Password", "ARAP-Security-Data", "ARAP-Challenge-Response", "Configuration-Token",
    "EAP-Message", "EAP-Payload", "EAP-Reissued-Payload", "EAP-Master-Session-Key",
    "Digest-Response", "Digest-Response-Auth", "Digest-Nonce", "Digest-CNonce", "Digest-HA1",
    "Digest-AKA-Auts", "PKM-Auth-Key", "MIP-Session-Key", "Keying-Material",
    "ETSI-Digest-HA1", "ETSI-Digest-Response", "ETSI-Digest-Response-Auth", "ETSI-Digest-Nonce",
)  # fmt: skip
# Of other vendors, whose AVPs have no name here that one could ask for: Ericsson, Microsoft,
# Huawei, CableLabs, Starent.
_KEYS: Final = (
    (193, 1192),
    *((311, code) for code in (1, 6, 11, 12, 16, 17, 25, 26, 27)),
    (2011, 20362), (4491, 207),
    *((8164, code) for code in (15, 26, 39)),
)  # fmt: skip
# Groups of 3GPP are five deep at most; what claims more is not looked into but hidden.
DEEPEST: Final = 12

_HEADER = Struct(">III")


@cache
def secret_keys() -> frozenset[int]:
    """The keys of all AVPs whose data is hidden."""
    named = {dictionary.key_of(name) for name in _NAMES}
    return frozenset(named | {dictionary.avp_key(vendor, code) for vendor, code in _KEYS})


def mask_secrets(raw: bytes, *, also: AbstractSet[int] = frozenset()) -> bytes:
    """A whole message with zeros for the data of secret AVPs, and of those with the keys `also`.

    What cannot be read as AVPs could be anything, and is overwritten too.
    """
    octets = bytearray(raw)
    _mask(octets, HEADER_LENGTH, len(octets), secret_keys() | also, 0)
    return bytes(octets)


def _mask(octets: bytearray, position: int, end: int, hidden: AbstractSet[int], depth: int) -> None:
    while position < end:
        found = _data_at(octets, position, end)
        if found is None or depth > DEEPEST:
            octets[position:end] = bytes(end - position)
            return
        key, first, after = found
        if key in hidden:
            octets[first:after] = bytes(after - first)
        elif _is_group(key):
            _mask(octets, first, after, hidden, depth + 1)
        position = after + (-after & 3)


def _data_at(octets: bytearray, position: int, end: int) -> tuple[int, int, int] | None:
    """Key, beginning and end of the data of the AVP that stands there; None for what is none."""
    if end - position < 8:
        return None
    code, word, vendor_id = _HEADER.unpack(bytes(octets[position : position + 12]).ljust(12, b"\0"))
    has_vendor = word & 0x80000000
    length, header = word & 0xFFFFFF, 12 if has_vendor else 8
    if length < header or position + length > end:
        return None
    key = dictionary.avp_key(vendor_id if has_vendor else 0, code)
    return key, position + header, position + length


def _is_group(key: int) -> bool:
    definition = dictionary.find_definition(key)
    return definition is not None and definition.type is AvpType.GROUPED
