"""Numbers and their ranges over REST."""

import pytest

from tests.unit.business.world import Api, World

FIRST, LAST = "15550100000", "15550100009"
ELSEWHERE = "15559998888"


@pytest.fixture
def api(world: World) -> Api:
    client = world.client()
    made = client.post("/number-ranges", {"first": f"+{FIRST}", "last": LAST})
    assert (made.status, made.json["size"], made.json["number_class"]) == (201, 10, "ordinary")
    return client


def test_a_number_is_reserved_given_and_released(world: World, api: Api) -> None:
    line = world.line(1)

    untouched = api.get(f"/numbers/{FIRST}").json
    reserved = api.post(f"/numbers/%2B{FIRST}/reserve").json
    given = api.post(f"/subscriptions/{line}/msisdn", {"msisdn": FIRST}).json
    active = api.get(f"/numbers/{FIRST}").json
    released = api.post(f"/numbers/{FIRST}/release", {"reason": "moved away"}).json

    assert (untouched["state"], untouched["state_changed_at"]) == ("available", None)
    assert (reserved["state"], reserved["until"]) == ("reserved", "2026-03-02T12:00:00Z")
    assert given["msisdn"] == FIRST
    assert (active["state"], active["subscription_id"]) == ("active", str(line))
    assert (released["state"], released["state_cause"]) == ("quarantine", "moved away")
    assert released["until"] == "2026-05-30T12:00:00Z"
    assert api.get(f"/subscriptions/{line}").json["msisdn"] is None


def test_refusals_have_their_codes(world: World, api: Api) -> None:
    line, other = world.line(1), world.line(2)
    api.post(f"/subscriptions/{line}/msisdn", {"msisdn": FIRST})

    def refusal(path: str, body: object = None) -> tuple[int, str]:
        answer = api.post(path, body)
        return answer.status, answer.json["code"]

    assert [
        refusal(f"/subscriptions/{other}/msisdn", {"msisdn": FIRST}),
        refusal(f"/subscriptions/{other}/msisdn", {"msisdn": ELSEWHERE}),
        refusal(f"/numbers/{FIRST}/reserve"),
        refusal(f"/numbers/{FIRST}/port-in"),
        refusal(f"/numbers/{ELSEWHERE}/release"),
        refusal(f"/numbers/{LAST}/reserve", {"until": "2026-02-01T00:00:00Z"}),
        refusal(f"/numbers/{LAST}/reserve", {"until": "2026-03-02T00:00:00"}),
        refusal("/number-ranges", {"first": LAST, "last": "15550100020"}),
        refusal("/number-ranges", {"first": LAST, "last": FIRST}),
        refusal("/number-policy", {"quarantine_days": -1}),
    ] == [
        (409, "number_not_free"),
        (422, "number_not_in_range"),
        (409, "number_not_free"),
        (409, "illegal_transition"),
        (404, "not_found"),
        (422, "invalid_value"),
        (422, "invalid_value"),
        (409, "number_range_taken"),
        (422, "invalid_value"),
        (422, "invalid_value"),
    ]


def test_a_refusal_is_found_beside_its_number(world: World, api: Api) -> None:
    api.post(f"/numbers/{FIRST}/reserve")
    api.post(f"/numbers/+{FIRST}/reserve")

    first, second, *_ = api.get("/audit").json["items"]

    assert (first["action"], first["object_type"]) == ("refused", "inventory_number")
    assert second["object_id"] == first["object_id"]


def test_numbers_and_ranges_are_listed_page_by_page(api: Api) -> None:
    for number in range(3):
        api.post(f"/numbers/1555010000{number}/reserve")
    api.post("/number-ranges", {"first": "200", "last": "299", "number_class": "gold"})
    api.post("/number-ranges", {"first": "2000", "last": "2999", "number_class": "gold"})

    def pages(listing: str) -> list[int]:
        sizes, cursor = [], ""
        while cursor is not None:
            page = api.get(f"{listing}limit=2&cursor={cursor}").json
            sizes.append(len(page["items"]))
            cursor = page["next_cursor"]
        return sizes

    assert pages("/numbers?state=reserved&") == [2, 1]
    assert pages("/number-ranges?") == [2, 1]
    assert api.get("/numbers?state=active").json["items"] == []


def test_the_next_number_of_a_class_is_offered(api: Api) -> None:
    api.post(f"/numbers/{FIRST}/reserve")

    offered = api.get("/numbers/next-available").json

    assert (offered["msisdn"], offered["state"]) == ("15550100001", "available")
    assert api.get("/numbers/next-available?number_class=gold").status == 404


def test_a_number_is_ported_in_and_out(api: Api) -> None:
    came = api.post(f"/numbers/{ELSEWHERE}/port-in", {"reason": "order 7"}).json
    left = api.post(f"/numbers/{ELSEWHERE}/port-out").json

    assert (came["state"], came["origin"], came["state_cause"]) == (
        *("assigned", "ported_in", "order 7"),
    )
    assert left["state"] == "ported_out"


def test_the_quarantine_of_an_operator_is_set(api: Api, world: World) -> None:
    before = api.get("/number-policy").json

    api.post("/number-policy", {"quarantine_days": 30})

    assert before == {"quarantine_days": 90}
    assert api.get("/number-policy").json == {"quarantine_days": 30}
    assert world.client(operator="south").get("/number-policy").json == {"quarantine_days": 90}


def test_who_may_do_what_with_numbers(world: World, api: Api) -> None:
    calls = {
        "read": lambda one: one.get("/numbers"),
        "range": lambda one: one.post("/number-ranges", {"first": "200", "last": "299"}),
        "reserve": lambda one: one.post("/numbers/77/reserve"),
        "release": lambda one: one.post("/numbers/77/release"),
        "port_in": lambda one: one.post(f"/numbers/{FIRST}/port-in"),
        "port_out": lambda one: one.post("/numbers/77/port-out"),
    }

    def allowed(role: str) -> set[str]:
        one = world.client(role)
        return {name for name, call in calls.items() if call(one).status != 403}

    assert allowed("viewer") == allowed("billing") == {"read"}
    assert allowed("agent") == {"read", "reserve"}
    assert allowed("inventory") == allowed("admin") == set(calls)


def test_another_operator_sees_no_numbers(world: World, api: Api) -> None:
    api.post(f"/numbers/{FIRST}/reserve")
    other = world.client(operator="south")

    assert other.get("/numbers").json["items"] == other.get("/number-ranges").json["items"] == []
    assert other.get(f"/numbers/{FIRST}").status == 404
