"""Who a Credit-Control-Request is about: its Subscription-Ids, by their type, and User-Name.

Clients are known to confuse IMSI and MSISDN: the type is always read, never guessed.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from wispgate.wire.diameter import commands
from wispgate.wire.diameter.avp import Avp

_E164: Final = 0
_IMSI: Final = 1
_SIP_URI: Final = 2
_NAI: Final = 3


class NamedIdentity(NamedTuple):
    """An identity in the words of the directory: kind "imsi", "msisdn" or "nai"."""

    kind: str
    value: str


def list_identities(subscriptions: Sequence[Avp], user_name: str) -> tuple[NamedIdentity, ...]:
    """All that a request names, read from its Subscription-Ids."""
    return order_identities([_read(avp) for avp in subscriptions], user_name)


def order_identities(
    subscriptions: Sequence[tuple[int, str]], user_name: str
) -> tuple[NamedIdentity, ...]:
    """Of types and data, the surest first: IMSI, User-Name, MSISDN, then addresses.

    Where an IMSI is named as such, nothing else counts: numbers move from card to card, and the
    one that a lost card had would be charged to whoever has it by now.
    """
    by_type: dict[int, str] = {}
    for kind, data in subscriptions:
        by_type.setdefault(kind, data)
    found = []
    imsi = without_filler(by_type.get(_IMSI, ""))
    if _is_digits(imsi):
        return (NamedIdentity("imsi", imsi),)
    if user_name:
        found += _from_name(user_name)
    msisdn = digits_of(by_type.get(_E164, ""))
    if msisdn:
        found.append(NamedIdentity("msisdn", msisdn))
    if _NAI in by_type:
        found += _from_name(by_type[_NAI])
    if _SIP_URI in by_type:
        found += _from_uri(by_type[_SIP_URI])
    # The database knows no NUL, so nobody has a name with one.
    return tuple(dict.fromkeys([name for name in found if "\0" not in name.value]))


def digits_of(text: str) -> str:
    """The digits of "+49 171…", "tel:+49171…" or "sip:+49171…@host;user=phone"; "" if none."""
    text = text.partition(":")[2] or text
    number = text.split("@")[0].split(";")[0].removeprefix("+").replace("-", "")
    return number if _is_digits(number) else ""


def without_filler(imsi: str) -> str:
    """Of an IMSI that was copied from TBCD with the filler of its last octet."""
    return imsi[:-1] if imsi[-1:] in ("f", "F") else imsi


def _read(avp: Avp) -> tuple[int, str]:
    """Type and data; both are there, since the grammar wants them."""
    kind, data = -1, b""
    for member in avp.members.avps:
        if member.vendor_id:
            continue
        if member.code == commands.AVP_SUBSCRIPTION_ID_TYPE:
            kind = int.from_bytes(member.data, "big")
        elif member.code == commands.AVP_SUBSCRIPTION_ID_DATA:
            data = member.data
    return kind, data.decode("utf-8", "replace")


def _from_name(name: str) -> list[NamedIdentity]:
    """User-Name or NAI: an IMSI, an IMSI with a realm (TS 23.003 section 19.3.2), or a name."""
    user = name.split("@", maxsplit=1)[0]
    if "@" in name and len(user) == 16 and user[0] in "06" and _is_digits(user):
        return [NamedIdentity("imsi", user[1:]), NamedIdentity("nai", name)]
    if _is_digits(user) and 6 <= len(user) <= 15:
        kinds = [NamedIdentity("imsi", user)]
        return [*kinds, NamedIdentity("nai", name)] if "@" in name else kinds
    return [NamedIdentity("nai", name)]


def _from_uri(uri: str) -> list[NamedIdentity]:
    """A number, an address, or the IMSI of a card without ISIM (TS 23.003 section 13.4B)."""
    number = digits_of(uri)
    address = NamedIdentity("nai", uri.partition(":")[2] or uri)
    if number and "@ims.mnc" in uri and f"+{number}" not in uri:
        return [NamedIdentity("imsi", number), address]
    return [NamedIdentity("msisdn", number), address] if number else [address]


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
