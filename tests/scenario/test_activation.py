"""New SIM activation, told over REST and a real Diameter connection, as one story."""

import asyncio
import csv
import io
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import REALM, a_node_in_a_thread, an_mme
from tests.network.dialogue import air, result_of, ulr, vectors_of
from wispgate.business.operators import scope as scopes
from wispgate.business.operators import services as operators
from wispgate.business.staff import services as staff
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.kernel.plmn import Plmn
from wispgate.main import worker_process
from wispgate.network.transport.node import DiameterNode
from wispgate.simulator.diameter import DiameterClient
from wispgate.simulator.usim import Authenticated, Usim

PLMN = Plmn("001", "01")
ICCID = "8988211000000512344"


@pytest.fixture(autouse=True)
def _in_one_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """All roles of the story run in this one process and loop."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def opening_key(settings: Any) -> OpeningKey:
    key = OpeningKey(secrets.token_bytes(32))
    settings.WISPGATE_VAULT_PUBLIC_KEY = key.sealing_key.to_text()
    return key


@contextmanager
def closing_connections() -> Iterator[None]:
    """Django keeps a connection per task; a task of the loop must not leave one behind."""
    try:
        yield
    finally:
        connections.close_all()


async def seen_by_the_worker(api: "Api", database: TestDatabase, line: str) -> Any:
    """The line once the worker has told of its registration.

    Events are read below the oldest transaction of the whole server, other tests' included.
    """
    for _ in range(200):
        let_the_worker_deliver(database)
        seen = api.get(f"subscriptions/{line}")
        if seen["first_registered_at"] is not None:
            return seen
        await asyncio.sleep(0.05)
    raise AssertionError("the event was not delivered")


def let_the_worker_deliver(database: TestDatabase) -> int:
    """One turn of the worker, as its own role."""
    settings_dict = connections["default"].settings_dict
    settings_dict["USER"] = database.user("worker")
    try:
        with closing_connections():
            return sum(
                worker_process.deliver_all(name, consumer)
                for name, consumer in worker_process.consumers().items()
            )
    finally:
        settings_dict["USER"] = database.user("web")


class Api:
    """What an integrator has: a token and HTTP."""

    def __init__(self, token: str, **headers: str) -> None:
        self._token = token
        self._client = Client(headers={"Authorization": f"Bearer {token}", **headers})

    def with_key(self, key: str) -> "Api":
        """The same caller, whose requests carry an Idempotency-Key."""
        return Api(self._token, **{"Idempotency-Key": key})

    def post(self, path: str, expected: int = 200, **body: Any) -> Any:
        with closing_connections():
            answer = self._client.post(
                f"/api/v1/{path}", json.dumps(body), content_type="application/json"
            )
        assert answer.status_code in (expected, 201), (path, answer.status_code, answer.content)
        return answer.json()

    def upload(self, path: str, content: bytes) -> Any:
        with closing_connections():
            answer = self._client.post(f"/api/v1/{path}", content, content_type="text/csv")
        assert answer.status_code in (200, 201), (answer.status_code, answer.content)
        return answer.json()

    def get(self, path: str) -> Any:
        with closing_connections():
            answer = self._client.get(f"/api/v1/{path}")
        assert answer.status_code == 200, (path, answer.status_code, answer.content)
        return answer.json()


@pytest.fixture
def api(business: TestDatabase, clock: TravellingClock) -> Api:
    """An operator with a core, an MME that may connect, and a token of its administrator."""
    with scopes.within(scopes.Scope(now=clock.now(), is_platform=True)):
        operators.create_operator(slug="op", name="Op", currency="EUR", time_zone="UTC")
        operators.add_core(name="core", plmns=[PLMN])
        operators.serve_operator(core="core", operator="op")
        operators.add_peer(
            core="core",
            identity="mme.epc.test",
            addresses=["127.0.0.1"],
            applications=["s6a"],
            realm=REALM,
        )
        token = staff.create_token(role="admin", name="integrator", operator="op")
    return Api(token)


@pytest.fixture
def node(
    business: TestDatabase, opening_key: OpeningKey, api: Api, clock: TravellingClock
) -> Iterator[DiameterNode]:
    with a_node_in_a_thread(business, opening_key, clock=clock) as node:
        yield node


@pytest.fixture
async def mme(node: DiameterNode) -> AsyncIterator[DiameterClient]:
    client = await an_mme(node)
    yield client
    await client.close()


def a_batch(*cards: tuple[str, str, bytes, bytes]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["iccid", "imsi", "ki", "opc"])
    writer.writerows([iccid, imsi, k.hex(), opc.hex()] for iccid, imsi, k, opc in cards)
    return text.getvalue().encode()


@pytest.mark.parametrize("partitions", [1, 3], indirect=True)
async def test_a_new_sim_gets_online_is_suspended_and_comes_back(
    api: Api, mme: DiameterClient, clock: TravellingClock, business: TestDatabase
) -> None:
    imsi, k, opc = "001010000000001", secrets.token_bytes(16), secrets.token_bytes(16)
    usim = Usim(imsi, k, opc)
    before = await air(mme, imsi)

    subscriber = api.post("subscribers", name="Ada Lovelace")
    api.upload("sims/import?name=batch-1", a_batch((ICCID, imsi, k, opc)))
    line = api.post("subscriptions", subscriber_id=subscriber["id"])["id"]
    api.post(f"subscriptions/{line}/msisdn", msisdn="15550100001")
    api.post(f"subscriptions/{line}/assign-sim", iccid=ICCID)
    api.post(f"subscriptions/{line}/activate")
    online = await air(mme, imsi)
    registered = await ulr(mme, imsi)
    seen = await seen_by_the_worker(api, business, line)
    presence = api.get(f"lines/{imsi}")
    clock.advance(hours=1)
    api.post(f"subscriptions/{line}/suspend", reason="overdue")
    suspended = [await air(mme, imsi), await ulr(mme, imsi)]
    again = api.post(f"subscriptions/{line}/suspend", expected=409, reason="overdue")
    api.post(f"subscriptions/{line}/resume", reason="overdue")
    resumed = await air(mme, imsi)
    api.post(f"sims/{ICCID}/retire")
    retired = await air(mme, imsi)

    assert result_of(before) == 5001, "a card in stock, or not even there, is unknown"
    ((rand, xres, autn, kasme),) = vectors_of(online)
    outcome = usim.authenticate(rand, autn, PLMN)
    assert isinstance(outcome, Authenticated)
    assert (outcome.res, outcome.kasme) == (xres, kasme)
    assert result_of(registered) == 2001
    data = registered.get_avp("Subscription-Data").members
    assert data.get_octets("MSISDN").hex() == "5155100000f1"
    assert data.find_avp("APN-Configuration-Profile") is not None
    assert seen["state"] == "active"
    assert presence["is_registered"]
    assert presence["registration"]["mme_host"] == "mme.epc.test"
    assert [result_of(answer) for answer in suspended] == [5420, 5420]
    assert again["status"] == 409
    ((rand2, _, autn2, _),) = vectors_of(resumed)
    assert isinstance(usim.authenticate(rand2, autn2, PLMN), Authenticated)
    assert result_of(retired) == 5001


async def test_the_audit_tells_who_did_what(api: Api, mme: DiameterClient) -> None:
    imsi, k, opc = "001010000000001", secrets.token_bytes(16), secrets.token_bytes(16)
    subscriber = api.post("subscribers", name="Ada Lovelace")
    api.upload("sims/import?name=batch-1", a_batch((ICCID, imsi, k, opc)))
    line = api.post("subscriptions", subscriber_id=subscriber["id"])["id"]
    api.post(f"subscriptions/{line}/assign-sim", iccid=ICCID)
    api.post(f"subscriptions/{line}/activate")
    api.post(f"subscriptions/{line}/activate", expected=409)

    entries = api.get("audit?limit=100")["items"]

    told = [(entry["action"], entry["object_type"]) for entry in entries]
    assert ("insert", "crm_subscriber") in told
    assert ("insert", "inventory_sim") in told
    assert ("update", "inventory_sim") in told
    assert "refused" in {action for action, _ in told}
    stories = ("crm_", "inventory_", "subscriptions_")
    by_token = [entry for entry in entries if entry["object_type"].startswith(stories)]
    assert {entry["actor"] for entry in by_token} == {"integrator"}
    assert k.hex() not in json.dumps(entries)
    assert opc.hex() not in json.dumps(entries)
