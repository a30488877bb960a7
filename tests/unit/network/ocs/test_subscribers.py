"""Names of subscribers in credit-control requests."""

import pytest

from tests.harness.charging import subscription
from wispgate.network.ocs.subscribers import NamedIdentity, digits_of, list_identities
from wispgate.wire.diameter.avp import split_avps
from wispgate.wire.diameter.message import encode_avps

IMSI = "001010000000001"
IMS = "ims.mnc001.mcc001.3gppnetwork.org"


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("+15550100001", "15550100001"),
        ("tel:+1-555-0100001", "15550100001"),
        ("sip:+15550100001@ims.test;user=phone", "15550100001"),
        ("sip:alice@ims.test", ""),
        ("", ""),
    ],
)
def test_digits_are_found_in_every_form_of_number(text: str, digits: str) -> None:
    assert digits_of(text) == digits


@pytest.mark.parametrize(
    ("named", "user_name", "found"),
    [
        ([(1, IMSI), (0, "15550100001")], "", [("imsi", IMSI)]),
        ([(0, "15550100001"), (1, IMSI)], "", [("imsi", IMSI)]),
        ([(1, f"{IMSI}f")], IMSI[:-1], [("imsi", IMSI)]),
        ([(0, "15550100001")], "alice", [("nai", "alice"), ("msisdn", "15550100001")]),
        ([(1, "15550100001")], "", [("imsi", "15550100001")]),
        ([], IMSI, [("imsi", IMSI)]),
        ([], "alice@isp.test", [("nai", "alice@isp.test")]),
        ([(3, f"0{IMSI}@nai.epc.test")], "", [("imsi", IMSI), ("nai", f"0{IMSI}@nai.epc.test")]),
        ([(3, f"{IMSI}@epc.test")], "", [("imsi", IMSI), ("nai", f"{IMSI}@epc.test")]),
        ([(2, "sip:alice@ims.test")], "", [("nai", "alice@ims.test")]),
        ([(2, f"sip:{IMSI}@{IMS}")], "", [("imsi", IMSI), ("nai", f"{IMSI}@{IMS}")]),
        (
            [(2, f"sip:+{IMSI}@{IMS}")],
            "",
            [("msisdn", IMSI), ("nai", f"+{IMSI}@{IMS}")],
        ),
        ([(3, "ali\0ce"), (2, "sip:ali\0ce@ims.test")], "ali\0ce@isp.test", []),
        ([(1, "no digits"), (4, "private")], "", []),
    ],
)
def test_the_surest_name_comes_first(
    named: list[tuple[int, str]], user_name: str, found: list[tuple[str, str]]
) -> None:
    avps = split_avps(encode_avps([subscription(kind, value) for kind, value in named]))

    identities = list_identities(avps, user_name)

    assert identities == tuple(NamedIdentity(*name) for name in found)
