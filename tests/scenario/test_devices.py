"""The equipment register from the office to the network: lists, locks, changes of device."""

import pytest

from tests.harness.databases import TestDatabase
from tests.scenario.test_activation_rest import activate_a_line
from tests.unit.business.world import World, card_file, imsi
from wispgate.domain.policy.profile import NetworkProfile

DEVICE = "356938035643809"
TAC = "35693803"


def locked_to(database: TestDatabase, card: str) -> tuple[str, ...]:
    with database.admin() as admin:
        row = admin.execute(
            "SELECT profile::text FROM hot_00.line WHERE imsi = %s", [card]
        ).fetchone()
    assert row is not None
    return NetworkProfile.decode(row[0]).device_lock


def test_a_line_is_locked_to_devices_and_let_go(world: World, database: TestDatabase) -> None:
    api = world.client()
    api.upload("/sims/import", card_file(1))
    line = activate_a_line(api, number=1)

    locked = api.post(f"/subscriptions/{line}/device-lock", {"imeis": [DEVICE, TAC + "5643810"]})

    assert locked.json["device_lock"] == ["35693803564380", "35693803564381"]
    assert locked_to(database, imsi(1)) == ("35693803564380", "35693803564381")

    let_go = api.post(f"/subscriptions/{line}/device-lock", {"imeis": []})

    assert let_go.json["device_lock"] == []
    assert locked_to(database, imsi(1)) == ()
    assert let_go.json["profile_version"] > locked.json["profile_version"]


def test_a_wrong_imei_is_named_by_its_place(world: World) -> None:
    api = world.client()
    api.upload("/sims/import", card_file(1))
    line = activate_a_line(api, number=1)

    refused = api.post(f"/subscriptions/{line}/device-lock", {"imeis": [DEVICE, "12"]})

    assert refused.status == 422
    assert "imeis[1]" in str(refused.json)
    assert api.get(f"/subscriptions/{line}").json["device_lock"] == []


def test_devices_are_put_on_lists_found_and_taken_off(world: World) -> None:
    api = world.client()
    barred = api.post("/equipment", {"range": TAC, "colour": "black", "reason": "recalled"})
    api.post("/equipment", {"range": DEVICE, "colour": "white"})

    holding = api.get(f"/equipment?imei={DEVICE}").json["items"]
    black = api.get("/equipment?colour=black").json["items"]

    assert [(one["first"], one["colour"]) for one in holding] == [
        ("35693803000000", "black"),
        ("35693803564380", "white"),
    ]
    assert [one["reason"] for one in black] == ["recalled"]
    assert api.delete(f"/equipment/{barred.json['id']}").status == 204
    assert api.delete(f"/equipment/{barred.json['id']}").status == 404
    assert api.get("/equipment?colour=black").json["items"] == []


def test_a_device_that_is_listed_again_changes_lists(world: World) -> None:
    api = world.client()

    for colour in ("black", "grey"):
        api.post("/equipment", {"range": DEVICE, "colour": colour})

    items = api.get("/equipment").json["items"]
    assert [one["colour"] for one in items] == ["grey"]


def test_a_list_is_imported_whole_and_paged_through(world: World) -> None:
    api = world.client()
    rows = [f"356938035{n:05d},black,stolen, twice" for n in range(7)]

    imported = api.upload("/equipment/import", "\n".join(["range,colour,reason", *rows]).encode())
    first = api.get("/equipment?limit=5").json
    second = api.get(f"/equipment?limit=5&cursor={first['next_cursor']}").json

    assert imported.json == {"entries": 7}
    assert [len(first["items"]), len(second["items"])] == [5, 2]
    assert second["next_cursor"] is None
    assert first["items"][0]["reason"] == "stolen, twice"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"imei\n35693803\n", "header"),
        (b"range,colour\n35693803,red\n", "colour"),
        (b"range,colour\n3569380,black\n", "range"),
        (b"range,colour,reason\n35693803,black," + b"x" * 201 + b"\n", "reason"),
    ],
)
def test_a_wrong_file_changes_nothing_and_says_what_is_wrong(
    world: World, content: bytes, place: str
) -> None:
    api = world.client()

    refused = api.upload("/equipment/import", content)

    assert refused.status == 422
    assert place in str(refused.json)
    assert api.get("/equipment").json["items"] == []
