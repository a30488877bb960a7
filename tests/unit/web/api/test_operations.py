"""The operations of the API: lists, filters, pages, and what each shows."""

from uuid import uuid4

import pytest

from tests.unit.business.world import World, card_file, iccid, imsi
from wispgate.business.operators import services as operators


def test_lists_are_read_page_by_page(world: World) -> None:
    world.stock(*range(5))
    api = world.client()

    seen, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/sims?limit=2&cursor={cursor}").json
        seen.append([one["iccid"] for one in page["items"]])
        cursor = page["next_cursor"]

    assert [len(page) for page in seen] == [2, 2, 1]
    assert [one for page in seen for one in page] == [iccid(number) for number in range(5)]


@pytest.mark.parametrize("listing", ["/subscribers", "/subscriptions", "/audit"])
def test_newest_first_lists_have_pages_too(world: World, listing: str) -> None:
    for _ in range(3):
        world.subscription()
    api = world.client()

    first = api.get(f"{listing}?limit=2").json
    second = api.get(f"{listing}?limit=2&cursor={first['next_cursor']}").json

    ids = [one["id"] for one in [*first["items"], *second["items"]]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) >= 3


@pytest.mark.parametrize("listing", ["/subscribers", "/subscriptions", "/audit", "/sims"])
@pytest.mark.parametrize("cursor", ["x", "eHh4", "w6k=", "%FF"])
def test_a_cursor_of_ones_own_making_is_refused(world: World, listing: str, cursor: str) -> None:
    answer = world.client().get(f"{listing}?cursor={cursor}")

    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "query.cursor")


def test_lists_are_filtered(world: World) -> None:
    line = world.line(1)
    world.stock(2)
    api = world.client()
    api.post("/subscribers", {"name": "Bob", "external_id": "C-7"})
    owner = api.get(f"/subscriptions/{line}").json["subscriber_id"]

    def count(address: str) -> int:
        return len(api.get(address).json["items"])

    assert count("/sims?state=activated") == count(f"/sims?imsi={imsi(2)}") == 1
    assert count("/subscriptions?state=active") == 1
    assert count("/subscriptions?state=draft") == 0
    assert count(f"/subscriptions?subscriber_id={owner}") == 1
    assert count(f"/subscriptions?subscriber_id={uuid4()}") == 0
    assert count("/subscribers?external_id=C-7") == 1
    assert count(f"/audit?object_type=subscriptions_subscription&object_id={line}") > 2
    assert api.get("/sims?state=Activated").status == 422


def test_a_line_is_found_by_imsi_and_by_id(world: World) -> None:
    line, api = world.line(1), world.client()

    by_imsi, by_id = api.get(f"/lines/{imsi(1)}"), api.get(f"/lines/{line}")

    assert by_imsi.json == by_id.json
    assert by_imsi.json["authentication"]["consecutive_resyncs"] == 0
    assert (by_imsi.json["is_registered"], by_imsi.json["registration"]) == (False, None)
    for unknown in (imsi(9), str(uuid4()), "nobody", "89"):
        assert api.get(f"/lines/{unknown}").status == 404


def test_the_peers_of_ones_cores_are_shown(world: World) -> None:
    with world.as_platform():
        operators.add_peer(
            core="lab", identity="MME.lab", addresses=["192.0.2.1"], applications=["s6a"], realm="r"
        )

    (peer,) = world.client().get("/peers").json

    assert (peer["identity"], peer["core"], peer["applications"]) == ("mme.lab", "lab", ["s6a"])


def test_a_dry_run_of_an_import_reports_and_keeps_nothing(world: World) -> None:
    api = world.client()
    odd = iccid(1)[:-1] + str((int(iccid(1)[-1]) + 1) % 10)
    content = card_file(1, 2).replace(iccid(1).encode(), odd.encode())

    answer = api.upload("/sims/import?name=May&dry_run=true", content)

    assert (answer.status, answer.json["imported"], answer.json["is_dry_run"]) == (201, 2, True)
    assert [one["row"] for one in answer.json["warnings"]] == [2]
    assert api.get("/sims").json["items"] == []


def test_the_audit_says_who_when_from_where_why_before_and_after(world: World) -> None:
    line, api = world.line(1), world.client()

    answer = api.post(f"/subscriptions/{line}/terminate", {"reason": "moved away"})

    entries = api.get("/audit").json["items"]
    entry = next(one for one in entries if one["object_type"] == "subscriptions_subscription")
    assert (entry["actor_kind"], entry["actor"], entry["address"]) == (
        *("token", "north admin", "127.0.0.1"),
    )
    assert (entry["reason"], entry["request_id"]) == ("moved away", answer.headers["X-Request-Id"])
    assert entry["at"] == "2026-03-01T12:00:00Z"
    assert (entry["before"]["state"], entry["after"]["state"]) == ("active", "terminated")
    card = next(one for one in entries if one["action"] == "insert" and "iccid" in one["after"])
    assert card["after"]["sealed_key"] == card["after"]["sealed_codes"] == "sealed"
    assert card["after"]["fingerprint"] == "sealed"


@pytest.mark.parametrize("verb", ["activate", "unassign-sim", "resume"])
def test_an_illegal_transition_is_a_conflict_and_audited(world: World, verb: str) -> None:
    line, api = world.line(1, "active"), world.client()
    body = {"reason": "fraud"} if verb == "resume" else None

    answer = api.post(f"/subscriptions/{line}/{verb}", body)

    (entry,) = [one for one in api.get("/audit").json["items"] if one["action"] == "refused"]
    assert (answer.status, answer.json["code"]) == (409, "illegal_transition")
    assert (entry["object_type"], entry["object_id"]) == ("subscriptions_subscription", str(line))
    assert entry["after"]["code"] == "illegal_transition"


def test_a_refused_retirement_is_found_beside_its_card(world: World) -> None:
    world.stock(1)
    api = world.client()
    api.post(f"/sims/{iccid(1)}/retire", {"reason": "scratched"})

    api.post(f"/sims/{iccid(1)}/retire")

    kinds = {one["object_id"]: one["action"] for one in api.get("/audit").json["items"][:1]}
    changed = api.get("/audit?object_type=inventory_sim").json["items"]
    assert list(kinds.values()) == ["refused"]
    assert changed[0]["object_id"] == changed[1]["object_id"]


def test_a_number_is_given_and_taken_away(world: World) -> None:
    line, api = world.line(1), world.client()

    given = api.post(f"/subscriptions/{line}/msisdn", {"msisdn": "+15550100001"})
    taken = api.post(f"/subscriptions/{line}/msisdn", {"msisdn": None})

    assert (given.json["msisdn"], taken.json["msisdn"]) == ("15550100001", None)
    assert api.post(f"/subscriptions/{line}/msisdn", {"msisdn": "home"}).status == 422
    assert api.post(f"/subscriptions/{line}/msisdn", {}).status == 422
