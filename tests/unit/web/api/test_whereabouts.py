"""GET /registrations and GET /authentications."""

from tests.harness.databases import TestDatabase
from tests.unit.business.world import World, imsi


def test_registrations_are_listed_by_imsi_and_by_mme(world: World, database: TestDatabase) -> None:
    for number in (1, 2):
        world.line(number)
    with database.admin() as admin:
        admin.execute(
            "INSERT INTO hot_00.registration SELECT core_id, imsi, operator_id, account_id, line_id,"
            " 'mme' || right(imsi, 1) || '.epc.test', 'epc.test', '001-01', 1004, NULL,"
            " profile_version, %s, %s, NULL FROM hot_00.line",
            (world.clock.now(), world.clock.now()),
        )
    api = world.client()

    first = api.get("/registrations?limit=1").json
    second = api.get(f"/registrations?limit=1&cursor={first['next_cursor']}").json
    at_two = api.get("/registrations?mme_host=mme2.epc.test").json["items"]

    assert [row["imsi"] for row in first["items"] + second["items"]] == [imsi(1), imsi(2)]
    assert second["next_cursor"] is None
    assert [(row["imsi"], row["visited_plmn"]) for row in at_two] == [(imsi(2), "001-01")]
    assert api.get(f"/registrations?imsi={imsi(1)}").json["items"][0]["mme_host"] == "mme1.epc.test"


def test_a_phone_with_mme_and_sgsn_is_listed_with_both_over_pages(
    world: World, database: TestDatabase
) -> None:
    world.line(1)
    with database.admin() as admin:
        for node in ("sgsn", "mme"):
            admin.execute(
                "INSERT INTO hot_00.registration SELECT core_id, imsi, operator_id, account_id,"
                " line_id, %s || '.epc.test', 'epc.test', '001-01', 1004, NULL, profile_version,"
                " %s, %s, NULL, '{}', %s FROM hot_00.line",
                (node, world.clock.now(), world.clock.now(), node),
            )
    api = world.client()

    first = api.get("/registrations?limit=1").json
    second = api.get(f"/registrations?limit=1&cursor={first['next_cursor']}").json

    assert [row["node"] for row in first["items"] + second["items"]] == ["mme", "sgsn"]
    assert second["next_cursor"] is None


def test_refusals_are_listed_newest_first_and_to_their_operator_only(
    world: World, database: TestDatabase
) -> None:
    world.line(1)
    with database.admin() as admin:
        for result in ("no_plan", "suspended"):
            admin.execute(
                "INSERT INTO access_log SELECT core_id, imsi, 'authentication', %s, 'mme1', '001-01',"
                " '', operator_id, line_id, 4, %s, %s FROM hot_00.line",
                (result, world.clock.now(), world.clock.now()),
            )
    api = world.client()

    first = api.get("/authentications?limit=1").json
    second = api.get(f"/authentications?limit=1&cursor={first['next_cursor']}").json

    results = [row["result"] for row in first["items"] + second["items"]]
    assert results == ["no_plan", "suspended"]
    assert first["items"][0]["times"] == 4
    assert api.get(f"/authentications?imsi={imsi(2)}").json["items"] == []
    assert world.client(operator="south").get("/authentications").json["items"] == []
    assert api.get("/lines/" + imsi(1)).json["authentication"]["last_refusal"] == ""
