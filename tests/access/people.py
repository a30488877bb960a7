"""What is in the installation that the access tests walk through, and who walks."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from psycopg import sql

from tests.access.addresses import API, Address
from tests.harness.databases import TestDatabase
from tests.unit.business.world import World, iccid, imsi
from wispgate.business.approvals import services as approvals
from wispgate.business.approvals.errors import ApprovalNeeded
from wispgate.business.catalogue import services as catalogue
from wispgate.business.catalogue.definition import PlanDefinition
from wispgate.business.crm import services as crm
from wispgate.business.inventory import equipment
from wispgate.business.operators import queries as operator_queries
from wispgate.business.operators import scope as scopes
from wispgate.business.operators import services as operators
from wispgate.business.staff import services as staff
from wispgate.business.staff.models import StaffMember
from wispgate.business.staff.roles import READY
from wispgate.business.subscriptions import mass, numbering
from wispgate.business.subscriptions import services as subscriptions
from wispgate.business.tenants.models import TenantDeletion
from wispgate.business.tracing import services as tracing
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.message import encode_message

# Personal fields of north's: what a role that hides them never sees.
EMAIL, PHONE, MSISDN = "ada@secret-north.example", "+46709999901", "46701234501"
GONE = "Vanished Mobile"
NAME, PLAN, DEALER = "Ada Northerner", "north-gold", "shop-north"
PLATFORM = "platform_admin"
PASSWORD = "correct horse battery"


# What an operation takes, so that it gets as far as looking for the thing.
BODIES: dict[str, dict[str, Any]] = {
    "POST /subscriptions/<subscription_id>/assign-sim": {"iccid": iccid(2)},
    "POST /subscriptions/<subscription_id>/swap-sim": {"iccid": iccid(2)},
    "POST /subscriptions/<subscription_id>/msisdn": {"msisdn": None},
    "POST /subscriptions/<subscription_id>/suspend": {"reason": "fraud"},
    "POST /subscriptions/<subscription_id>/resume": {"reason": "fraud"},
    "POST /subscriptions/<subscription_id>/restrict": {"profile": "no_data", "reason": "fraud"},
    "POST /subscriptions/<subscription_id>/unrestrict": {"profile": "no_data", "reason": "fraud"},
    "POST /subscriptions/<subscription_id>/static-addresses": {"addresses": {}},
    "POST /subscriptions/<subscription_id>/plan": {"code": PLAN},
    "POST /subscriptions/<subscription_id>/device-lock": {"imeis": []},
    "POST /subscriptions/<subscription_id>/top-up": {"octets": 1},
    "POST /sims/<iccid>/puk": {"reason": "ticket 12"},
    "POST /subscribers/<subscriber_id>/top-up": {"amount": "1"},
    "POST /staff/<member_id>/role": {"role": "viewer"},
    "PUT /roles/<name>": {"title": "Mine", "grants": []},
    "PUT /approval-rules/<act>": {"is_on": False},
}


class QuickHasher(Argon2PasswordHasher):
    """The same algorithm at its least cost: here nobody guesses passwords."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1


PLACE = f"{__name__}.QuickHasher"


@dataclass
class Walker:
    """Somebody who asks for addresses: with a browser's session and with a token."""

    name: str
    browser: Client
    token: str = ""

    def ask(self, address: Address, path: str, method: str) -> HttpResponse:
        headers = {}
        if self.token and address.is_api:
            headers = {"Authorization": f"Bearer {self.token}", "X-Operator": "north"}
        if self.name == "stranger":
            headers.pop("X-Operator", None)
        if method == "GET":
            return self.browser.get(path, headers=headers)
        kind = "application/json" if address.is_api else "application/x-www-form-urlencoded"
        send = getattr(self.browser, method.lower())
        body = json.dumps(BODIES.get(address.key, {})) if address.is_api else ""
        return send(path, data=body, content_type=kind, headers=headers)


@dataclass
class Place:
    """North's things by the names of parts of addresses; who walks; what must not be told."""

    world: World
    database: TestDatabase
    keys: dict[str, str]
    markers: set[str]
    walkers: dict[str, Walker] = field(default_factory=dict)

    def path_of(self, address: Address) -> str:
        """The address of one of north's things."""
        subject = address.route.removeprefix(API).partition("/")[0]
        path = "/" + address.route.replace("<path:rest>", "nowhere")
        if address.order:
            start, _, _order = path.rstrip("/").rpartition("/")
            path = f"{start}/{address.order}/"
        return _PART.sub(lambda part: self._key(subject, part[1], address.key), path)

    def _key(self, subject: str, part: str, address: str) -> str:
        found = self.keys.get(f"{subject}.{part}") or self.keys.get(part)
        assert found, f"{address}: say in `_keys` what {part} is"
        return found

    def checksums(self) -> dict[str, str]:
        """Of every table that an act could change; what looking leaves behind is left out."""
        with self.database.admin() as admin:
            return {name: _checksum(admin, name) for name in _tables(admin) if name not in _TRACES}

    @contextmanager
    def without_walls(self) -> Iterator[None]:
        """As if nobody had written row-level security: for the run that has to fail."""
        with self.database.admin() as admin:
            walled = _tables(admin, walled=True)
            for name in walled:
                admin.execute(_alter(name, "DISABLE"))
            yield
            for name in walled:
                admin.execute(_alter(name, "ENABLE"))


# What a refused request may leave: who was refused, and that somebody was there.
_TRACES = {"public.audit_auditentry", "public.django_session", "public.staff_idempotentrequest"}
# A token notes when it was used last.
_TRACES |= {"public.staff_apitoken"}


# `<str:key>` or, of the API, `<key>`.
_PART = re.compile(r"<(?:\w+:)?(\w+)>")


def _tables(admin: psycopg.Connection, *, walled: bool = False) -> list[str]:
    rows = admin.execute(
        "SELECT n.nspname || '.' || c.relname FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information_schema)' "
        "AND (c.relrowsecurity OR NOT %s) ORDER BY 1",
        [walled],
    ).fetchall()
    return [row[0] for row in rows]


def _checksum(admin: psycopg.Connection, name: str) -> str:
    query = sql.SQL("SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {} t")
    row = admin.execute(query.format(sql.Identifier(*name.split(".")))).fetchone()
    assert row is not None
    return str(row[0])


def _alter(name: str, verb: LiteralString) -> sql.Composed:
    query = sql.SQL("ALTER TABLE {} {} ROW LEVEL SECURITY")
    return query.format(sql.Identifier(*name.split(".")), sql.SQL(verb))


@contextmanager
def undone() -> Iterator[None]:
    """What is done inside leaves nothing behind."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def a_place(world: World, database: TestDatabase, *, is_peopled: bool = True) -> Place:
    line = world.line(1)
    world.stock(2, 3)
    with world.as_staff():
        subscriber = crm.create_subscriber(name=NAME, email=EMAIL, phone=PHONE)
        second = subscriptions.create_subscription(subscriber_id=subscriber)
        numbering.add_range(first="46701234500", last="46701234599")
        subscriptions.set_msisdn(line, msisdn=MSISDN)
        catalogue.draft_plan(
            code=PLAN,
            name="North Gold",
            price=Decimal(5),
            definition=PlanDefinition(speed_up_bps=10**6, speed_down_bps=10**7),
        )
        approvals.set_rule("wallet.top_up", is_on=True)
        member, _ = staff.hire(
            email="clerk@north.example", name="Clerk", role="viewer", dealer=DEALER
        )
        staff.write_role("north_own", title="North's own", grants=[])
        asker = staff.find_principal(f"staff:{member}")
        entry = equipment.put_on_list("35209900176148", colour="black", reason=DEALER)
        act = str(mass.choose(mass.Chosen(line_ids=[line]), source="file north.csv").id)
    request = _ask(world, subscriber, asker)
    keys = _keys(line, subscriber, member, request) | {"entry_id": str(entry)}
    keys |= {"peer_id": str(_peer(world)), "brand.operator": str(world.north)}
    trace, message = _trace(world, database)
    keys |= {"act_id": act, "mass-acts.key": act}
    keys |= {"trace_id": trace, "traces.key": trace, "traces.message": message}
    keys |= {"deletion_id": str(_deletion(world))}
    markers = {EMAIL, PHONE, MSISDN, NAME, PLAN, DEALER, iccid(1), imsi(1), iccid(2)}
    markers |= {str(one) for one in (line, second, subscriber, member, request, entry)}
    # Whoever may not see deletions is refused before one is looked for: its id is no marker.
    markers |= {trace, message, GONE, act}
    markers |= {"clerk@north.example", "north_own", "North Gold"}
    place = Place(world, database, keys, markers)
    place.walkers = _walkers(world) if is_peopled else {}
    return place


def _peer(world: World) -> UUID:
    """Of the core that both operators share: it is nobody's secret."""
    with world.as_platform():
        operators.add_peer(
            core="lab",
            identity="mme.lab.example",
            addresses=["192.0.2.9"],
            applications=["s6a"],
            realm="lab.example",
            profile="generic3gpp",
        )
        return operator_queries.list_peers()[0].id


def _deletion(world: World) -> UUID:
    """Of an operator that is gone: the platform's own."""
    with world.as_platform():
        made = TenantDeletion.objects.create(
            id=UUID(int=78 << 64), tenant_id=UUID(int=79 << 64), slug="gone", name=GONE,
            state=TenantDeletion.State.DONE, ordered_by="root", ordered_at=world.clock.now(),
        )  # fmt: skip
        return made.id


def _trace(world: World, database: TestDatabase) -> tuple[str, str]:
    """A trace of a card of north's and its one message, which has a number in it."""
    with world.as_staff():
        trace_id = tracing.start(tracing.Subject("imsi", imsi(1)))
    raw = encode_message(
        Header(0xC0, 272, 4, 1, 1),
        [("Subscription-Id", [("Subscription-Id-Type", 0), ("Subscription-Id-Data", MSISDN)])],
    )
    message_id = UUID(int=77 << 64)
    with database.connect("network") as connection:
        connection.execute(
            "INSERT INTO tracing_tracemessage (id, trace_id, operator_id, at, is_sent, peer,"
            " transport, local_address, remote_address, remote_port, raw)"
            " VALUES (%s, %s, %s, %s, false, 'p', 'tcp', '10.0.0.1', '10.0.0.2', 1, %s)",
            (message_id, trace_id, world.north, world.clock.now(), raw),
        )
    return str(trace_id), str(message_id)


def _ask(world: World, subscriber: UUID, asker: staff.Principal | None) -> UUID:
    assert asker is not None
    admin = staff.Principal(asker.actor, world.north, "admin", standing=asker.standing)
    scope = scopes.Scope(
        now=world.clock.now(), actor=asker.actor, operator_id=world.north, authority=admin
    )
    with scopes.within(scope):
        try:
            subscriptions.top_up_wallet(subscriber, amount=Decimal(7), key="walk")
        except ApprovalNeeded as needed:
            return approvals.ask(needed.asked).id
    raise AssertionError("the rule is off")


def _keys(line: UUID, subscriber: UUID, member: UUID, request: UUID) -> dict[str, str]:
    """A whole address part by its name, or by the address's first word and its name."""
    return {
        "subscriber_id": str(subscriber),
        "subscription_id": str(line),
        "member_id": str(member),
        "approval_id": str(request),
        "iccid": iccid(1),
        "msisdn": MSISDN,
        "code": PLAN,
        "act": "sim.swap",
        "slug": "north",
        "account_id": str(UUID(int=7)),
        "token_id": str(UUID(int=8)),
        "me.kind": "app",
        "me.key": str(UUID(int=9)),
        "logins.key": str(member),
        "programs.key": str(UUID(int=7)),
        "tokens.key": str(UUID(int=8)),
        "programs.name": "disable",
        "activity.form": "csv",
        "tokens.name": "revoke",
        "logins.name": "reset",
        "operator.name": "nowhere.example",
        "request_id": str(UUID(int=4)),
        "sims.key": str(UUID(int=4)),
        "table": "subscriptions_suspension",
        "objects.key": str(UUID(int=4)),
        "rate_id": str(UUID(int=5)),
        "allotment_id": str(UUID(int=6)),
        "allotments.key": str(UUID(int=6)),
        "roles.name": "north_own",
        "subscribers.key": str(subscriber),
        "line_id": str(line),
        "lines.key": str(line),
        "sessions.key": "pgw1;1",
        "approvals.key": str(request),
        "staff.key": str(member),
        "charts.name": "sessions",
    }


def _walkers(world: World) -> dict[str, Walker]:
    walkers = {"anonymous": Walker("anonymous", Client())}
    for role in READY:
        operator = "" if role == PLATFORM else "north"
        walkers[role] = _walker(world, role, role, operator)
    walkers["stranger"] = _walker(world, "stranger", "operator_admin", "south")
    return walkers


def _walker(world: World, name: str, role: str, operator: str) -> Walker:
    with world.as_platform():
        member_id = staff.create_staff(
            email=f"{name}@walk.example",
            name=name,
            role=role,
            password=PASSWORD,
            operator=operator,
        )
        token = staff.create_token(role=role, name=name, operator=operator)
        member = StaffMember.objects.get(id=member_id)
    browser = Client()
    browser.post("/login/", {"email": member.email, "password": PASSWORD})
    if not operator:
        browser.post("/operator/", {"operator": "north"})
    return Walker(name, browser, token)
