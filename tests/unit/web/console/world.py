"""A small operator to look at: staff, cards, lines, peers; made by the services themselves."""

import json
import os
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from wispgate.business.catalogue import services as catalogue
from wispgate.business.catalogue.definition import PlanDefinition
from wispgate.business.crm import queries as crm_queries
from wispgate.business.crm import services as crm
from wispgate.business.inventory import numbers
from wispgate.business.inventory import services as inventory
from wispgate.business.notifications import services as notifications
from wispgate.business.operators import scope as scopes
from wispgate.business.operators import services as operators
from wispgate.business.staff import services as staff
from wispgate.business.subscriptions import queries as subscription_queries
from wispgate.business.subscriptions import services as subscriptions
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.kernel.identifiers import luhn_check_digit
from wispgate.kernel.ids import uuid7
from wispgate.kernel.plmn import Plmn
from wispgate.store.outbox import StoredEvent

PASSWORD = "correct horse battery"
VAULT_OPENS = OpeningKey(b"\x07" * 32)
VAULT_KEY = VAULT_OPENS.sealing_key.to_text()


@dataclass(frozen=True)
class Seat:
    """An operator with an administrator and a viewer."""

    slug: str
    operator_id: UUID
    admin: str
    viewer: str


@dataclass
class World:
    """Builds what a test looks at. Names of operators tell them apart."""

    database: TestDatabase
    clock: TravellingClock

    def platform(self) -> scopes.Scope:
        return scopes.Scope(now=self.clock.now(), is_platform=True)

    def tenant(self, seat: Seat) -> scopes.Scope:
        actor = scopes.Actor("staff", seat.admin, "192.0.2.7")
        return scopes.Scope(now=self.clock.now(), actor=actor, operator_id=seat.operator_id)

    def an_operator(
        self, slug: str, *, name: str, zone: str = "UTC", range_: str = "001010"
    ) -> Seat:
        with scopes.within(self.platform()):
            operator_id = operators.create_operator(
                slug=slug, name=name, currency="EUR", time_zone=zone
            )
            if slug == "alpha":
                operators.add_core(name="main", plmns=[Plmn("001", "01")])
            operators.serve_operator(
                core="main",
                operator=slug,
                first_imsi=range_.ljust(15, "0"),
                last_imsi=range_.ljust(15, "9"),
            )
        return Seat(
            slug,
            operator_id,
            self.a_member(f"admin@{slug}.example", "admin", slug),
            self.a_member(f"viewer@{slug}.example", "viewer", slug),
        )

    def a_member(self, email: str, role: str, slug: str = "") -> str:
        with scopes.within(self.platform()):
            staff.create_staff(
                email=email,
                name=f"{role.title()} Example",
                role=role,
                password=PASSWORD,
                operator=slug,
            )
        return email

    def cards(self, seat: Seat, count: int, *, batch: str = "2026-03", start: int = 1) -> list[str]:
        numbers = range(start, start + count)
        prefix = "001010" if seat.slug == "alpha" else "001012"
        rows = [f"{iccid(seat, n)},{prefix}{n:09},{n:032x},{n + 9:032x}" for n in numbers]
        with scopes.within(self.tenant(seat)):
            inventory.import_sims("\n".join(["iccid,imsi,ki,opc", *rows]).encode(), name=batch)
        return [iccid(seat, n) for n in numbers]

    def a_line(self, seat: Seat, card: str, *, name: str, msisdn: str = "") -> UUID:
        """A subscriber with one line that has the card and is pending."""
        with scopes.within(self.tenant(seat)):
            subscriber_id = crm.create_subscriber(name=name)
            line_id = subscriptions.create_subscription(subscriber_id=subscriber_id)
            subscriptions.assign_sim(line_id, iccid=card)
            if msisdn:
                subscriptions.set_msisdn(line_id, msisdn=msisdn)
        return line_id

    def a_line_without_card(self, seat: Seat, *, name: str) -> UUID:
        with scopes.within(self.tenant(seat)):
            subscriber_id = crm.create_subscriber(name=name)
            return subscriptions.create_subscription(subscriber_id=subscriber_id)

    def an_active_line(self, seat: Seat, card: str, *, name: str, msisdn: str = "") -> UUID:
        line_id = self.a_line(seat, card, name=name, msisdn=msisdn)
        with scopes.within(self.tenant(seat)):
            subscriptions.activate(line_id)
        return line_id

    def suspended(self, seat: Seat, line_id: UUID, reason: str, *, kind: str = "hard") -> None:
        with scopes.within(self.tenant(seat)):
            subscriptions.suspend(line_id, reason=reason, kind=kind)

    def state_of(self, seat: Seat, line_id: UUID) -> str:
        with scopes.within(self.tenant(seat)):
            return str(subscription_queries.get_subscription(line_id).state)

    def a_plan(self, seat: Seat, code: str = "gold", **given: Any) -> None:
        """A plan on sale: 40 GB at 50 Mbit/s for 10.00 EUR, unless something else is given."""
        self.a_draft(seat, code, **given)
        with scopes.within(self.tenant(seat)):
            catalogue.launch(code)

    def a_draft(self, seat: Seat, code: str = "gold", **given: Any) -> None:
        name = given.pop("name", code.title())
        price = Decimal(given.pop("price", "10.00"))
        definition = {"speed_down_bps": 50_000_000, "speed_up_bps": 10_000_000} | given
        definition.setdefault("data_octets", 40_000_000_000)
        with scopes.within(self.tenant(seat)):
            plan = PlanDefinition(**definition)
            catalogue.draft_plan(code=code, name=name, price=price, definition=plan)

    def subscriber_of(self, seat: Seat, line_id: UUID) -> UUID:
        with scopes.within(self.tenant(seat)):
            return subscription_queries.get_subscription(line_id).subscriber_id

    def bought(self, seat: Seat, line_id: UUID, code: str = "gold", *, paid: str = "25.00") -> None:
        """Money into the wallet, then the plan out of it."""
        with scopes.within(self.tenant(seat)):
            line = subscription_queries.get_subscription(line_id)
            if Decimal(paid):
                subscriptions.top_up_wallet(
                    line.subscriber_id, amount=Decimal(paid), key=f"{line_id}{code}", reason="cash"
                )
            subscriptions.change_plan(line_id, code=code)

    def a_session(self, line_id: UUID, *, session_id: str = "pgw1;1;1", **given: Any) -> str:
        """A phone begins to use data: charged (Gy), and with a policy (Gx)."""
        now = self.clock.now()
        self.as_network(
            "INSERT INTO hot_00.charging_session SELECT %s, operator_id, account_id, line_id, "
            "core_id, 'pgw1.example.org', 'internet', '00101', '10.45.0.2', "
            "coalesce(plan_id, line_id), coalesce(plan_version, 1), 1, true, %s, %s, NULL "
            "FROM hot_00.line WHERE line_id = %s",
            (session_id, now, now, line_id),
        )
        self.as_network(
            "UPDATE hot_00.charging_session SET groups = ARRAY[ROW(-1, 0, %s, %s, false, '{}', '{}')"
            "::charging_group] WHERE session_id = %s",
            (given.get("granted", 50_000_000), now, session_id),
        )
        self.as_network(
            "INSERT INTO hot_00.policy_session SELECT %s || ';gx', operator_id, account_id, line_id, "
            "core_id, 'pgw1.example.org', 'pgw1.example.org', 'example.org', imsi, 'internet', "
            "'10.45.0.2', '00101', 1004, 9, 10000000, 50000000, profile_version, 0, true, %s, %s, "
            "NULL FROM hot_00.line WHERE line_id = %s",
            (session_id, now, now, line_id),
        )
        return session_id

    def used(self, session_id: str, octets: int) -> None:
        """A report: the line's first data bucket pays, the ledger says so."""
        now = self.clock.now()
        self.as_network(
            "WITH paid AS (UPDATE hot_00.bucket SET remaining = remaining - %s, reserved = 50000000 "
            "WHERE bucket_id = (SELECT b.bucket_id FROM hot_00.bucket b JOIN hot_00.charging_session s "
            "ON b.owner_id = s.line_id WHERE s.session_id = %s AND b.unit = 'octets' LIMIT 1) "
            "RETURNING bucket_id) INSERT INTO hot_00.ledger (entry_id, posted_at, operator_id, "
            "account_id, bucket_id, line_id, kind, unit, amount, used_units, session_id, number, "
            "rating_group) SELECT gen_random_uuid(), %s, operator_id, account_id, "
            "(SELECT bucket_id FROM paid), line_id, 'debit', 'octets', %s, %s, session_id, 1, -1 "
            "FROM hot_00.charging_session WHERE session_id = %s",
            (octets, session_id, now, -octets, octets, session_id),
        )
        self.as_network(
            "UPDATE hot_00.charging_session SET seen_at = %s, last_number = last_number + 1 "
            "WHERE session_id = %s",
            (now, session_id),
        )

    def ended(self, session_id: str) -> None:
        now = self.clock.now()
        self.as_network(
            "UPDATE hot_00.charging_session SET is_open = false, closed_at = %s "
            "WHERE session_id = %s",
            (now, session_id),
        )
        self.as_network(
            "UPDATE hot_00.policy_session SET is_open = false, closed_at = %s WHERE session_id = %s",
            (now, f"{session_id};gx"),
        )

    def exhausted(self, line_id: UUID) -> None:
        self.as_network("UPDATE hot_00.line SET is_exhausted = true WHERE line_id = %s", (line_id,))

    def a_push(self, line_id: UUID, *, state: str, effect: str = "stop", **given: Any) -> None:
        """What enforcement asked for now; its further steps come a second apart."""
        now = self.clock.now()
        ends = state in ("in_effect", "failed", "superseded")
        later = [now + timedelta(seconds=seconds) for seconds in (1, 2, 5, 30)]
        was_sent = ends or state in ("sent", "acknowledged")
        self.as_network(
            "INSERT INTO hot_00.push SELECT %s, operator_id, account_id, line_id, core_id, %s, %s, 1, "
            "profile_version, 'policy.network_profile_changed', imsi, NULL, 'mme1.example.org', "
            "'example.org', 'mme1.example.org', %s, %s, '', %s, %s, %s, %s, %s, %s "
            "FROM hot_00.line WHERE line_id = %s",
            (
                uuid7(now, os.urandom(10)),
                effect,
                given.get("means", "s6a_clr_reattach"),
                state,
                1 if was_sent else 0,
                given.get("evidence", ""),
                now,
                later[0] if was_sent else None,
                later[1] if ends or state == "acknowledged" else None,
                later[2] if ends else None,
                later[3],
                line_id,
            ),
        )

    def a_range(self, seat: Seat, first: str, last: str) -> None:
        with scopes.within(self.tenant(seat)):
            numbers.add_range(first=first, last=last)

    def told(self, seat: Seat, line_id: UUID) -> None:
        """The worker makes a message of a top-up of 5 GB."""
        with scopes.within(self.tenant(seat)):
            line = subscription_queries.get_subscription(line_id)
            account_id = crm_queries.account_of(line.subscriber_id).account_id
            event = StoredEvent(
                event_id=uuid7(self.clock.now(), os.urandom(10)),
                kind="data.topped_up",
                operator_id=seat.operator_id,
                account_id=account_id,
                line_id=line_id,
                payload={"octets": 5_000_000_000},
                occurred_at=self.clock.now(),
                xid="1",
            )
            notifications.tell(event)

    def a_peer(self, identity: str, *, address: str = "127.0.0.1/32") -> None:
        with scopes.within(self.platform()):
            operators.add_peer(
                core="main",
                identity=identity,
                addresses=[address],
                applications=["s6a"],
                realm="epc.mnc001.mcc001.3gppnetwork.org",
                profile="open5gs",
            )

    def a_connection(
        self, identity: str, *, state: str = "open", lease: float = 30, local: str = "hss.example"
    ) -> None:
        """As the Diameter process writes it; `lease` seconds from now."""
        now = self.clock.now()
        self.as_network(
            "INSERT INTO peer_connection SELECT id, %s, 'diameter@host1:4711', %s, "
            "'127.0.0.1', %s, 'freeDiameter', '{16777251}', 1, %s, %s FROM operators_core",
            (identity, local, state, now, now + timedelta(seconds=lease)),
        )

    def a_tally(
        self, identity: str, application: int, results: dict[str, int], *, per_second: float
    ) -> None:
        """What passed over a peer's connection, as the Diameter process writes it."""
        self.as_network(
            "INSERT INTO peer_statistics SELECT id, %s, 'hss.example', %s, false, "
            "'diameter@host1:4711', %s, %s, %s, 1.5, 9.5, %s FROM operators_core",
            (
                identity, application, sum(results.values()), json.dumps(results), per_second,
                self.clock.now(),
            ),
        )  # fmt: skip

    def a_refused_connection(self, identity: str) -> None:
        self.as_network(
            "INSERT INTO refused_connection VALUES (%s, '198.51.100.9', 'unknown peer', 17, %s)",
            (identity, self.clock.now()),
        )

    def a_registration(self, line_id: UUID, *, host: str = "mme1.example.org") -> None:
        """The phone of an active line attaches, as the HSS writes it."""
        self.as_network(
            "INSERT INTO hot_00.registration SELECT core_id, imsi, operator_id, account_id, line_id, "
            "%s, 'example.org', '001-01', 1004, '35693803564380', profile_version, %s, %s, NULL "
            "FROM hot_00.line WHERE line_id = %s",
            (host, self.clock.now(), self.clock.now(), line_id),
        )

    def an_authentication(self, line_id: UUID, *, node: str = "mme1.example.org") -> None:
        self.as_network(
            "UPDATE hot_00.authentication SET last_requested_at = %s, last_serving_node = %s, "
            "last_visited_plmn = '001-01' WHERE line_id = %s",
            (self.clock.now(), node, line_id),
        )

    def as_network(self, statement: str, values: tuple[object, ...]) -> None:
        with self.database.connect("network") as connection:
            connection.execute(statement, values)  # type: ignore[arg-type]  # literals of this file


def iccid(seat: Seat, number: int) -> str:
    """A card number that passes the Luhn test; the operators' ranges differ."""
    body = f"8949{'11' if seat.slug == 'alpha' else '22'}{number:012}"
    return body + luhn_check_digit(body)
