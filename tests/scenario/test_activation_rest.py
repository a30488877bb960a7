"""The first story through the REST API: from a file of cards to a line that is on, off and gone."""

from uuid import UUID

from tests.harness.databases import TestDatabase
from tests.unit.business.world import Answer, Api, World, card_file, iccid, imsi


def activate_a_line(api: Api, *, number: int) -> str:
    """Subscriber, sub-service, card, number, activation: the calls of the story in order."""
    subscriber = api.post("/subscribers", {"name": "Ada Lovelace"}).json["id"]
    line: str = api.post("/subscriptions", {"subscriber_id": subscriber}).json["id"]
    for verb, body in (
        ("assign-sim", {"iccid": iccid(number)}),
        ("msisdn", {"msisdn": f"1555010{number:04d}"}),
        ("activate", None),
    ):
        assert api.post(f"/subscriptions/{line}/{verb}", body).status == 200
    return line


def known_to_the_network(database: TestDatabase, card: str) -> list[tuple[UUID, str]]:
    with database.admin() as admin:
        return admin.execute(
            "SELECT a.line_id, l.state FROM identity i "
            "JOIN hot_00.authentication a ON a.core_id = i.core_id AND a.imsi = i.value "
            "JOIN hot_00.line l ON l.line_id = a.line_id WHERE i.kind = 'imsi' AND i.value = %s",
            [card],
        ).fetchall()


def state(answer: Answer) -> tuple[str, str]:
    return answer.json["state"], answer.json["sim_state"]


def test_a_line_goes_through_its_whole_life(world: World, database: TestDatabase) -> None:
    api = world.client()
    imported = api.upload("/sims/import?name=first", card_file(1, 2))
    assert (imported.status, imported.json["imported"]) == (201, 2)

    line = activate_a_line(api, number=1)
    assert known_to_the_network(database, imsi(1)) == [(UUID(line), "active")]

    world.clock.advance(days=3)
    suspended = api.post(f"/subscriptions/{line}/suspend", {"reason": "lost_sim"})
    assert state(suspended) == ("suspended", "suspended")
    assert known_to_the_network(database, imsi(1)) == [(UUID(line), "suspended")]

    swapped = api.post(f"/subscriptions/{line}/swap-sim", {"iccid": iccid(2)})
    resumed = api.post(f"/subscriptions/{line}/resume", {"reason": "lost_sim"})
    assert (state(swapped), state(resumed)) == (("suspended",) * 2, ("active", "activated"))
    assert known_to_the_network(database, imsi(1)) == []
    assert known_to_the_network(database, imsi(2)) == [(UUID(line), "active")]
    assert resumed.json["msisdn"] == "15550100001"
    assert resumed.json["activated_at"] == "2026-03-01T12:00:00Z"

    gone = api.post(f"/subscriptions/{line}/terminate", {"reason": "moved away"})
    assert (gone.json["state"], gone.json["iccid"]) == ("terminated", None)
    assert gone.json["terminated_at"] == "2026-03-04T12:00:00Z"
    assert known_to_the_network(database, imsi(2)) == []
    states = {one["iccid"]: one["state"] for one in api.get("/sims").json["items"]}
    assert states == {iccid(1): "retired", iccid(2): "retired"}


def test_a_retired_card_is_unknown_and_a_new_one_takes_its_place(
    world: World, database: TestDatabase
) -> None:
    api = world.client()
    api.upload("/sims/import", card_file(1, 2))
    line = activate_a_line(api, number=1)

    retired = api.post(f"/sims/{iccid(1)}/retire", {"reason": "broken"})
    without = api.get(f"/subscriptions/{line}").json
    replaced = api.post(f"/subscriptions/{line}/assign-sim", {"iccid": iccid(2)})

    assert (retired.json["state"], retired.json["state_cause"]) == ("retired", "broken")
    assert (without["state"], without["iccid"], without["msisdn"]) == ("active", None, None)
    assert state(replaced) == ("active", "activated")
    assert known_to_the_network(database, imsi(1)) == []
    assert known_to_the_network(database, imsi(2)) == [(UUID(line), "active")]


def test_a_card_that_was_never_used_goes_back_to_stock(
    world: World, database: TestDatabase
) -> None:
    api = world.client()
    api.upload("/sims/import", card_file(1))
    subscriber = api.post("/subscribers", {"name": "Ada"}).json["id"]
    line = api.post("/subscriptions", {"subscriber_id": subscriber}).json["id"]
    api.post(f"/subscriptions/{line}/assign-sim", {"iccid": iccid(1)})

    back = api.post(f"/subscriptions/{line}/unassign-sim")

    assert (back.json["state"], back.json["iccid"]) == ("draft", None)
    assert api.get(f"/sims/{iccid(1)}").json["state"] == "stock"
    assert known_to_the_network(database, imsi(1)) == []
