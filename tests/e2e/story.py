"""What the browser finds: two operators, sixty cards, lines in all states, a network at work.

It begins a fortnight before 1 March, so that charts have something to tell.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from tests.harness.pictures import a_png
from tests.unit.web.console.world import Seat, World, iccid
from wispgate.business.approvals import services as approvals
from wispgate.business.approvals.errors import ApprovalNeeded
from wispgate.business.catalogue.definition import AtExhaustion
from wispgate.business.inventory import equipment
from wispgate.business.inventory import services as inventory
from wispgate.business.operators import scope as scopes
from wispgate.business.operators import settings
from wispgate.business.staff import queries as staff_queries
from wispgate.business.staff import services as staff
from wispgate.business.subscriptions import queries as subscription_queries
from wispgate.business.subscriptions import services as subscriptions
from wispgate.business.tracing import services as tracing
from wispgate.kernel.ids import uuid7
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.message import encode_message
from wispgate.wire.diameter.secrecy import mask_secrets

LONG_NAME = "Cooperativa de Telecomunicações e Energias Renováveis do Vale do Alto Paraíso, S.A."


MME = "mme1.epc.mnc001.mcc001.3gppnetwork.org"
TODAY = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MB = 1_000_000
PUK, PIN = "73519246", "4711"
OWN_DOMAIN = "console.beta.example"
# The session id of a gateway that gives itself a long name.
SESSION = "smf.epc.mnc001.mcc001.3gppnetwork.org;1772366040;{};app_gy"


@dataclass(frozen=True)
class Story:
    alpha: Seat
    beta: Seat
    empty: Seat
    platform: str
    cards: list[str]
    coded: str
    online: UUID
    throttled: UUID
    changing: UUID
    subscriber: UUID
    session: str
    trace: UUID
    request: UUID
    entry: UUID

    @property
    def names(self) -> dict[str, str]:
        """What addresses of pages are made of."""
        return {
            "registered": self.cards[0],
            "suspended": self.cards[2],
            "coded": self.coded,
            "online": str(self.online),
            "throttled": str(self.throttled),
            "subscriber": str(self.subscriber),
            "session": self.session,
            "trace": str(self.trace),
            "request": str(self.request),
            "entry": str(self.entry),
        }


def tell(world: World) -> Story:
    alpha = world.an_operator("alpha", name="Alpha Mobile", zone="Europe/Lisbon")
    beta = world.an_operator("beta", name="Beta Fibre & Mobile", range_="001012")
    empty = world.an_operator("empty", name="Empty Wireless", range_="001018")
    platform = world.a_member("root@platform.example", "admin")
    cards = world.cards(alpha, 60, batch="2026-03 order 4711")
    coded = _with_codes(world, alpha)
    world.a_range(alpha, "351910000000", "351939999999")
    _sell(world, alpha)
    lines = _lead_up(world, alpha, cards[10:18])
    world.clock.advance(seconds=(TODAY - world.clock.now()).total_seconds())
    online = _live(world, alpha, cards)
    session = _go_online(world, alpha, online)
    _run_out(world, lines[0])
    _connect(world)
    subscriber = world.subscriber_of(alpha, online)
    _brand(world, beta)
    _one_of_each(world, beta)
    trace, request, entry = _trace(world, alpha), _ask(world, alpha, online), _stolen(world, alpha)
    return Story(
        alpha, beta, empty, platform, cards, coded, online, lines[0], lines[1], subscriber, session, trace,
        request, entry,
    )  # fmt: skip


def _one_of_each(world: World, seat: Seat) -> None:
    """Lists of one row, whose one name is long."""
    card = world.cards(seat, 1)[0]
    world.a_plan(seat, "only", name=LONG_NAME[:80])
    world.an_active_line(seat, card, name=LONG_NAME, msisdn="352691000001")


def _with_codes(world: World, alpha: Seat) -> str:
    """A card whose file had its PIN and PUK."""
    card = iccid(alpha, 99)
    row = f"{card},001010000000099,{'ab' * 16},{'cd' * 16},{PUK},{PIN}"
    with scopes.within(world.tenant(alpha)):
        inventory.import_sims(f"iccid,imsi,ki,opc,puk1,pin1\n{row}\n".encode(), name="with codes")
    return card


def _brand(world: World, beta: Seat) -> None:
    """The worst of colours to write on, a wide logo, and a domain."""
    with scopes.within(world.tenant(beta)):
        settings.set_brand(
            display_name="Bèta Fibra & Móvil",
            main_colour="#ffe600",
            support_email="help@beta.example",
        )
        settings.set_logo(a_png(160, 52, (255, 230, 0)))
        settings.add_domain(OWN_DOMAIN)


def _trace(world: World, alpha: Seat) -> UUID:
    """A question and its answer, of the first card."""
    with scopes.within(world.tenant(alpha)):
        trace_id = tracing.start(tracing.Subject("imsi", "001010000000001"), minutes=10)
    session = ("Session-Id", f"{MME};1772366040;7")
    question = [session, ("User-Name", "001010000000001")]
    answer = [session, ("Result-Code", 2001), ("RAND", bytes(16)), ("MSISDN", b"\x53\x19\x10")]
    for number, (flags, avps) in enumerate(((0xC0, question), (0x40, answer))):
        raw = mask_secrets(encode_message(Header(flags, 318, 16777251, 1, 2), avps))
        world.as_network(
            "INSERT INTO tracing_tracemessage (id, at, is_sent, peer, transport, local_address, "
            "remote_address, remote_port, latency_us, raw, operator_id, trace_id) SELECT %s, %s, "
            "%s, %s, 'tcp', '10.0.0.1', '10.20.0.7', 40000, %s, %s, operator_id, id "
            "FROM tracing_trace WHERE id = %s",
            (
                uuid7(world.clock.now(), number.to_bytes(4) + bytes(6)), world.clock.now(), bool(number), MME,
                1500 if number else None, raw, trace_id,
            ),
        )  # fmt: skip
    world.as_network("UPDATE tracing_trace SET messages = 2 WHERE id = %s", (trace_id,))
    return trace_id


def _ask(world: World, alpha: Seat, line_id: UUID) -> UUID:
    """Money that waits for a second person; afterwards nothing waits any more."""
    with scopes.within(world.tenant(alpha)):
        subscriber_id = subscription_queries.get_subscription(line_id).subscriber_id
        approvals.set_rule("wallet.top_up", is_on=True)
        member = next(one for one in staff_queries.list_staff() if one.email == alpha.viewer)
        asker = staff.find_principal(f"staff:{member.id}")
    assert asker is not None
    admin = staff.Principal(asker.actor, alpha.operator_id, "admin", standing=asker.standing)
    scope = replace(world.tenant(alpha), actor=asker.actor, authority=admin)
    with scopes.within(scope):
        try:
            subscriptions.top_up_wallet(
                subscriber_id, amount=Decimal(150), key="asked", reason=LONG_NAME
            )
        except ApprovalNeeded as needed:
            asked = approvals.ask(needed.asked).id
    with scopes.within(world.tenant(alpha)):
        approvals.set_rule("wallet.top_up", is_on=False)
    return asked


def _stolen(world: World, alpha: Seat) -> UUID:
    with scopes.within(world.tenant(alpha)):
        equipment.put_on_list("35209900176148", colour="white", reason="")
        return equipment.put_on_list(
            "35693803564380", colour="black", reason=f"stolen: {LONG_NAME}"
        )


def _sell(world: World, alpha: Seat) -> None:
    world.a_plan(alpha, "gold", name="Gold 40", price="10.00")
    world.a_plan(
        alpha,
        "starter",
        name="Starter",
        price="4.00",
        data_octets=5_000 * MB,
        at_exhaustion=AtExhaustion.THROTTLE,
        throttled_down_bps=512_000,
        throttled_up_bps=128_000,
    )
    world.a_plan(alpha, "open", name="Unlimited", price="25.00", data_octets=None)
    world.a_draft(alpha, "gold", name="Gold 60", price="12.00", data_octets=60_000 * MB)


def _lead_up(world: World, alpha: Seat, cards: list[str]) -> list[UUID]:
    """A fortnight of activations and usage, more of both in the second week."""
    lines: list[UUID] = []
    for day in range(13):
        if day in (0, 2, 5, 7, 8, 9, 11, 12):
            number = len(lines)
            line_id = world.an_active_line(
                alpha, cards[number], name=f"Customer {number}", msisdn=f"35192000000{number}"
            )
            world.bought(alpha, line_id, "starter", paid="20.00")
            lines.append(line_id)
        for number, line_id in enumerate(lines):
            session_id = world.a_session(line_id, session_id=f"smf;{day};{number}")
            world.clock.advance(minutes=40)
            world.used(session_id, (60 + 17 * number + 9 * day) * MB)
            world.clock.advance(minutes=20)
            world.ended(session_id)
        world.clock.advance(hours=24 - len(lines))
    return lines


def _go_online(world: World, alpha: Seat, line_id: UUID) -> str:
    """The line that the pictures show: plan bought, half its data used, pushes come and gone."""
    world.bought(alpha, line_id, paid="30.00")
    session_id = SESSION.format(1)
    world.clock.advance(minutes=30)
    world.a_session(line_id, session_id=session_id)
    world.a_push(
        line_id, state="failed", effect="speed_up", evidence="no effect was seen", means="gx_qos"
    )
    world.clock.advance(minutes=1)
    world.a_push(
        line_id,
        state="in_effect",
        effect="speed_up",
        means="gx_rules",
        evidence="the gateway reported under the new policy",
    )
    for octets in (6_200, 7_400, 4_600):
        world.clock.advance(minutes=25)
        world.used(session_id, octets * MB)
    world.told(alpha, line_id)
    world.clock.advance(minutes=3)
    world.a_push(line_id, state="acknowledged", effect="refill", means="gy_reauthorise")
    return session_id


def _run_out(world: World, line_id: UUID) -> None:
    world.a_registration(line_id, host=MME)
    session_id = world.a_session(line_id, session_id=SESSION.format(2))
    world.used(session_id, 3_900 * MB)
    world.exhausted(line_id)
    world.a_push(line_id, state="waiting_for_peer", effect="slow_down", means="gx_rules")


def _connect(world: World) -> None:
    for number, address in ((1, "10.20.0.7/32"), (2, "10.20.0.8/32"), (3, "10.21.0.0/24")):
        world.a_peer(f"mme{number}.epc.mnc001.mcc001.3gppnetwork.org", address=address)
    world.a_connection("mme1.epc.mnc001.mcc001.3gppnetwork.org")
    world.a_connection("mme2.epc.mnc001.mcc001.3gppnetwork.org", state="suspect")
    world.a_refused_connection("mme9.unknown.example")


def _live(world: World, alpha: Seat, cards: list[str]) -> UUID:
    names = ("Ana Silva", "Bjarne Lindqvist", LONG_NAME, "مريم العلي", "Eva Koch")
    online = None
    for number, name in enumerate(names):
        world.clock.advance(minutes=7)
        line_id = world.an_active_line(
            alpha, cards[number], name=name, msisdn=f"35191000000{number}"
        )
        world.clock.advance(minutes=3)
        world.an_authentication(line_id, node=MME)
        if number != 1:
            world.a_registration(line_id, host=MME)
        if number in (2, 4):
            world.clock.advance(hours=1)
            world.suspended(alpha, line_id, "overdue")
            world.a_push(line_id, state="in_effect", evidence="the session ended")
        online = online or line_id
    world.a_line(alpha, cards[5], name="Farid Haddad", msisdn="351910000009")
    assert online is not None
    return online
