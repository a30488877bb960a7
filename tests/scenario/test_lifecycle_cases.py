"""The example cases of life cycles and security, through the REST API."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from psycopg import sql

from tests.contract.test_tenant_walls import identifier, tables
from tests.harness import sealing
from tests.harness.databases import TestDatabase
from tests.unit.business.world import Answer, World, card_file, card_row, iccid
from wispgate.business.audit import queries as audit
from wispgate.business.inventory import queries as sims
from wispgate.business.inventory.lifecycle import SimAction
from wispgate.business.inventory.models import Sim
from wispgate.business.staff import services as staff
from wispgate.business.staff.roles import READY, canonical
from wispgate.business.tenants.services import deletion

CASES = json.loads(
    (Path(__file__).parents[1] / "data" / "cases" / "examples_lifecycle_security.json").read_text()
)["cases"]
AREAS = {"sim_transition", "sim_workflow", "rbac", "tenant_isolation", "ki_secrecy", "audit_chain"}
AREAS |= {"portal_api_security", "msisdn"}

NO_VOICE = "plans sell no voice yet, so that no line needs a number for it"
NO_BILLING = "there is no billing yet"
NO_PORTAL = "there is no portal yet"
EXCLUDED = {
    "LIF-039": NO_VOICE,
    "LIF-054": "suspensions with a date in the future need the automation",
    "LIF-072": NO_BILLING,
    "LIF-083": NO_PORTAL,
    "LIF-090": NO_BILLING,
    "LIF-096": NO_BILLING,
    "LIF-106": "keys are sealed anew by the authentication function, which has its own test",
    "LIF-122": "there are no CDR files yet",
    "LIF-123": NO_PORTAL,
    "LIF-132": "there are no webhooks yet",
    "LIF-138": "there is no RADIUS yet",
}
Case = Mapping[str, Any]


class Stage:
    """One SIM (number 1) on a line of its own, a spare one (2), and what was answered."""

    def __init__(self, world: World, database: TestDatabase) -> None:
        self.world, self.database = world, database
        self.started_at = world.clock.now()
        self.api = world.client()
        self.subscriber = self.api.post("/subscribers", {"name": "Ada"}).json["id"]
        self.line = self.a_line()

    def a_line(self) -> str:
        made = self.api.post("/subscriptions", {"subscriber_id": self.subscriber})
        return str(made.json["id"])

    def do(self, action: str, body: object = None) -> Answer:
        return self.api.post(f"/subscriptions/{self.line}/{action}", body)

    def stock(self, *numbers: int) -> Answer:
        return self.api.upload("/sims/import?name=case", card_file(*numbers))

    def bring_to(self, state: str) -> None:
        self.stock(1, 2)
        if state != "stock":
            assert self.do("assign-sim", {"iccid": iccid(1)}).status == 200
        if state in ("activated", "suspended"):
            assert self.do("activate").status == 200
        if state == "suspended":
            assert self.do("suspend", {"reason": "fraud"}).status == 200
        if state == "retired":
            assert self.api.post(f"/sims/{iccid(1)}/retire").status == 200

    def state(self, number: int = 1) -> str:
        return str(self.api.get(f"/sims/{iccid(number)}").json["state"])

    def refusals(self) -> int:
        with self.world.as_staff():
            return sum(one.action == "refused" for one in audit.list_entries())


def act(stage: Stage, action: str) -> Answer:
    """A SIM's action as the API has it. One without a line is tried on a line's behalf."""
    if action == "assign":
        stage.line = stage.a_line()
        return stage.do("assign-sim", {"iccid": iccid(1)})
    if action == "retire":
        return stage.api.post(f"/sims/{iccid(1)}/retire")
    bodies = {
        "unassign": ("unassign-sim", None),
        "activate": ("activate", None),
        "suspend": ("suspend", {"reason": "fraud"}),
        "resume": ("resume", {"reason": "fraud"}),
        "swap_out": ("swap-sim", {"iccid": iccid(2)}),
    }
    return stage.do(*bodies[action])


def sim_transition(stage: Stage, case: Case) -> None:
    stage.bring_to(case["given"]["sim_state"])
    ((event,), expect) = (case["events"], case["expect"])
    before = stage.refusals()

    answer = act(stage, event["do"])

    assert stage.state() == expect["state"]
    if "error" not in expect:
        assert answer.status == 200
        return
    # A card that no line has cannot be acted on through a line: that is a conflict as well.
    has_line = case["given"]["sim_state"] in ("assigned", "activated", "suspended")
    codes = {expect["error"]} if has_line else {expect["error"], "has_no_sim"}
    assert (answer.status, answer.json["code"] in codes) == (409, True)
    assert stage.refusals() == before + 1
    assert event["do"] in list(SimAction)


def activation_in_order(stage: Stage, case: Case) -> None:
    stage.bring_to("activated")

    assert stage.state() == case["expect"]["sim"]
    with stage.world.as_staff():
        assert len(audit.list_entries()) >= case["expect"]["audit_entries_min"]


def swap_keeps_everything(stage: Stage, case: Case) -> None:
    stage.bring_to("activated")
    stage.do("msisdn", {"msisdn": "15550100001"})
    before = stage.api.get(f"/subscriptions/{stage.line}").json

    after = stage.do("swap-sim", {"iccid": iccid(2)}).json

    assert (stage.state(1), stage.state(2)) == (case["expect"]["A"], case["expect"]["B"])
    for kept in ("msisdn", "activated_at", "subscriber_id", "state"):
        assert after[kept] == before[kept]
    with stage.world.as_staff():
        assert sims.get_sim(iccid(2)).replaces_id == sims.get_sim(iccid(1)).id


def swap_breaks_in_the_middle(stage: Stage, case: Case) -> None:
    stage.bring_to("activated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wispgate.business.subscriptions.services.lines.attach", break_down)
        assert stage.do("swap-sim", {"iccid": iccid(2)}).status == 500

    active = [number for number in (1, 2) if stage.state(number) == "activated"]
    assert active == [1]
    assert stage.do("swap-sim", {"iccid": iccid(2)}).status == 200
    assert (stage.state(1), stage.state(2)) == ("retired", "activated")


def break_down(*_arguments: object) -> None:
    raise ZeroDivisionError


def import_twice(stage: Stage, case: Case) -> None:
    numbers = range(case["given"]["rows"])
    answers = [stage.stock(*numbers).json for _ in case["events"]]

    assert [one["imported"] for one in answers] == case["expect"]["imported"]
    assert [one["duplicates"] for one in answers] == case["expect"]["duplicates"]


def reasons_stack(stage: Stage, case: Case) -> None:
    stage.bring_to(case["given"]["sim"])
    for event in case["events"]:
        if event["do"] == "suspend":
            stage.do("suspend", {"reason": event["reason"]})
        else:
            stage.do("resume", {"reason": "overdue"})

    found = stage.api.get(f"/subscriptions/{stage.line}").json
    assert found["state"] == case["expect"]["state"]
    assert [one["reason"] for one in found["suspensions"]] == case["expect"]["active_reasons"]


def role_matrix(stage: Stage, case: Case) -> None:
    line = f"/subscriptions/{stage.line}"
    calls: dict[str, Callable[[Any], Answer]] = {
        "read": lambda api: api.get("/sims"),
        "import": lambda api: api.upload("/sims/import", card_file(9)),
        "assign": lambda api: api.post(f"{line}/assign-sim", {"iccid": iccid(99)}),
        "activate": lambda api: api.post(f"{line}/activate"),
        "suspend": lambda api: api.post(f"{line}/suspend", {"reason": "fraud"}),
        "swap": lambda api: api.post(f"{line}/swap-sim", {"iccid": iccid(99)}),
        "retire": lambda api: api.post(f"/sims/{iccid(99)}/retire"),
    }
    for role, allowed in case["given"]["roles"].items():
        assert canonical(role, is_platform=False) in READY
        api = stage.world.client(role)
        denied = {name for name, call in calls.items() if call(api).status == 403}
        expected = set() if allowed == ["*"] else set(calls) - set(allowed)
        assert denied == expected, role
    assert case["expect"]["status_when_denied"] == 403


def role_taken_away(stage: Stage, case: Case) -> None:
    agent = stage.world.client("agent")
    with stage.world.as_platform():
        from wispgate.business.staff.models import ApiToken  # noqa: PLC0415

        ApiToken.objects.filter(role="agent").update(role="none")

    assert agent.post(f"/subscriptions/{stage.line}/activate").status == case["expect"]["status"]


def foreign_objects(stage: Stage, case: Case) -> None:
    stage.bring_to("activated")
    other = stage.world.client("admin", "south")
    addresses = [
        f"/subscribers/{stage.subscriber}",
        f"/subscriptions/{stage.line}",
        f"/sims/{iccid(1)}",
        f"/lines/{stage.line}",
    ]

    for address in addresses:
        assert stage.api.get(address).status == 200
        assert other.get(address).status == case["expect"]["status"]
    for listing in ("/subscribers", "/subscriptions", "/sims", "/audit"):
        shown = other.get(listing).content
        assert stage.subscriber.encode() not in shown
        assert iccid(1).encode() not in shown


def deleted_tenant_leaves_others(stage: Stage, case: Case) -> None:
    stage.bring_to("activated")
    stage.world.line(600_000, operator=stage.world.south)
    (event,) = case["events"]
    assert event["do"] == "delete T2"
    before = everything_of(stage, stage.world.north)
    south = {"typed_slug": "south"}
    platform = stage.world.client("admin", "")

    refused = stage.api.post("/operators/south/delete", south)
    platform.post("/operators/south/suspend", {"reason": "contract_end"})
    begun = platform.post("/operators/south/delete", south)
    deletion.work_off(stage.world.clock.now())

    assert (refused.status, begun.status) == (403, 202)
    assert everything_of(stage, stage.world.south) == {}
    after = everything_of(stage, stage.world.north)
    # That T1's admin was refused is an entry of its own audit.
    assert len(after["audit_auditentry"]) == len(before.pop("audit_auditentry")) + 1
    del after["audit_auditentry"]
    assert (after == before) == case["expect"]["T1_unchanged"]


def everything_of(stage: Stage, operator: UUID) -> dict[str, list[Any]]:
    """Every row of a tenant by table, found by the catalogue."""
    found = {}
    with stage.database.admin() as admin:
        for table, (has_operator, _) in tables(stage.database).items():
            if has_operator:
                query = sql.SQL("SELECT t::text FROM {} t WHERE operator_id = %s ORDER BY 1")
                found[table] = admin.execute(query.format(identifier(table)), [operator]).fetchall()
    return {table: rows for table, rows in found.items() if rows}


def foreign_plan(stage: Stage, case: Case) -> None:
    other = stage.world.client("admin", "south")
    plan = {"code": "gold", "name": "Gold", "price": "1.00", "data_octets": 10**9}
    speeds = {"speed_up_bps": 10**6, "speed_down_bps": 10**6}
    assert other.post("/plans", plan | speeds).status == 201
    assert other.post("/plans/gold/launch").status == 200

    assert stage.do("plan", {"code": "gold"}).status in case["expect"]["status_in"]


def unique_per_tenant(stage: Stage, case: Case) -> None:
    other = stage.world.client("admin", "south")
    answers = [
        api.post("/subscribers", {"name": "G", "external_id": "GOLD"}) for api in (stage.api, other)
    ]

    assert all(answer.status == 201 for answer in answers) == case["expect"]["both_ok"]


def keys_are_write_only(stage: Stage, case: Case) -> None:
    stage.bring_to("activated")
    readers = [role.name for role in READY.values() if role.holds("audit.read")]
    clients = [stage.world.client(role) for role in readers if role != "platform_admin"]
    clients.append(stage.world.client("admin", ""))

    for api in clients:
        for address in (f"/sims/{iccid(1)}", "/sims", "/audit", f"/lines/{stage.line}"):
            answer = api.get(address, X_Operator="north")
            assert answer.status == 200
            assert not set(case["expect"]["fields_absent"]) & keys_in(answer.json)
            assert b"465b5ce8" not in answer.content
            assert b"cd63cb71" not in answer.content


def keys_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*(keys_in(one) for one in value.values()))
    return set().union(*(keys_in(one) for one in value)) if isinstance(value, list) else set()


def wrong_key_is_not_echoed(stage: Stage, case: Case) -> None:
    wrong = card_row(1).split(",")
    wrong[2] = case["given"]["ki"]
    header = card_file(header="iccid,imsi,ki,opc,pin1,puk1,adm1").decode()

    answer = stage.api.upload("/sims/import", f"{header}{','.join(wrong)}\n".encode())

    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "rows[2].ki")
    assert (case["given"]["ki"].encode() in answer.content) == case["expect"]["value_echoed"]


def equal_keys_differ_at_rest(stage: Stage, case: Case) -> None:
    twin = card_row(2).replace("2000002", "2000001").replace("37000002", "37000001")
    stage.api.upload("/sims/import", card_file(1) + twin.encode())

    with stage.world.as_staff():
        one, other = Sim.objects.all()
        assert (bytes(one.sealed_key) == bytes(other.sealed_key)) == (
            case["expect"]["ciphertext_equal"]
        )


def audit_rows_stay(stage: Stage, case: Case) -> None:
    for command in ("UPDATE audit_auditentry SET actor = ''", "DELETE FROM audit_auditentry"):
        with stage.database.connect("web") as web, pytest.raises(Exception) as refused:
            web.execute(command)
        assert case["expect"]["error"] in str(refused.value)


def a_sealed_chain(stage: Stage, entries: int) -> str:
    """The platform's chain, grown to that many entries of which each has a transaction."""
    with stage.database.connect("web") as web:
        web.autocommit = True
        for number in range(entries - platform_entries(stage)):
            web.execute(
                "INSERT INTO audit_auditentry (at, actor_kind, actor, address, request_id, reason, "
                "action, object_type, object_id, message) "
                "VALUES (%s, 'staff', 'ada', '', '', '', 'update', 'thing', %s, '')",
                [stage.world.clock.now(), str(number)],
            )
    sealing.seal_all(stage.database, stage.world.clock.now())
    return "audit/platform"


def platform_entries(stage: Stage) -> int:
    with stage.database.admin() as admin:
        row = admin.execute("SELECT count(*) FROM audit_auditentry WHERE operator_id IS NULL")
        return int(row.fetchone()[0])  # type: ignore[index]  # a count is one row


def untouched_chain(stage: Stage, case: Case) -> None:
    chain = a_sealed_chain(stage, case["given"]["entries"])

    report = sealing.verify(stage.database, stage.world.clock.now())[chain]

    assert (report.finding is None) == case["expect"]["ok"]
    assert report.rows == case["expect"]["checked"]


def chain_cut_off(stage: Stage, case: Case) -> None:
    chain = a_sealed_chain(stage, case["given"]["entries"])
    with stage.database.admin() as admin:
        admin.execute("SET session_replication_role = replica")
        gone = admin.execute(
            "DELETE FROM audit_auditentry WHERE id IN (SELECT id FROM audit_auditentry "
            "WHERE operator_id IS NULL ORDER BY xid DESC, id DESC LIMIT 10)"
        )
        assert gone.rowcount == 10

    finding = sealing.verify(stage.database, stage.world.clock.now())[chain].finding

    assert (finding is None) == case["expect"]["ok"]
    assert finding is not None
    assert (finding.damage, finding.place) == ("truncated", 91)


def clock_set_back(stage: Stage, case: Case) -> None:
    chain = a_sealed_chain(stage, case["given"]["entries"])
    stage.world.clock.advance(hours=-1)
    stage.world.token()

    sealing.seal_all(stage.database, stage.world.clock.now())

    with stage.world.as_platform():
        newest, older = audit.list_entries(limit=2)
    report = sealing.verify(stage.database, stage.world.clock.now())[chain]
    assert newest.at < older.at, case["expect"]["order"]
    assert (report.finding is None) == case["expect"]["ok"]


def key_with_another_body(stage: Stage, case: Case) -> None:
    first, second = (
        stage.api.post("/subscribers", {"name": str(event["amount"])}, Idempotency_Key=event["key"])
        for event in case["events"]
    )

    assert (first.status, second.status in case["expect"]["second_status"]) == (201, True)
    names = {one["name"] for one in stage.api.get("/subscribers").json["items"]}
    assert names == {"Ada", "10"}


def names_are_literal(stage: Stage, case: Case) -> None:
    name = case["events"][0]["name"]

    made = stage.api.post("/subscribers", {"name": name})

    assert (made.status, made.json["name"]) == (201, name)
    assert len(stage.api.get("/subscribers").json["items"]) == 2


def guessing_is_slowed_and_tells_nothing(stage: Stage, case: Case) -> None:
    with stage.world.as_platform():
        staff.create_staff(
            email="ada@north.example", name="Ada", role="agent", operator="north",
            password="correct horse battery",
        )  # fmt: skip
    wrong, reset = case["events"]
    times = int(wrong["do"].rpartition("x")[2])
    assert reset["do"] == "reset for unknown mail"
    answers = {}
    for email in ("ada@north.example", "nobody@north.example"):
        client = Client()
        given = {"email": email, "password": "guessed"}
        seen = [client.post("/login/", given).status_code for _ in range(times)]
        asked = client.post("/login/forgotten/", {"email": email})
        answers[email] = (seen, asked.status_code, without_tokens(asked.content))

    seen, _, page = answers["ada@north.example"]
    assert (429 in seen) == case["expect"]["locked_or_slowed"]
    assert b"If somebody here has this address" in page
    assert (len(set(map(str, answers.values()))) == 1) == case["expect"]["same_answer_for_unknown"]


def without_tokens(page: bytes) -> bytes:
    return re.sub(rb'(name="csrfmiddlewaretoken" value|nonce)="[^"]*"', b"", page)


NUMBER, RANGE = "15550100001", {"first": "15550100000", "last": "15550100999"}


def number_state(stage: Stage) -> str:
    return str(stage.api.get(f"/numbers/{NUMBER}").json["state"])


def number_in_order(stage: Stage, case: Case) -> None:
    stage.stock(1)
    bounds, reserved = case["events"][:2]
    steps: dict[str, Callable[[], Answer]] = {
        "add_range": lambda: stage.api.post(
            "/number-ranges", {"first": bounds["from"], "last": bounds["to"]}
        ),
        "reserve": lambda: stage.api.post(f"/numbers/{reserved['n']}/reserve"),
        "assign_to_sim": lambda: stage.do("msisdn", {"msisdn": reserved["n"]}),
        "bind_subscriber": lambda: stage.do("assign-sim", {"iccid": iccid(1)}),
        "activate_routing": lambda: stage.do("activate"),
    }
    seen = []
    for event in case["events"]:
        assert steps[event["do"]]().status in (200, 201)
        seen.append(number_state(stage))

    assert seen == case["expect"]["states"]


def range_is_one_row(stage: Stage, case: Case) -> None:
    size = case["events"][0]["size"]

    made = stage.api.post("/number-ranges", {"first": "10000000", "last": str(10**7 + size - 1)})

    assert (made.status, made.json["size"]) == (201, size)
    with stage.database.admin() as admin:
        assert admin.execute("SELECT count(*) FROM inventory_numberrange").fetchone() == (1,)
        assert admin.execute("SELECT count(*) FROM inventory_number").fetchone() == (0,)


def number_without_reservation(stage: Stage, case: Case) -> None:
    stage.api.post("/number-ranges", RANGE)
    assert number_state(stage) == case["given"]["n"]

    assert stage.do("msisdn", {"msisdn": NUMBER}).status == 200

    assert number_state(stage) == case["expect"]["state"]


def number_rests(stage: Stage, case: Case) -> None:
    stage.bring_to("activated")
    stage.api.post("/number-ranges", RANGE)
    stage.api.post("/number-policy", {"quarantine_days": case["given"]["quarantine_days"]})
    stage.do("msisdn", {"msisdn": NUMBER})
    assert number_state(stage) == case["given"]["n"]

    seen, released_on = [], date.fromisoformat(case["events"][0]["at"])
    for event in case["events"]:
        travelled = (stage.world.clock.now() - stage.started_at).days
        days = (date.fromisoformat(event["at"]) - released_on).days
        stage.world.clock.advance(days=days - travelled)
        if event["do"] == "release":
            assert stage.api.post(f"/numbers/{NUMBER}/release").status == 200
        seen.append(number_state(stage))

    assert seen == case["expect"]["states"]


def number_from_elsewhere(stage: Stage, case: Case) -> None:
    stage.api.post("/number-ranges", RANGE)

    came = stage.api.post(f"/numbers/{case['events'][0]['n']}/port-in").json

    assert {name: came[name] for name in case["expect"]} == case["expect"]


def four_eyes_for_credit(stage: Stage, case: Case) -> None:
    people = {"A": stage.world.client(), "B": stage.world.client("operator_admin")}
    stage.api.put("/approval-rules/wallet.top_up", {"is_on": True, "above": case["given"]["limit"]})
    wallet, request, results = f"/subscribers/{stage.subscriber}", "", []

    for event in case["events"]:
        api = people[event["by"]]
        if event["do"] == "credit":
            answer = api.post(f"{wallet}/top-up", {"amount": event["amount"]})
            request = answer.json["id"]
            results.append({202: "pending"}.get(answer.status, answer.status))
        else:
            answer = api.post(f"/approvals/{request}/approve")
            is_done = answer.json.get("state") == "done"
            results.append("booked" if is_done else {403: "rejected"}.get(answer.status))

    assert results == case["expect"]["results"]
    (held,) = stage.api.get(f"{wallet}/balances").json["items"]
    assert held["remaining"] == "150"


RUNNERS: dict[str, Callable[[Stage, Case], None]] = {
    "LIF-036": activation_in_order,
    "LIF-042": swap_keeps_everything,
    "LIF-045": swap_breaks_in_the_middle,
    "LIF-048": import_twice,
    "LIF-051": reasons_stack,
    "LIF-057": number_in_order,
    "LIF-060": range_is_one_row,
    "LIF-063": number_without_reservation,
    "LIF-066": number_rests,
    "LIF-069": number_from_elsewhere,
    "LIF-074": role_matrix,
    "LIF-077": role_taken_away,
    "LIF-080": four_eyes_for_credit,
    "LIF-084": foreign_objects,
    "LIF-087": foreign_plan,
    "LIF-093": unique_per_tenant,
    "LIF-099": deleted_tenant_leaves_others,
    "LIF-100": keys_are_write_only,
    "LIF-103": wrong_key_is_not_echoed,
    "LIF-109": equal_keys_differ_at_rest,
    "LIF-110": untouched_chain,
    "LIF-113": chain_cut_off,
    "LIF-116": audit_rows_stay,
    "LIF-119": clock_set_back,
    "LIF-126": key_with_another_body,
    "LIF-129": names_are_literal,
    "LIF-135": guessing_is_slowed_and_tells_nothing,
}


def runner_of(case: Case) -> Callable[[Stage, Case], None]:
    return sim_transition if case["area"] == "sim_transition" else RUNNERS[case["id"]]


RUNNABLE = [case for case in CASES if case["id"] not in EXCLUDED]


@pytest.mark.parametrize("case", RUNNABLE, ids=lambda case: f"{case['id']} {case['title']}")
def test_the_example_case_comes_out_as_expected(
    world: World, database: TestDatabase, case: Case
) -> None:
    runner_of(case)(Stage(world, database), case)


def test_every_case_is_run_or_excluded_with_a_reason() -> None:
    known = {case["id"] for case in CASES}

    assert {case["area"] for case in CASES} == AREAS
    assert EXCLUDED.keys() <= known
    assert RUNNERS.keys() <= known - EXCLUDED.keys()
    assert all(EXCLUDED.values())
    assert all(runner_of(case) for case in RUNNABLE)
    assert len(RUNNABLE) == 39
