"""What people read of an event."""

from typing import Any

import pytest

from wispgate.business.notifications.wording import KINDS, TEMPLATES, Names, write

NAMES = Names(line="your line 15550100001", plan="Basic 40", currency="EUR")


def quota(percent: int, remaining: int | str, unit: str) -> dict[str, Any]:
    return {"bucket_id": "b", "percent": percent, "remaining": remaining, "unit": unit}


@pytest.mark.parametrize(
    ("kind", "payload", "subject", "text"),
    [
        (
            "charging.quota_threshold_reached",
            quota(80, 8_000_000_000, "octets"),
            "80 % of your data is used",
            "Your line 15550100001 has used 80 % of its data. What is left: 8 GB.",
        ),
        (
            "charging.quota_threshold_reached",
            quota(50, 90, "seconds"),
            "50 % of your call time is used",
            "Your line 15550100001 has used 50 % of its call time. What is left: 1 min 30 s.",
        ),
        (
            "charging.quota_threshold_reached",
            quota(99, 1, "messages"),
            "99 % of your messages is used",
            "Your line 15550100001 has used 99 % of its messages. What is left: 1 message.",
        ),
        (
            "charging.quota_threshold_reached",
            quota(80, "1.250000", "money"),
            "80 % of your credit is used",
            "Your line 15550100001 has used 80 % of its credit. What is left: 1.25 EUR.",
        ),
        (
            "charging.quota_exhausted",
            {},
            "Your data is used up",
            "The data of your line 15550100001 is used up. "
            "Top up or change the plan to go on as before.",
        ),
        (
            "charging.quota_restored",
            {},
            "You have data again",
            "Your line 15550100001 has data again.",
        ),
        (
            "subscription.suspended",
            {"reason": "overdue", "suspension": "hard", "is_first": True},
            "Your line is suspended",
            "Your line 15550100001 is suspended because an invoice is overdue: it cannot connect.",
        ),
        (
            "subscription.suspended",
            {"reason": "fraud", "suspension": "soft", "is_first": True},
            "Your line is suspended",
            "Your line 15550100001 is suspended because we saw unusual use: it gets no data.",
        ),
        (
            "subscription.suspended",
            {"reason": "lost_sim", "suspension": "hard", "is_first": False},
            "One more reason why your line is suspended",
            "Your line 15550100001 stays suspended, "
            "now also because its SIM was reported lost or stolen.",
        ),
        (
            "subscription.resumed",
            {"reason": "overdue", "remaining": []},
            "Your line is on again",
            "Your line 15550100001 is not suspended any more.",
        ),
        (
            "subscription.resumed",
            {"reason": "overdue", "remaining": ["customer_request", "new_reason"]},
            "Your line is still suspended",
            "One reason is settled (an invoice is overdue), but your line 15550100001 stays "
            "suspended because you asked for it and new reason.",
        ),
        (
            "subscription.plan_changed",
            {"plan_code": "basic-40"},
            "Your plan is now Basic 40",
            "Your line 15550100001 has the plan Basic 40 now.",
        ),
        (
            "data.topped_up",
            {"bucket_id": "b", "octets": 1_500_000_000},
            "1.5 GB of data added",
            "Your line 15550100001 got 1.5 GB of data.",
        ),
        (
            "wallet.topped_up",
            {"amount": {"amount": "25", "currency": "SEK"}},
            "25.00 SEK added to your wallet",
            "Your wallet got 25.00 SEK.",
        ),
    ],
)
def test_an_event_is_told_in_plain_words(
    kind: str, payload: dict[str, Any], subject: str, text: str
) -> None:
    words = write(kind, payload, NAMES)

    assert (words.subject, words.text) == (subject, text)


def test_a_plan_without_a_name_is_called_by_its_code() -> None:
    unnamed = Names(line="your line", plan="", currency="EUR")

    assert "basic-40" in write("subscription.plan_changed", {"plan_code": "basic-40"}, unnamed).text


def test_variants_are_of_kinds_that_are_told() -> None:
    assert len(KINDS) == 8
    assert {key.partition(":")[0] for key in TEMPLATES} == set(KINDS)
    assert TEMPLATES.keys() >= KINDS
