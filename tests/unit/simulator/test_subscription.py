"""What the MME reads of Subscription-Data."""

from wispgate.simulator.subscription import Ambr, Subscription
from wispgate.wire.diameter.avp import AvpSequence, split_avps
from wispgate.wire.diameter.message import AvpItem, encode_avps


def data(*avps: AvpItem) -> AvpSequence:
    return AvpSequence(split_avps(encode_avps(avps)))


def ambr(bps: int, *extended: AvpItem) -> AvpItem:
    return (
        "AMBR",
        [("Max-Requested-Bandwidth-UL", bps), ("Max-Requested-Bandwidth-DL", bps), *extended],
    )


def an_apn(context_id: int, name: str, bps: int = 1000) -> AvpItem:
    return (
        "APN-Configuration",
        [
            ("Context-Identifier", context_id),
            ("PDN-Type", 0),
            ("Service-Selection", name),
            (
                "EPS-Subscribed-QoS-Profile",
                [
                    ("QoS-Class-Identifier", 9),
                    ("Allocation-Retention-Priority", [("Priority-Level", 8)]),
                ],
            ),
            ambr(bps),
        ],
    )


def a_profile(*apns: AvpItem, is_whole: bool = True) -> AvpItem:
    return (
        "APN-Configuration-Profile",
        [
            ("Context-Identifier", 1),
            ("All-APN-Configurations-Included-Indicator", 0 if is_whole else 1),
            *apns,
        ],
    )


def a_subscription() -> Subscription:
    return Subscription().updated(
        data(
            ("MSISDN", bytes.fromhex("5155100000f1")),
            ambr(5_000_000),
            a_profile(an_apn(1, "internet"), an_apn(2, "ims")),
        )
    )


def test_a_subscription_is_read_whole() -> None:
    subscription = a_subscription()

    assert subscription.is_complete
    assert subscription.msisdn == "15550100001"[:11]
    assert subscription.ambr == Ambr(5_000_000, 5_000_000)
    assert [apn.name for apn in subscription.apns] == ["internet", "ims"]


def test_the_default_apn_is_the_one_that_the_profile_names() -> None:
    subscription = a_subscription()

    found = [subscription.find_apn(name) for name in ("", "ims", "none")]

    assert [apn and apn.name for apn in found] == ["internet", "ims", None]


def test_what_an_update_does_not_mention_stays() -> None:
    updated = a_subscription().updated(data(ambr(1)))

    assert updated.ambr == Ambr(1, 1)
    assert len(updated.apns) == 2


def test_a_partial_profile_replaces_single_apns() -> None:
    updated = a_subscription().updated(data(a_profile(an_apn(1, "internet", 7), is_whole=False)))

    assert [(apn.name, apn.ambr) for apn in updated.apns] == [
        ("ims", Ambr(1000, 1000)),
        ("internet", Ambr(7, 7)),
    ]


def test_a_whole_profile_replaces_all_apns() -> None:
    updated = a_subscription().updated(data(a_profile(an_apn(1, "internet"))))

    assert [apn.name for apn in updated.apns] == ["internet"]


def test_the_default_apn_cannot_be_deleted() -> None:
    left = a_subscription().without_apns({1, 2})

    assert [apn.name for apn in left.apns] == ["internet"]


def test_extended_rates_count_kilobits() -> None:
    extended = (
        ("Extended-Max-Requested-BW-UL", 5_000_000), ("Extended-Max-Requested-BW-DL", 6_000_000),
    )  # fmt: skip

    updated = Subscription().updated(data(ambr(0xFFFF_FFFF, *extended)))

    assert updated.ambr == Ambr(5_000_000_000, 6_000_000_000)


def test_barring_needs_status_and_the_barring_of_packets() -> None:
    barred = data(("Subscriber-Status", 1), ("Operator-Determined-Barring", 1))
    other = data(("Subscriber-Status", 1), ("Operator-Determined-Barring", 8))
    granted = data(("Subscriber-Status", 0))

    states = [Subscription().updated(given).is_barred for given in (barred, other)]
    lifted = Subscription().updated(barred).updated(granted)
    unmentioned = Subscription().updated(barred).updated(data(ambr(1)))

    assert states == [True, False]
    assert (lifted.is_barred, unmentioned.is_barred) == (False, True)
