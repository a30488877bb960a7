"""A card's PIN and PUK: asked for with a reason, opened by the authentication function, given once."""

from typing import Any

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.unit.business.world import OPENING_KEY, World, card_row, iccid, imsi
from wispgate.business.inventory import services as inventory
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.network.hss.key_holders import HeldKeys
from wispgate.network.hss.puks import answer_requests
from wispgate.store.hot import HotStore

PUK, ADM, PIN = "73519246", "98127364", "4711"
HOLDER, STRANGER = OPENING_KEY, OpeningKey(b"\x55" * 32)


def stock(world: World) -> None:
    k = card_row(1).split(",")[2]
    row = f"{iccid(1)},{imsi(1)},{k},{'ab' * 16},{PUK},{ADM},{PIN}"
    with world.as_staff():
        inventory.import_sims(
            f"iccid,imsi,ki,opc,puk1,adm1,pin1\n{row}\n".encode(), name="with codes"
        )


def answer(database: TestDatabase, clock: TravellingClock, key: OpeningKey = HOLDER) -> None:
    """What the Diameter process does every second, as its own role of the database."""
    import asyncio  # noqa: PLC0415 (the world's tests have no loop of their own)

    async def once() -> None:
        async with HotStore(database.dsn("network")) as store:
            await answer_requests(store, HeldKeys([key]), clock=clock)

    asyncio.run(once())


def dump(database: TestDatabase, *tables: str) -> str:
    with database.admin() as admin:
        return "".join(str(admin.execute(f"SELECT * FROM {t}").fetchall()) for t in tables)  # noqa: S608


def test_a_puk_is_shown_once_to_who_asked_and_why_is_kept(
    world: World, database: TestDatabase, clock: TravellingClock
) -> None:
    stock(world)
    api, other = world.client("auditor"), world.client("senior_agent")
    address = f"/sims/{iccid(1)}/puk"

    asked = api.post(address, {"reason": "ticket 12: PIN mistyped"})
    got = f"{address}/{asked.json['request_id']}"
    early = api.get(got)
    answer(database, clock)
    kept = dump(database, "inventory_pukrequest")
    of_another, shown, again = other.get(got), api.get(got), api.get(got)

    assert (asked.status, early.json) == (201, {"is_ready": False, "codes": []})
    assert of_another.status == again.status == 404
    assert shown.json == {
        "is_ready": True,
        "codes": [{"name": "pin1", "value": PIN}, {"name": "puk1", "value": PUK}],
    }
    assert PUK not in kept
    assert ADM not in str(shown.json)
    assert not {PUK, ADM, PIN} & set(dump(database, "audit_auditentry").replace("'", " ").split())
    with database.admin() as admin:
        audited = admin.execute(
            "SELECT action, object_type, reason, message FROM audit_auditentry WHERE action = 'read'"
        ).fetchall()
    assert audited == [
        ("read", "inventory_sim", "ticket 12: PIN mistyped", "looked at the PIN and PUK")
    ]


def test_nobody_else_and_nobody_without_a_reason_gets_a_puk(world: World) -> None:
    stock(world)
    address = f"/sims/{iccid(1)}/puk"

    answers: dict[str, Any] = {
        "agent": world.client("agent").post(address, {"reason": "curious"}),
        "no reason": world.client("auditor").post(address, {"reason": ""}),
        "another tenant": world.client("auditor", "south").post(address, {"reason": "curious"}),
    }

    assert {who: one.status for who, one in answers.items()} == {
        "agent": 403, "no reason": 422, "another tenant": 404
    }  # fmt: skip


def test_a_card_without_codes_and_one_that_does_not_open_say_so(
    world: World, database: TestDatabase, clock: TravellingClock
) -> None:
    stock(world)
    with world.as_staff():
        plain = f"iccid,imsi,ki,opc\n{iccid(2)},{imsi(2)},{'cd' * 16},{'ab' * 16}\n"
        inventory.import_sims(plain.encode(), name="without codes")
    api = world.client("auditor")

    without = api.post(f"/sims/{iccid(2)}/puk", {"reason": "ticket 13"})
    asked = api.post(f"/sims/{iccid(1)}/puk", {"reason": "ticket 13"})
    answer(database, clock, STRANGER)
    failed = api.get(f"/sims/{iccid(1)}/puk/{asked.json['request_id']}")

    assert (without.status, failed.status) == (404, 503)
