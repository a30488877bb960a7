"""The requests that pushes become keep their grammars and say what is wanted."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from tests.unit.network.enforcement.pictures import (
    IMSI,
    MME,
    PGW,
    SLOW,
    a_gx_session,
    a_gy_session,
    a_picture,
    a_profile,
    a_push,
    a_registration,
    cores,
)
from wispgate.domain.policy.profile import Barring
from wispgate.kernel.ids import uuid7
from wispgate.network.enforcement.messages import (
    Draft,
    Vocabulary,
    draft_request,
    end_to_end_of,
)
from wispgate.network.hss.subscription_data import subscription_data
from wispgate.network.pcrf.policy import pushed_policy
from wispgate.store.pushes import Picture, PushRow
from wispgate.wire.diameter.answers import Origin
from wispgate.wire.diameter.message import Message, decode_message
from wispgate.wire.diameter.validation import check_request

WANTED = a_profile(2, speed=SLOW)
VOCABULARY = Vocabulary(subscription_data, pushed_policy)
SEEN = {
    "registrations": (a_registration(),),
    "gx": (a_gx_session(),),
    "gy": (a_gy_session(),),
}


def a_draft(push: PushRow, picture: Picture | None = None) -> Draft:
    picture = picture or a_picture(WANTED, **SEEN)
    return Draft(push, picture, Origin("hss.epc.test", "epc.test"), cores("generic3gpp"))


def a_message(push: PushRow, picture: Picture | None = None) -> Message:
    request = draft_request(a_draft(push, picture), VOCABULARY)
    assert request is not None
    assert request.end_to_end is not None
    return decode_message(request.encode(1, request.end_to_end))


@pytest.mark.parametrize(
    ("means", "session_id"),
    [
        ("s6a_clr_update", None),
        ("s6a_clr_withdraw", None),
        ("s6a_clr_reattach", None),
        ("s6a_idr", None),
        ("gx_rules", "s;1"),
        ("gx_qos", "s;1"),
        ("gx_release", "s;1"),
        ("gy_reauthorise", "c;1"),
    ],
)
def test_every_message_keeps_its_grammar(means: str, session_id: str | None) -> None:
    effect = "slow_down" if session_id != "c;1" else "refill"
    host = MME if session_id is None else PGW
    push = a_push(
        effect=effect, means=means, session_id=session_id, target_host=host, next_hop=host,
        target_realm="" if means == "gy_reauthorise" else "epc.test",
    )  # fmt: skip

    message = a_message(push)

    assert check_request(message) is None
    assert message.get_text("Destination-Host") == host
    assert message.get_text("Destination-Realm") == "epc.test"
    assert not message.header.is_retransmitted


@pytest.mark.parametrize(
    ("means", "cancellation_type", "flags"),
    [("s6a_clr_update", 0, None), ("s6a_clr_withdraw", 2, 1), ("s6a_clr_reattach", 2, 3)],
)
def test_a_cancellation_says_why_and_whether_to_return(
    means: str, cancellation_type: int, flags: int | None
) -> None:
    message = a_message(a_push(means=means))

    assert message.get_int("Cancellation-Type") == cancellation_type
    assert message.find_int("CLR-Flags") == flags
    assert message.get_text("User-Name") == IMSI


def test_a_barring_by_idr_names_the_barred_services() -> None:
    picture = a_picture(a_profile(2, barring=Barring.NO_ATTACH), **SEEN)

    data = a_message(a_push(means="s6a_idr"), picture).get_avp("Subscription-Data").members

    assert data.get_int("Subscriber-Status") == 1
    assert data.get_int("Operator-Determined-Barring") == 1


def test_what_is_sent_again_without_an_answer_is_the_same_request_with_the_t_bit() -> None:
    push = a_push(first_attempt=2, attempts=2)

    first = a_message(push)
    again = a_message(replace(push, attempts=4, sent_host="hss2.epc.test", sent_realm="two.test"))

    assert (first.header.is_retransmitted, again.header.is_retransmitted) == (False, True)
    assert first.header.end_to_end == again.header.end_to_end
    assert first.get("Session-Id") == "hss.epc.test;0;9;2"
    assert again.get("Session-Id") == "hss2.epc.test;0;9;2"
    assert (again.get("Origin-Host"), again.get("Origin-Realm")) == ("hss2.epc.test", "two.test")


def test_what_is_asked_again_after_an_answer_is_another_request() -> None:
    first, second = (a_message(a_push(first_attempt=n, attempts=n)) for n in (1, 2))

    assert not second.header.is_retransmitted
    assert first.header.end_to_end != second.header.end_to_end
    assert first.get("Session-Id") != second.get("Session-Id")


def test_end_to_end_identifiers_are_made_of_second_and_chance() -> None:
    made = uuid7(datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC), bytes(10))
    push_id = UUID(int=made.int | 0xFFFFE)

    second = int(datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC).timestamp())
    assert end_to_end_of(push_id, 1) == (second & 0xFFF) << 20 | 0xFFFFF
    assert end_to_end_of(push_id, 2) == (second & 0xFFF) << 20


def test_a_pushed_policy_asks_to_be_told_when_it_is_in_force() -> None:
    push = a_push(effect="slow_down", means="gx_rules", session_id="s;1")

    message = a_message(push)

    install = message.get_avp("Charging-Rule-Install").members
    assert install.get_int("Resource-Allocation-Notification") == 0
    assert 22 in message.list("Event-Trigger")
    qos = message.get_avp("QoS-Information").members
    assert qos.get_int("APN-Aggregate-Max-Bitrate-UL") == SLOW.up_bps


def test_a_push_of_quality_alone_carries_no_rule() -> None:
    push = a_push(effect="slow_down", means="gx_qos", session_id="s;1")

    message = a_message(push)

    assert message.find_avp("Charging-Rule-Install") is None
    assert message.find_avp("QoS-Information") is not None


@pytest.mark.parametrize(
    ("push", "picture"),
    [
        (a_push(means="gx_rules", session_id="away"), a_picture(WANTED, **SEEN)),
        (
            a_push(means="gx_rules", session_id="s;1"),
            a_picture(a_profile(2, barring=Barring.NO_SESSION), **SEEN),
        ),
        (a_push(effect="leave_node", means="s6a_clr_update"), a_picture(WANTED, **SEEN)),
        (a_push(means="next_attach"), a_picture(WANTED, **SEEN)),
    ],
    ids=["no session", "barred", "the phone is back", "only waits"],
)
def test_nothing_is_sent_where_nothing_is_left_to_tell(push: PushRow, picture: Picture) -> None:
    assert draft_request(a_draft(push, picture), VOCABULARY) is None


def test_a_garden_is_entered_and_left_by_the_rule() -> None:
    push = a_push(effect="walled_garden", means="gx_rules", session_id="s;1")
    pages = []
    for url in ("https://pay.example/", ""):
        picture = a_picture(a_profile(2, walled_garden_url=url), **SEEN)
        install = a_message(push, picture).get_avp("Charging-Rule-Install").members
        rule = install.get_avp("Charging-Rule-Definition").members
        redirect = rule.get_avp("Redirect-Information").members
        pages.append(
            (redirect.get_int("Redirect-Support"), redirect.find("Redirect-Server-Address"))
        )

    assert pages == [(1, "https://pay.example/"), (0, None)]
