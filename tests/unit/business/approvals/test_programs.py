"""Four eyes with tokens: however many somebody has, they are one person."""

from tests.unit.business.world import Api, World
from wispgate.business.staff import services as staff
from wispgate.business.staff.models import ApiToken, StaffMember


def asked_by(api: Api, world: World) -> str:
    subscriber = world.subscriber()
    answer = api.post(f"/subscribers/{subscriber}/top-up", {"amount": "7"})
    assert answer.status == 202, answer.json
    return str(answer.json.get("approval", answer.json)["id"])


def test_a_twin_of_a_token_is_the_same_person(world: World) -> None:
    first, other = world.client(), world.client()
    assert first.put("/approval-rules/wallet.top_up", {"is_on": True}).status == 200
    twin = Api(first.post("/tokens", {"name": "twin"}).json["token"])
    twins_twin = Api(twin.post("/tokens", {"name": "again"}).json["token"])
    request = asked_by(first, world)

    refusals = [api.post(f"/approvals/{request}/approve") for api in (first, twin, twins_twin)]
    approved = other.post(f"/approvals/{request}/approve")

    assert [(one.status, one.json["code"]) for one in refusals] == [(403, "own_request")] * 3
    assert approved.json["state"] == "done"


def test_what_a_twin_asked_for_is_done_though_the_first_token_is_over(world: World) -> None:
    first, other = world.client(), world.client()
    first.put("/approval-rules/wallet.top_up", {"is_on": True})
    twin = Api(first.post("/tokens", {"name": "twin"}).json["token"])
    request = asked_by(twin, world)
    with world.as_platform():
        staff.revoke_token(ApiToken.objects.order_by("id").first().id)

    assert other.post(f"/approvals/{request}/approve").json["state"] == "done"


def test_whoever_made_a_programs_token_does_not_decide_what_it_asks_for(world: World) -> None:
    people = {}
    with world.as_platform():
        for name in ("maker", "other"):
            member_id = staff.create_staff(
                email=f"{name}@north.example", name=name, role="operator_admin",
                password="a rather long one", operator="north",
            )  # fmt: skip
            member = StaffMember.objects.get(id=member_id)
            people[name] = Api(staff.make_token_of(member, name=name).secret)
    maker, other = people["maker"], people["other"]
    maker.put("/approval-rules/wallet.top_up", {"is_on": True})
    account = maker.post("/service-accounts", {"name": "till", "role": "operator_admin"}).json["id"]
    body = {"name": "till", "service_account_id": account}
    program = Api(maker.post("/tokens", body).json["token"])
    request = asked_by(program, world)

    by_maker = maker.post(f"/approvals/{request}/approve")
    by_program = program.post(f"/approvals/{request}/approve")
    by_other = other.post(f"/approvals/{request}/approve")

    assert (by_maker.status, by_maker.json["code"]) == (403, "own_request")
    assert by_program.status == 403
    assert by_other.json["state"] == "done"
