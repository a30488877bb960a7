"""Subscription-Data as a serving node reads it."""

from typing import Any

import pytest

from tests.unit.network.requests import HEADER
from wispgate.domain.plan.compiled import PdnType
from wispgate.domain.plan.speed import Arp, Speed
from wispgate.domain.policy.access import OUR_FEATURES, OperatorBar
from wispgate.domain.policy.profile import ApnProfile, Barring, NetworkProfile
from wispgate.network.hss.subscription_data import ambr, subscription_data
from wispgate.wire.diameter.avp import AvpSequence
from wispgate.wire.diameter.message import decode_message, encode_message

MBIT = 1_000_000
GBIT = 1_000 * MBIT


def a_profile(*apns: ApnProfile, **facts: object) -> NetworkProfile:
    given = {"speed": Speed(up_bps=10 * MBIT, down_bps=50 * MBIT)} | facts
    return NetworkProfile(
        version=1,
        apns=apns or (ApnProfile(1, "internet", Speed(up_bps=10 * MBIT, down_bps=50 * MBIT)),),
        **given,  # type: ignore[arg-type]  # as the test says
    )


def read(profile: NetworkProfile, msisdn: str | None = None, **more: Any) -> AvpSequence:
    item = subscription_data(profile, msisdn=msisdn, **more)
    return decode_message(encode_message(HEADER, [item])).get_avp("Subscription-Data").members


def apns_of(data: AvpSequence) -> list[AvpSequence]:
    configuration = data.get_avp("APN-Configuration-Profile").members
    return [avp.members for avp in configuration.list_avps("APN-Configuration")]


@pytest.mark.parametrize(
    ("bps", "in_bps", "in_kbps"),
    [
        (1, 1, None),
        (4_294_967_295, 4_294_967_295, None),
        (4_294_967_296, 4_294_967_295, 4_294_967),
        (10 * GBIT, 4_294_967_295, 10_000_000),
    ],
)
@pytest.mark.parametrize("way", ["UL", "DL"])
def test_speed_beyond_32_bits_goes_into_the_extended_avp(
    way: str, bps: int, in_bps: int, in_kbps: int | None
) -> None:
    speed = Speed(up_bps=bps if way == "UL" else MBIT, down_bps=bps if way == "DL" else MBIT)

    item = ambr(speed, is_extended=True)
    avp = decode_message(encode_message(HEADER, [item])).get_avp("AMBR").members

    assert avp.get_int(f"Max-Requested-Bandwidth-{way}") == in_bps
    assert avp.find_int(f"Extended-Max-Requested-BW-{way}") == in_kbps
    other = "UL" if way == "DL" else "DL"
    assert avp.get_int(f"Max-Requested-Bandwidth-{other}") == MBIT
    assert avp.find_int(f"Extended-Max-Requested-BW-{other}") is None


def test_a_node_without_the_feature_gets_the_greatest_speed_of_32_bits() -> None:
    data = read(a_profile(ApnProfile(1, "a", Speed(8 * GBIT, 8 * GBIT)), speed=None))

    (apn,) = apns_of(data)
    limits = apn.get_avp("AMBR").members
    assert limits.get_int("Max-Requested-Bandwidth-DL") == 4_294_967_295
    assert limits.find_int("Extended-Max-Requested-BW-DL") is None


@pytest.mark.parametrize(
    ("facts", "status", "bits"),
    [
        ({}, 0, None),
        ({"barring": Barring.NO_SESSION}, 1, 1),
        ({"operator_bars": (OperatorBar.ROAMER_ACCESS_HPLMN_AP,)}, 1, 2),
        ({"operator_bars": (OperatorBar.ROAMER_ACCESS_VPLMN_AP,)}, 1, 4),
        (
            {
                "operator_bars": (OperatorBar.ROAMER_ACCESS_VPLMN_AP,),
                "barring": Barring.NO_SESSION,
            },
            1,
            5,
        ),
        ({"operator_bars": (OperatorBar.ROAMING_OUTSIDE_HPLMN,)}, 0, None),
    ],
)
def test_subscriber_status_says_whether_anything_is_barred(
    facts: dict[str, Any], status: int, bits: int | None
) -> None:
    data = read(a_profile(**facts))

    assert data.get_int("Subscriber-Status") == status
    assert data.find_int("Operator-Determined-Barring") == bits


def test_an_sgsn_gets_the_same_networks_as_contexts_of_its_own() -> None:
    static = ApnProfile(
        2, "m2m", Speed(1, 1), static_address="192.0.2.7", charging_characteristics="0400",
        pdn_type=PdnType.IPV6,
    )  # fmt: skip
    apns = (ApnProfile(1, "internet", Speed(1, 1)), static, ApnProfile(3, "*", Speed(1, 1)))

    data = read(a_profile(*apns), has_gprs_data=True)

    gprs = data.get_avp("GPRS-Subscription-Data").members
    assert gprs.get_int("Complete-Data-List-Included-Indicator") == 0
    first, second = [avp.members for avp in gprs.list_avps("PDP-Context")]
    assert (first.get_int("Context-Identifier"), first.get_text("Service-Selection")) == (
        1,
        "internet",
    )
    assert first.get_octets("PDP-Type") == b"\xf1\x21"
    assert len(first.get_octets("QoS-Subscribed")) == 3
    assert second.get_octets("PDP-Type") == b"\xf1\x57"
    assert second.get_octets("PDP-Address").hex() == "0001c0000207"
    assert second.get_text("3GPP-Charging-Characteristics") == "0400"
    assert read(a_profile()).find_avp("GPRS-Subscription-Data") is None


def test_an_ordinary_line_gets_its_service() -> None:
    data = read(a_profile(charging_characteristics="0800"), "15550100001")

    assert data.get_octets("MSISDN").hex() == "5155100000f1"
    assert data.get_int("Subscriber-Status") == 0
    assert data.get_int("Network-Access-Mode") == 2
    assert data.get_text("3GPP-Charging-Characteristics") == "0800"
    assert data.find_avp("Access-Restriction-Data") is None
    assert data.get_avp("AMBR").members.get_int("Max-Requested-Bandwidth-UL") == 10 * MBIT


def test_a_line_without_number_has_no_msisdn() -> None:
    assert read(a_profile()).find_avp("MSISDN") is None
    assert read(a_profile(), "").find_avp("MSISDN") is None


def test_the_first_apn_is_the_default_and_all_are_there() -> None:
    data = read(
        a_profile(
            ApnProfile(3, "internet", Speed(up_bps=MBIT, down_bps=5 * GBIT)),
            ApnProfile(1, "ims", Speed(MBIT, MBIT), qci=5, pdn_type=PdnType.IPV4V6),
            speed=Speed(8 * GBIT, 8 * GBIT),
        ),
        features=OUR_FEATURES,
    )

    configuration = data.get_avp("APN-Configuration-Profile").members
    assert configuration.get_int("Context-Identifier") == 3
    assert configuration.get_int("All-APN-Configurations-Included-Indicator") == 0
    internet, ims = apns_of(data)
    assert internet.get_text("Service-Selection") == "internet"
    assert internet.get_avp("AMBR").members.get_int("Extended-Max-Requested-BW-DL") == 5_000_000
    assert ims.get_int("Context-Identifier") == 1
    assert ims.get_int("PDN-Type") == 2
    assert ims.get_avp("EPS-Subscribed-QoS-Profile").members.get_int("QoS-Class-Identifier") == 5


@pytest.mark.parametrize(
    ("kind", "number"),
    [(PdnType.IPV4, 0), (PdnType.IPV6, 1), (PdnType.IPV4V6, 2), (PdnType.IPV4_OR_IPV6, 3)],
)
def test_every_kind_of_connection_has_its_number(kind: PdnType, number: int) -> None:
    (apn,) = apns_of(read(a_profile(ApnProfile(1, "a", Speed(1, 1), pdn_type=kind))))

    assert apn.get_int("PDN-Type") == number
    assert len(PdnType) == 4


@pytest.mark.parametrize(
    ("address", "octets"),
    [
        ("192.0.2.7", "0001c0000207"),
        ("2001:db8::7", "000220010db8000000000000000000000007"),
    ],
)
def test_a_static_address_is_served_to_its_party(address: str, octets: str) -> None:
    apn = ApnProfile(1, "m2m", Speed(1, 1), static_address=address, charging_characteristics="0400")

    (found,) = apns_of(read(a_profile(apn)))

    assert found.get_octets("Served-Party-IP-Address").hex() == octets
    assert found.get_text("3GPP-Charging-Characteristics") == "0400"


@pytest.mark.parametrize(
    ("barred", "bits"),
    [
        ((1000,), 1),
        ((1001,), 2),
        ((1004,), 16),
        ((1005,), 64),
        ((1000, 1001, 1000), 3),
        ((9,), None),
    ],
)
def test_barred_technologies_are_restrictions(barred: tuple[int, ...], bits: int | None) -> None:
    assert read(a_profile(barred_rats=barred)).find_int("Access-Restriction-Data") == bits


@pytest.mark.parametrize(
    ("arp", "capability", "vulnerability"),
    [
        (Arp(9, can_preempt=False, is_preemptable=True), 1, 0),
        (Arp(1, can_preempt=True, is_preemptable=False), 0, 1),
    ],
)
def test_zero_means_enabled_in_the_priority(arp: Arp, capability: int, vulnerability: int) -> None:
    (apn,) = apns_of(read(a_profile(ApnProfile(1, "a", Speed(1, 1), arp=arp))))

    qos = apn.get_avp("EPS-Subscribed-QoS-Profile").members
    priority = qos.get_avp("Allocation-Retention-Priority").members
    assert priority.get_int("Priority-Level") == arp.priority_level
    assert priority.get_int("Pre-emption-Capability") == capability
    assert priority.get_int("Pre-emption-Vulnerability") == vulnerability
