"""Traces in the console: who may begin them, what they show, and whose they are."""

from uuid import UUID

from django.http import HttpResponse
from django.test import Client

from tests.unit.web.console.conftest import logged_in, text_of
from tests.unit.web.console.world import Seat, World
from wispgate.business.operators import scope as scopes
from wispgate.business.tracing import queries
from wispgate.kernel.ids import uuid7
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.message import encode_message
from wispgate.wire.diameter.secrecy import mask_secrets

IMSI = "001010000000001"
AIR = encode_message(
    Header(0xC0, 318, 16777251, 1, 2), [("Session-Id", "a"), ("User-Name", "001010000000001")]
)
AIA = encode_message(
    Header(0x40, 318, 16777251, 1, 2),
    [
        ("Session-Id", "a"),
        ("Result-Code", 2001),
        ("RAND", b"R" * 16),
        ("MSISDN", b"\x51\x55"),
        ("Calling-Station-Id", "351910000001"),
    ],
)


def begin(client: Client, subject: str, kind: str = "imsi") -> HttpResponse:
    return client.post("/traces/_new/", {"kind": kind, "subject": subject, "minutes": "10"})


def record(world: World, trace_id: UUID, *, raws: tuple[bytes, ...] = (AIR, AIA)) -> None:
    """What a node writes, by the role that it has."""
    columns = (
        "id, at, is_sent, peer, transport, local_address, remote_address, remote_port,"
        " latency_us, raw, operator_id, trace_id"
    )
    with world.database.connect("network") as connection:
        for number, raw in enumerate(raws):
            connection.execute(
                f"INSERT INTO tracing_tracemessage ({columns}) SELECT %s, %s, %s, 'mme1.example',"  # noqa: S608
                " 'tcp', '10.0.0.1', '10.0.0.7', 40000, %s, %s, operator_id, id"
                " FROM tracing_trace WHERE id = %s",
                (
                    uuid7(world.clock.now(), number.to_bytes(4) + bytes(6)), world.clock.now(),
                    bool(number), 1500 if number else None, mask_secrets(raw), trace_id,
                ),
            )  # fmt: skip
        connection.execute(
            "UPDATE tracing_trace SET messages = messages + %s WHERE id = %s",
            (len(raws), trace_id),
        )


def the_trace(world: World) -> UUID:
    with scopes.within(world.platform()):
        [trace] = queries.list_traces()
    return trace.id


def test_without_a_trace_the_page_says_what_one_is(alpha: Seat, admin: Client):
    page = text_of(admin.get("/traces/"))

    assert "Nothing is traced, and nothing was in the last seven days." in page
    assert "Start a trace" in page


def test_a_lines_card_is_traced_from_its_page(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)
    line = world.an_active_line(alpha, card, name="Ana")
    page = admin.get(f"/lines/{line}/")
    [address] = [b.address for b in page.context["buttons"] if b.text == "Trace"]

    asked = text_of(admin.get(address))
    answer = begin(admin, IMSI)

    assert "Trace for 10 minutes" in asked
    assert answer.status_code == 302
    assert f"IMSI {IMSI}" in text_of(admin.get("/traces/"))


def test_messages_are_shown_by_name_with_results_and_times(
    world: World, alpha: Seat, admin: Client
):
    world.cards(alpha, 1)
    begin(admin, IMSI)
    trace = the_trace(world)
    record(world, trace)

    answer = admin.get(f"/traces/{trace}/")

    page = text_of(answer)
    message = answer.context["messages_shown"][1].row.id
    tree = admin.get(f"/traces/{trace}/{message}/").content.decode()
    assert "AIR S6a" in page
    assert "DIAMETER_SUCCESS (2001)" in page
    assert "1.5 ms" in page
    assert "2 messages so far." in page
    assert "RAND" in tree
    assert "hidden, 16 octets" in tree


def test_a_capture_is_downloaded(world: World, alpha: Seat, admin: Client):
    world.cards(alpha, 1)
    begin(admin, IMSI)
    trace = the_trace(world)
    record(world, trace)

    answer = admin.get(f"/traces/{trace}/trace.pcap")

    assert answer["Content-Type"] == "application/vnd.tcpdump.pcap"
    assert answer.content.count(b"001010000000001") == 1
    assert b"RRRR" not in answer.content


def test_who_does_not_see_numbers_does_not_see_them_in_a_trace(
    world: World, alpha: Seat, admin: Client
):
    world.cards(alpha, 1)
    begin(admin, IMSI)
    trace = the_trace(world)
    record(world, trace)
    viewer = logged_in(alpha.viewer)

    message = viewer.get(f"/traces/{trace}/").context["messages_shown"][1].row.id
    tree = viewer.get(f"/traces/{trace}/{message}/").content.decode()
    capture = viewer.get(f"/traces/{trace}/trace.pcap").content

    assert "351910000001" not in tree
    assert b"351910000001" not in capture
    assert "hidden, 2 octets" in tree
    assert b"\x51\x55" not in capture[24:]
    assert "155" in admin.get(f"/traces/{trace}/{message}/").content.decode()


def test_a_trace_is_stopped_after_a_question(world: World, alpha: Seat, admin: Client):
    world.cards(alpha, 1)
    begin(admin, IMSI)
    trace = the_trace(world)

    asked = text_of(admin.get(f"/traces/{trace}/stop/"))
    admin.post(f"/traces/{trace}/stop/", {})

    assert "Stop 1 trace" in asked
    assert "It was stopped" in text_of(admin.get(f"/traces/{trace}/"))


def test_an_operators_staff_trace_nobody_elses_card_and_no_peer(
    world: World, alpha: Seat, admin: Client
):
    world.a_peer("mme1.example.org")

    cards = begin(admin, "001019999999999")
    peers = begin(admin, "mme1.example.org", kind="peer")

    assert "none of your lines has the imsi 001019999999999" in text_of(cards)
    assert "ask the platform" in text_of(peers)
    assert "Trace…" not in text_of(admin.get("/peers/"))


def test_the_platforms_staff_trace_a_peer_from_its_row(world: World, alpha: Seat, admin: Client):
    world.a_peer("mme1.example.org")
    root = logged_in(world.a_member("root@platform.example", "admin"))

    offered = text_of(root.get("/peers/"))
    answer = begin(root, "MME1.example.org", kind="peer")

    assert "Trace…" in offered
    assert answer.status_code == 302
    assert "peer mme1.example.org" in text_of(root.get("/traces/"))
    assert "mme1.example.org" not in text_of(admin.get("/traces/"))


def test_another_operator_sees_nothing_of_a_trace(world: World, alpha: Seat, admin: Client):
    world.cards(alpha, 1)
    begin(admin, IMSI)
    trace = the_trace(world)
    record(world, trace)
    beta = world.an_operator("beta", name="Beta", range_="001020")
    other = logged_in(beta.admin)

    statuses = [
        other.get(f"/traces/{trace}/{rest}").status_code for rest in ("", "trace.pcap", "stop/")
    ]

    assert statuses == [404, 404, 404]
    assert IMSI not in text_of(other.get("/traces/"))


def test_wrong_addresses_and_forms_are_said(alpha: Seat, admin: Client):
    assert admin.get("/traces/nothing/").status_code == 404
    assert admin.get(f"/traces/{UUID(int=1)}/nothing/").status_code == 404
    assert admin.get(f"/traces/{UUID(int=1)}/{UUID(int=2)}/").status_code == 404
    wrong = admin.get("/traces/_new/?kind=imsi&subject=12&minutes=0")
    assert {f.name for f in wrong.context["fields"] if f.error} == {"minutes"}
    wrong = admin.get("/traces/_new/?kind=imsi&subject=12&minutes=10")
    assert {f.name for f in wrong.context["fields"] if f.error} == {"subject"}
