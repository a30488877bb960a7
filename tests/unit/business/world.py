"""Two operators on one core, staff tokens, card files and short ways to say what is done."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.test import Client

from tests.harness.clock import TravellingClock
from wispgate.business.crm import services as crm
from wispgate.business.inventory import services as inventory
from wispgate.business.operators import queries as operator_queries
from wispgate.business.operators import scope as scopes
from wispgate.business.operators import services as operators
from wispgate.business.staff import services as staff
from wispgate.business.subscriptions import services as subscriptions
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.kernel.identifiers import luhn_check_digit
from wispgate.kernel.plmn import Plmn

OPENING_KEY = OpeningKey(bytes(range(32)))
HEADER = "iccid,imsi,ki,opc,pin1,puk1,adm1"
# Thrown away with each test; the last digits are the card's number.
KI = "465b5ce8b199b49faa5f0a2ee2{:06d}"
OPC = "cd63cb71954a9f4e48a5994e37{:06d}"


def iccid(number: int) -> str:
    body = f"894670{number:012d}"
    return body + luhn_check_digit(body)


def imsi(number: int) -> str:
    return f"00101{number:010d}"


def card_row(number: int) -> str:
    codes = f"1234,{number:08d},{number + 1:08d}"
    return f"{iccid(number)},{imsi(number)},{KI.format(number)},{OPC.format(number)},{codes}"


def card_file(*numbers: int, header: str = HEADER) -> bytes:
    return ("\n".join([header, *(card_row(number) for number in numbers)]) + "\n").encode()


@dataclass
class World:
    """Operators `north` (cards below 500 000) and `south` (above) share the core `lab`."""

    clock: TravellingClock
    north: UUID
    south: UUID

    @contextmanager
    def as_staff(self, operator: UUID | None = None, *, reason: str = "") -> Iterator[None]:
        actor = scopes.Actor("staff", "ada@north.example", "192.0.2.7")
        scope = scopes.Scope(
            now=self.clock.now(), actor=actor, operator_id=operator or self.north, reason=reason
        )
        with scopes.within(scope):
            yield

    @contextmanager
    def as_platform(self) -> Iterator[None]:
        with scopes.within(scopes.Scope(now=self.clock.now(), is_platform=True)):
            yield

    def token(self, role: str = "admin", operator: str = "north") -> str:
        with self.as_platform():
            return staff.create_token(
                role=role, name=f"{operator or 'platform'} {role}", operator=operator
            )

    def client(self, role: str = "admin", operator: str = "north") -> "Api":
        return Api(self.token(role, operator))

    def stock(self, *numbers: int, operator: UUID | None = None) -> None:
        with self.as_staff(operator):
            inventory.import_sims(card_file(*numbers), name="batch")

    def subscriber(self, name: str = "Ada Lovelace", *, operator: UUID | None = None) -> UUID:
        with self.as_staff(operator):
            return crm.create_subscriber(name=name)

    def subscription(self, *, operator: UUID | None = None) -> UUID:
        subscriber = self.subscriber(operator=operator)
        with self.as_staff(operator):
            return subscriptions.create_subscription(subscriber_id=subscriber)

    def line(self, number: int, state: str = "active", *, operator: UUID | None = None) -> UUID:
        """A sub-service with a card of its own, brought to `state`."""
        self.stock(number, operator=operator)
        made = self.subscription(operator=operator)
        with self.as_staff(operator):
            subscriptions.assign_sim(made, iccid=iccid(number))
            if state in ("active", "suspended"):
                subscriptions.activate(made)
            if state == "suspended":
                subscriptions.suspend(made, reason="operator")
        return made


class Api:
    """Calls of the REST API as a program makes them."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.client = Client()

    def get(self, path: str, **headers: str) -> "Answer":
        answer = self.client.get(f"/api/v1{path}", headers=self._headers(headers))
        return Answer(answer)

    def post(self, path: str, body: object = None, **headers: str) -> "Answer":
        answer = self.client.post(
            f"/api/v1{path}",
            data=json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers=self._headers(headers),
        )
        return Answer(answer)

    def patch(self, path: str, body: object) -> "Answer":
        answer = self.client.patch(
            f"/api/v1{path}",
            data=json.dumps(body),
            content_type="application/json",
            headers=self._headers({}),
        )
        return Answer(answer)

    def delete(self, path: str) -> "Answer":
        return Answer(self.client.delete(f"/api/v1{path}", headers=self._headers({})))

    def put(self, path: str, body: object) -> "Answer":
        answer = self.client.put(
            f"/api/v1{path}",
            data=json.dumps(body),
            content_type="application/json",
            headers=self._headers({}),
        )
        return Answer(answer)

    def upload(self, path: str, content: bytes, **headers: str) -> "Answer":
        answer = self.client.post(
            f"/api/v1{path}",
            data=content,
            content_type="text/csv",
            headers=self._headers(headers),
        )
        return Answer(answer)

    def _headers(self, extra: dict[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in extra.items()}
        return {"Authorization": f"Bearer {self.token}", **named}


class Answer:
    def __init__(self, response: object) -> None:
        self.status: int = response.status_code  # type: ignore[attr-defined]
        self.headers = response.headers  # type: ignore[attr-defined]
        self.content: bytes = response.content  # type: ignore[attr-defined]

    @property
    def json(self) -> dict:
        return json.loads(self.content)


def a_world(clock: TravellingClock) -> World:
    settings.WISPGATE_VAULT_PUBLIC_KEY = OPENING_KEY.sealing_key.to_text()
    world = World(clock, UUID(int=0), UUID(int=0))
    with world.as_platform():
        for slug, currency in (("north", "EUR"), ("south", "SEK")):
            operators.create_operator(
                slug=slug, name=slug.title(), currency=currency, time_zone="Europe/Stockholm"
            )
        operators.add_core(name="lab", plmns=[Plmn("001", "01")])
        ranges = {"north": (imsi(0), imsi(499_999)), "south": (imsi(500_000), imsi(999_999))}
        for slug, (first, last) in ranges.items():
            operators.serve_operator(core="lab", operator=slug, first_imsi=first, last_imsi=last)
        world.north = operator_queries.get_operator("north").id
        world.south = operator_queries.get_operator("south").id
    return world
