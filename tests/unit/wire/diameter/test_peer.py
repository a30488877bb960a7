"""Two peers back to back over octets: handshake, watchdog, goodbye, election, refusals."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest

from tests.unit.wire.diameter.builders import (
    GY,
    NOW,
    S6A,
    TIMING,
    Link,
    a_ccr,
    a_header,
    a_link,
    a_node,
    a_peer,
    an_open_link,
)
from wispgate.wire.diameter import events as ev
from wispgate.wire.diameter.answers import Origin, Result, answer_to
from wispgate.wire.diameter.base_messages import BaseMessages
from wispgate.wire.diameter.errors import PeerNotOpen
from wispgate.wire.diameter.events import DisconnectCause, DownReason, Event
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.message import Message, decode_message, encode_message
from wispgate.wire.diameter.peer import Peer
from wispgate.wire.diameter.states import TABLE, Input, State, Transition
from wispgate.wire.diameter.watchdog import Health


def kinds(events: list[Event]) -> list[type]:
    return [type(event) for event in events]


def sent(peer: Peer) -> list[Message]:
    """What the peer has to say, decoded."""
    data, messages = peer.data_to_send(now=NOW), []
    while data:
        length = int.from_bytes(data[1:4], "big")
        messages.append(decode_message(data[:length]))
        data = data[length:]
    return messages


def an_answer_to(request: bytes, result: int = 2001) -> bytes:
    return answer_to(decode_message(request), Result(result), Origin("hss.example", "example"))


# --- handshake ------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [0, 1, 7, 20, 100])
def test_capabilities_are_exchanged_however_the_octets_arrive(cut: int) -> None:
    link = a_link(cut=cut)

    link.open()

    assert (link.initiator.state, link.responder.state) == (State.I_OPEN, State.R_OPEN)
    assert kinds(link.take("initiator")) == [ev.ConnectionWanted, ev.CapabilitiesExchanged]
    requested, exchanged = link.take("responder")
    assert isinstance(requested, ev.CapabilitiesRequested)
    assert requested.remote.origin_host == "mme.example"
    assert isinstance(exchanged, ev.CapabilitiesExchanged)
    assert exchanged.applications == (GY, S6A)
    assert link.initiator.remote is not None
    assert link.initiator.remote.origin_host == "hss.example"
    assert link.initiator.is_open
    assert link.responder.can_send_requests


def test_the_responder_may_answer_with_another_identity() -> None:
    link = a_link()
    link.start()
    link.connect()

    link.responder.accept(now=NOW, node=a_node("ocs.other", GY))
    link.flow()

    assert link.initiator.remote is not None
    assert link.initiator.remote.origin_host == "ocs.other"
    assert link.responder.node.origin_host == "ocs.other"


def test_an_unknown_peer_gets_3010_and_the_connection_closes() -> None:
    link = a_link()
    link.start()
    link.connect()
    link.take("responder")

    heard = link.responder.refuse(now=NOW)
    link.flow()

    assert kinds(heard) == [ev.ConnectionShouldClose, ev.PeerDown]
    refused, close, down = link.take("initiator")[1:]
    assert refused == ev.CapabilitiesRefused(3010)
    assert kinds([close, down]) == [ev.ConnectionShouldClose, ev.PeerDown]
    assert link.initiator.state is link.responder.state is State.CLOSED


def test_without_a_common_application_the_answer_is_5010() -> None:
    responder = a_peer(role="responder", node=a_node("ocs.example", GY))
    link = Link(a_peer(node=a_node("mme.example", S6A)), responder)
    link.start()
    link.connect()

    heard = responder.accept(now=NOW)
    (answer,) = sent(responder)

    assert heard[0] == ev.CapabilitiesRefused(5010, by_us=True)
    assert answer.get("Result-Code") == 5010
    assert not answer.header.is_error
    assert answer.get("Origin-Host") == "ocs.example"


def test_an_initiator_closes_if_the_answer_has_nothing_in_common() -> None:
    cer_of = BaseMessages(a_node("them", GY), seed=1)
    peer = a_peer(node=a_node("us", S6A))
    peer.start(now=NOW)
    peer.connection_made(now=NOW)
    (request,) = sent(peer)

    heard = peer.receive_data(cer_of.capabilities_answer(request, Result(2001)), now=NOW)

    assert heard[0] == ev.CapabilitiesRefused(5010, by_us=True)
    assert isinstance(heard[-1], ev.PeerDown)
    assert heard[-1].reason is DownReason.REFUSED


def a_waiting_responder() -> Peer:
    peer = a_peer(role="responder")
    peer.connection_made(now=NOW)
    return peer


def a_cer(host: str = "mme.example") -> bytes:
    return BaseMessages(a_node(host), seed=5).capabilities_request(NOW)


@pytest.mark.parametrize("octets", [a_ccr(), an_answer_to(a_ccr()), a_cer() + a_ccr()])
def test_nothing_may_come_before_the_capabilities_answer(octets: bytes) -> None:
    peer = a_waiting_responder()

    heard = peer.receive_data(octets, now=NOW)

    assert kinds(heard)[-2:] == [ev.ConnectionShouldClose, ev.PeerDown]
    assert peer.data_to_send(now=NOW) == b""
    with pytest.raises(PeerNotOpen):
        peer.accept(now=NOW)
    with pytest.raises(PeerNotOpen):
        peer.refuse(now=NOW)


def test_a_faulty_introduction_is_answered_with_its_fault() -> None:
    peer = a_waiting_responder()
    cer = decode_message(a_cer())
    faulty = encode_message(cer.header, [a for a in cer.avps if a.name != "Origin-Realm"])

    heard = peer.receive_data(faulty, now=NOW)
    (answer,) = sent(peer)

    assert answer.get("Result-Code") == 5005
    assert answer.get_avp("Failed-AVP").members.avps[0].name == "Origin-Realm"
    assert kinds(heard) == [ev.ConnectionShouldClose, ev.PeerDown]


def test_an_unreadable_introduction_is_answered_with_5014() -> None:
    peer = a_waiting_responder()
    cer = bytearray(a_cer())
    cer[27] = 0xFF

    peer.receive_data(bytes(cer), now=NOW)
    (answer,) = sent(peer)

    assert answer.get("Result-Code") == 5014


def test_who_does_not_introduce_itself_in_time_is_closed() -> None:
    peer = a_waiting_responder()
    deadline = peer.get_timer()

    assert deadline == NOW + TIMING.handshake
    assert peer.handle_timer(now=NOW) == []
    heard = peer.handle_timer(now=NOW + TIMING.handshake)
    assert kinds(heard) == [ev.ConnectionShouldClose, ev.PeerDown]
    assert peer.connection_lost(now=NOW) == []


def test_a_responder_whose_connection_is_lost_early_is_down() -> None:
    peer = a_waiting_responder()

    assert peer.connection_lost(now=NOW) == [ev.PeerDown(DownReason.CONNECTION_LOST)]


def test_a_message_other_than_cea_ends_the_initiators_attempt() -> None:
    peer = a_peer()
    peer.start(now=NOW)
    peer.connection_made(now=NOW)

    heard = peer.receive_data(a_ccr(), now=NOW)

    assert kinds(heard) == [ev.ConnectionShouldClose, ev.PeerDown]
    assert peer.get_timer() == NOW + TIMING.reconnect


def test_an_unreadable_cea_ends_the_attempt_with_its_reason() -> None:
    peer = a_peer()
    peer.start(now=NOW)
    peer.connection_made(now=NOW)

    (close, down) = peer.receive_data(Header(0, 257, 0, 1, 1).encode(20), now=NOW)

    assert close == ev.ConnectionShouldClose()
    assert down == ev.PeerDown(DownReason.HANDSHAKE_FAILED, f"{268} is missing")


# --- reconnecting -----------------------------------------------------------------------------


def test_an_initiator_tries_again_after_tc() -> None:
    peer = a_peer()

    assert kinds(peer.start(now=NOW)) == [ev.ConnectionWanted]
    assert peer.start(now=NOW) == []
    assert peer.connection_lost(now=NOW) == [ev.PeerDown(DownReason.CONNECTION_FAILED)]
    retry = peer.get_timer()
    assert retry == NOW + TIMING.reconnect
    assert kinds(peer.handle_timer(now=retry)) == [ev.ConnectionWanted]


def test_a_responder_never_starts() -> None:
    assert a_peer(role="responder").start(now=NOW) == []


def test_an_attempt_that_takes_too_long_is_given_up() -> None:
    peer = a_peer()
    peer.start(now=NOW)

    heard = peer.handle_timer(now=NOW + TIMING.handshake)

    assert heard == [ev.PeerDown(DownReason.HANDSHAKE_TIMEOUT)]


# --- traffic ----------------------------------------------------------------------------------


def test_requests_and_answers_pass_unread() -> None:
    link = an_open_link(cut=33)
    request = a_ccr()

    link.initiator.send(request, now=NOW)
    link.flow()
    (received,) = link.take("responder")
    link.responder.send(an_answer_to(request), now=NOW)
    link.flow()
    (answered,) = link.take("initiator")

    assert isinstance(received, ev.RequestReceived)
    assert (received.raw, received.header) == (request, a_header())
    assert isinstance(answered, ev.AnswerReceived)
    assert answered.raw == an_answer_to(request)


def test_a_message_whose_avps_are_garbage_is_still_passed_on() -> None:
    link = an_open_link()
    garbage = a_header().encode(28) + b"\xff" * 8

    heard = link.responder.receive_data(garbage, now=NOW)

    assert heard == [ev.RequestReceived(garbage, a_header())]


def test_nothing_can_be_sent_to_a_peer_that_is_not_open() -> None:
    peer = a_peer()

    with pytest.raises(PeerNotOpen):
        peer.send(a_ccr(), now=NOW)
    with pytest.raises(PeerNotOpen):
        peer.disconnect(DisconnectCause.REBOOTING, now=NOW)
    assert peer.receive_data(a_ccr(), now=NOW) == []


@pytest.mark.parametrize(("first_octet", "result_code"), [(2, 5011), (1, 5015)])
def test_a_broken_stream_is_answered_and_closed(first_octet: int, result_code: int) -> None:
    link = an_open_link()
    broken = bytes([first_octet]) + b"\0\0\x15" + a_header().encode(20)[4:]

    heard = link.responder.receive_data(a_ccr() + broken, now=NOW)
    (answer,) = sent(link.responder)

    assert kinds(heard) == [ev.RequestReceived, ev.ConnectionShouldClose, ev.PeerDown]
    assert answer.get("Result-Code") == result_code
    assert answer.header.hop_by_hop == a_header().hop_by_hop
    assert link.responder.state is State.CLOSED


def test_a_broken_stream_before_the_handshake_is_just_closed() -> None:
    peer = a_waiting_responder()

    heard = peer.receive_data(b"GET / HTTP/1.1\r\nHost: x\r\n", now=NOW)

    assert kinds(heard) == [ev.ConnectionShouldClose, ev.PeerDown]
    assert peer.data_to_send(now=NOW) == b""


def test_a_broken_stream_behind_a_goodbye_changes_nothing() -> None:
    link = an_open_link()
    link.responder.disconnect(DisconnectCause.BUSY, now=NOW)
    (dpr,) = sent(link.responder)
    dpa = BaseMessages(a_node(), seed=1).error_answer(dpr, Result(2001))

    heard = link.responder.receive_data(dpa + b"\xff" * 20, now=NOW)

    assert kinds(heard) == [ev.ConnectionShouldClose, ev.PeerDown]


def test_a_second_introduction_is_refused_and_survived() -> None:
    link = an_open_link()

    heard = link.responder.receive_data(a_cer(), now=NOW)
    (answer,) = sent(link.responder)

    assert heard == []
    assert answer.get("Result-Code") == 5012
    assert link.responder.is_open


def test_an_answer_to_no_introduction_ends_the_connection() -> None:
    link = an_open_link()
    cea = BaseMessages(a_node(), seed=1).capabilities_answer(decode_message(a_cer()), Result(2001))

    heard = link.responder.receive_data(cea, now=NOW)

    assert kinds(heard) == [ev.ConnectionShouldClose, ev.PeerDown]


# --- watchdog ---------------------------------------------------------------------------------


def test_quiet_peers_ask_each_other_and_stay_open() -> None:
    link = an_open_link()

    link.wait(3600)

    assert link.initiator.health is link.responder.health is Health.OKAY
    assert link.take("initiator") == link.take("responder") == []


def test_a_watchdog_does_not_queue_behind_traffic() -> None:
    link = an_open_link()
    link.initiator.send(a_ccr(), now=NOW)

    link.initiator.handle_timer(now=NOW + TIMING.watchdog)

    assert [m.header.command_code for m in sent(link.initiator)] == [280, 272]


def test_a_silent_peer_is_suspected_and_then_closed() -> None:
    link = an_open_link()

    link.wait(61, is_deaf=True)
    suspected = link.take("initiator")
    health = link.initiator.health
    link.wait(30, is_deaf=True)
    closed = link.take("initiator")

    assert suspected == [ev.WatchdogSuspect()]
    assert health is Health.SUSPECT
    assert closed == [ev.ConnectionShouldClose(), ev.PeerDown(DownReason.WATCHDOG)]
    assert link.initiator.health is Health.DOWN
    assert not link.initiator.can_send_requests


def test_a_suspect_that_speaks_is_trusted_again() -> None:
    link = an_open_link()
    link.wait(61, is_deaf=True)
    link.take("initiator")

    heard = link.initiator.receive_data(a_ccr(), now=link.now)

    assert kinds(heard) == [ev.RequestReceived, ev.WatchdogRecovered]
    assert link.initiator.health is Health.OKAY


def test_a_peer_that_returns_is_reopened_by_three_answers() -> None:
    link = an_open_link()
    link.drop()
    link.wait(30)
    link.connect()
    link.heard["responder"] += link.responder.accept(now=link.now, is_returning=True)

    link.flow()
    at_first = (link.initiator.health, link.responder.health)
    may_send = link.initiator.can_send_requests
    link.wait(61)

    assert at_first == (Health.REOPEN, Health.REOPEN)
    assert not may_send
    assert link.initiator.health is link.responder.health is Health.OKAY
    assert link.take("initiator")[-1] == ev.WatchdogRecovered()


def test_requests_of_a_returning_peer_are_served() -> None:
    link = an_open_link()
    link.drop()
    link.wait(30)
    link.connect()
    link.responder.accept(now=link.now, is_returning=True)

    heard = link.responder.receive_data(a_ccr(), now=link.now)

    assert kinds(heard) == [ev.RequestReceived]


def test_a_new_state_of_the_other_side_is_told() -> None:
    link = an_open_link()
    other = BaseMessages(a_node("mme.example", origin_state_id=9), seed=1)

    first = link.responder.receive_data(other.watchdog_request(NOW), now=NOW)
    again = link.responder.receive_data(other.watchdog_request(NOW), now=NOW)
    answers = sent(link.responder)

    assert first == [ev.OriginStateChanged(None, 9)]
    assert again == []
    assert [m.get("Result-Code") for m in answers] == [2001, 2001]


def test_a_lower_state_of_the_other_side_is_an_old_message() -> None:
    link = an_open_link()

    heard = [
        link.responder.receive_data(
            BaseMessages(a_node("mme.example", origin_state_id=number), seed=1).watchdog_request(
                NOW
            ),
            now=NOW,
        )
        for number in (9, 4, 9, 10)
    ]

    assert heard == [[ev.OriginStateChanged(None, 9)], [], [], [ev.OriginStateChanged(9, 10)]]


def test_an_unreadable_watchdog_is_answered_with_its_fault() -> None:
    link = an_open_link()
    broken = Header(0x80, 280, 0, 5, 6).encode(28) + b"\0\0\1\x08\x40\0\0\xff"

    heard = link.responder.receive_data(broken, now=NOW)
    (answer,) = sent(link.responder)

    assert heard == []
    assert answer.get("Result-Code") == 5014
    assert answer.header.hop_by_hop == 5


# --- goodbye ----------------------------------------------------------------------------------


def test_a_goodbye_is_answered_and_the_one_who_said_it_closes() -> None:
    link = an_open_link()

    link.heard["responder"] += link.responder.disconnect(DisconnectCause.REBOOTING, now=NOW)
    link.flow()

    assert link.take("initiator") == [ev.DisconnectRequested(0)]
    assert link.initiator.state is State.CLOSING
    assert link.take("responder") == [
        ev.ConnectionShouldClose(),
        ev.PeerDown(DownReason.DISCONNECTED),
    ]
    assert link.initiator.connection_lost(now=NOW) == [ev.PeerDown(DownReason.DISCONNECTED)]
    assert link.initiator.get_timer() == NOW + TIMING.reconnect


@pytest.mark.parametrize(
    ("cause", "wait"),
    [
        (DisconnectCause.REBOOTING, TIMING.reconnect),
        (DisconnectCause.BUSY, TIMING.reconnect_when_busy),
        (DisconnectCause.DO_NOT_WANT_TO_TALK_TO_YOU, None),
    ],
)
def test_the_cause_of_a_goodbye_says_when_to_return(
    cause: DisconnectCause, wait: timedelta | None
) -> None:
    link = an_open_link()

    link.responder.disconnect(cause, now=NOW)
    link.flow()
    link.drop()

    assert link.initiator.get_timer() == (None if wait is None else NOW + wait)


def test_one_who_said_goodbye_returns_only_when_started() -> None:
    link = an_open_link()

    link.initiator.disconnect(DisconnectCause.REBOOTING, now=NOW)
    link.flow()
    link.drop()

    assert link.initiator.get_timer() is None
    link.open()
    assert link.initiator.health is Health.OKAY


def test_a_goodbye_without_answer_ends_after_the_closing_time() -> None:
    link = an_open_link()
    link.initiator.disconnect(DisconnectCause.REBOOTING, now=NOW)

    link.wait(5, is_deaf=True)

    assert link.take("initiator") == [
        ev.ConnectionShouldClose(),
        ev.PeerDown(DownReason.DISCONNECTED),
    ]


def test_late_traffic_passes_while_closing() -> None:
    link = an_open_link()
    link.responder.disconnect(DisconnectCause.BUSY, now=NOW)
    other = BaseMessages(a_node("mme.example"), seed=1)
    sent(link.responder)

    heard = link.responder.receive_data(a_ccr() + other.watchdog_request(NOW), now=NOW)
    link.responder.send(an_answer_to(a_ccr()), now=NOW)

    assert kinds(heard) == [ev.RequestReceived]
    assert [m.header.command_code for m in sent(link.responder)] == [280, 272]


def test_an_unreadable_goodbye_is_one_all_the_same() -> None:
    link = an_open_link()
    broken = Header(0x80, 282, 0, 5, 6).encode(28) + b"\0\0\1\x08\x40\0\0\xff"

    assert link.responder.receive_data(broken, now=NOW) == [ev.DisconnectRequested(None)]
    (answer,) = sent(link.responder)
    assert answer.get("Result-Code") == 5014


# --- election ---------------------------------------------------------------------------------


def a_started(
    host: str, *, is_connected: bool, table: Mapping[tuple[State, Input], Transition] = TABLE
) -> Peer:
    peer = a_peer(host, table=table)
    peer.start(now=NOW)
    if is_connected:
        peer.connection_made(now=NOW)
    return peer


def test_the_winner_keeps_the_connection_that_the_other_opened() -> None:
    peer = a_started("z.example", is_connected=True)

    heard = peer.rival_arrived("a.example", now=NOW)

    assert heard == [ev.ConnectionShouldClose(), ev.RivalAccepted()]
    assert peer.state is State.R_OPEN
    assert not peer.is_open
    assert peer.get_timer() is None
    assert peer.connection_lost(now=NOW) == []


def test_the_loser_waits_for_the_answer_and_drops_the_rival() -> None:
    peer = a_started("a.example", is_connected=True)
    (cer,) = sent(peer)
    them = BaseMessages(a_node("z.example"), seed=1)

    at_first = peer.rival_arrived("z.example", now=NOW)
    heard = peer.receive_data(them.capabilities_answer(cer, Result(2001)), now=NOW)

    assert at_first == []
    assert kinds(heard) == [ev.RivalRefused, ev.CapabilitiesExchanged]
    assert peer.state is State.I_OPEN


def test_a_lost_election_is_forgotten_if_the_own_connection_breaks() -> None:
    peer = a_started("a.example", is_connected=True)
    peer.rival_arrived("z.example", now=NOW)

    heard = peer.connection_lost(now=NOW)

    assert heard == [ev.RivalAccepted()]
    assert peer.state is State.R_OPEN


def test_garbage_during_the_election_leaves_the_field_to_the_rival() -> None:
    peer = a_started("a.example", is_connected=True)
    peer.rival_arrived("z.example", now=NOW)

    heard = peer.receive_data(b"\xff" * 20, now=NOW)

    assert heard == [ev.ConnectionShouldClose(), ev.RivalAccepted()]


def test_an_election_waits_until_our_own_connection_stands() -> None:
    winner = a_started("z.example", is_connected=False)
    loser = a_started("a.example", is_connected=False)

    assert winner.rival_arrived("m.example", now=NOW) == []
    assert loser.rival_arrived("m.example", now=NOW) == []
    assert winner.connection_made(now=NOW) == [ev.ConnectionShouldClose(), ev.RivalAccepted()]
    assert loser.connection_made(now=NOW) == []
    assert loser.state is State.WAIT_RETURNS


def test_an_attempt_that_fails_leaves_the_field_to_the_rival() -> None:
    peer = a_started("a.example", is_connected=False)
    peer.rival_arrived("z.example", now=NOW)

    assert peer.connection_lost(now=NOW) == [ev.RivalAccepted()]


def test_two_peers_that_call_each_other_end_with_one_connection() -> None:
    low, high = (
        a_started("low.example", is_connected=True),
        a_started("high.example", is_connected=True),
    )
    at_low, at_high = a_peer("low.example", "responder"), a_peer("high.example", "responder")
    at_low.connection_made(now=NOW)
    at_high.connection_made(now=NOW)
    at_low.receive_data(high.data_to_send(now=NOW), now=NOW)
    at_high.receive_data(low.data_to_send(now=NOW), now=NOW)

    won = low.rival_arrived("high.example", now=NOW)
    lost = high.rival_arrived("low.example", now=NOW)
    at_low.accept(now=NOW)
    heard = high.receive_data(at_low.data_to_send(now=NOW), now=NOW)
    at_high.refuse(4003, now=NOW)

    assert ev.RivalAccepted() in won
    assert lost == []
    assert ev.RivalRefused() in heard
    assert (at_low.is_open, high.is_open, low.is_open, at_high.is_open) == (
        True,
        True,
        False,
        False,
    )


def test_only_one_rival_at_a_time_is_considered() -> None:
    waiting = a_started("a.example", is_connected=False)
    returning = a_started("a.example", is_connected=True)
    for peer in (waiting, returning):
        peer.rival_arrived("z.example", now=NOW)

        assert peer.rival_arrived("z.example", now=NOW) == [ev.RivalRefused()]


def test_a_rival_of_an_open_peer_is_refused() -> None:
    link = an_open_link()

    assert link.initiator.rival_arrived("hss.example", now=NOW) == [ev.RivalRefused()]
    assert link.responder.rival_arrived("mme.example", now=NOW) == [ev.RivalRefused()]
    assert link.initiator.rival_lost(now=NOW) == []
    link.initiator.disconnect(DisconnectCause.BUSY, now=NOW)
    assert link.initiator.rival_arrived("hss.example", now=NOW) == [ev.RivalRefused()]
    with pytest.raises(PeerNotOpen):
        a_peer(role="responder").rival_arrived("x", now=NOW)


def test_a_rival_that_is_lost_is_replaced_by_our_own_attempt() -> None:
    peer = a_peer("a.example")

    assert peer.rival_arrived("z.example", now=NOW) == [ev.RivalAccepted()]
    assert peer.rival_lost(now=NOW) == []
    assert peer.state is State.CLOSED
    assert peer.get_timer() == NOW + TIMING.reconnect


def test_a_rival_lost_during_the_election_leaves_our_attempt() -> None:
    unconnected = a_started("a.example", is_connected=False)
    connected = a_started("a.example", is_connected=True)
    for peer, state in ((unconnected, State.WAIT_CONN_ACK), (connected, State.WAIT_I_CEA)):
        peer.rival_arrived("z.example", now=NOW)

        assert peer.rival_lost(now=NOW) == []
        assert peer.state is state


def test_an_election_without_end_is_given_up() -> None:
    for is_connected in (False, True):
        peer = a_started("a.example", is_connected=is_connected)
        peer.rival_arrived("z.example", now=NOW)

        heard = peer.handle_timer(now=NOW + TIMING.handshake)

        assert ev.RivalRefused() in heard
        assert isinstance(heard[-1], ev.PeerDown)


# --- the table is covered -----------------------------------------------------------------------


class Recorder(Mapping[tuple[State, Input], Transition]):
    """The table, with a note of every row that was taken."""

    def __init__(self) -> None:
        self.taken: set[tuple[State, Input]] = set()

    def __getitem__(self, row: tuple[State, Input]) -> Transition:
        transition = TABLE[row]
        self.taken.add(row)
        return transition

    def __iter__(self) -> Iterator[tuple[State, Input]]:
        return iter(TABLE)

    def __len__(self) -> int:
        return len(TABLE)


def walk_one_side(table: Recorder, role: str) -> None:
    """Everything that can happen to an open connection and to one that closes."""

    def fresh() -> Peer:
        link = an_open_link(table=table)
        return link.initiator if role == "initiator" else link.responder

    other = BaseMessages(a_node("other.example"), seed=3)
    watchdog, goodbye = other.watchdog_request(NOW), other.disconnect_request(0, NOW)
    dwa = other.watchdog_answer(decode_message(watchdog), Result(2001))
    dpa = other.error_answer(decode_message(goodbye), Result(2001))

    peer = fresh()
    peer.send(a_ccr(), now=NOW)
    for octets in (a_ccr(), watchdog, dwa, a_cer()):
        peer.receive_data(octets, now=NOW)
    peer.rival_arrived("other.example", now=NOW)
    peer.receive_data(goodbye, now=NOW)
    for octets in (goodbye, a_ccr(), watchdog, dwa):
        peer.receive_data(octets, now=NOW)
    peer.send(an_answer_to(a_ccr()), now=NOW)
    peer.rival_arrived("other.example", now=NOW)
    peer.connection_lost(now=NOW)

    fresh().connection_lost(now=NOW)
    peer = fresh()
    peer.disconnect(DisconnectCause.BUSY, now=NOW)
    peer.receive_data(dpa, now=NOW)
    link = an_open_link(table=table)
    link.wait(120, is_deaf=True)
    peer = fresh()
    peer.disconnect(DisconnectCause.BUSY, now=NOW)
    peer.handle_timer(now=NOW + TIMING.closing)


def walk_elections(table: Recorder) -> None:
    """Every way through the states in which there are two connections, or not yet one."""
    for is_connected in (False, True):
        for then in ("lost", "timeout", "rival lost", "second rival", "made"):
            for has_rival in (False, True):
                peer = a_started("a.example", is_connected=is_connected, table=table)
                if has_rival:
                    peer.rival_arrived("z.example", now=NOW)
                match then:
                    case "lost":
                        peer.connection_lost(now=NOW)
                    case "timeout":
                        peer.handle_timer(now=NOW + TIMING.handshake)
                    case "rival lost":
                        peer.rival_lost(now=NOW)
                    case "second rival":
                        peer.rival_arrived("z.example", now=NOW)
                    case "made" if not is_connected:
                        peer.connection_made(now=NOW)
                    case _:
                        peer.receive_data(a_ccr(), now=NOW)
    a_started("z.example", is_connected=True, table=table).rival_arrived("a.example", now=NOW)
    idle = a_peer("a.example", table=table)
    idle.rival_arrived("z.example", now=NOW)
    idle.rival_lost(now=NOW)
    loser = a_started("a.example", is_connected=True, table=table)
    (cer,) = sent(loser)
    loser.rival_arrived("z.example", now=NOW)
    them = BaseMessages(a_node("z.example"), seed=1)
    loser.receive_data(them.capabilities_answer(cer, Result(2001)), now=NOW)


def test_real_peers_take_every_row_of_the_table() -> None:
    table = Recorder()

    walk_one_side(table, "initiator")
    walk_one_side(table, "responder")
    walk_elections(table)

    assert set(TABLE) - table.taken == set()
