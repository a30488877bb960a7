"""Tenants through the API: the platform's acts, and an operator's own settings."""

import io
import json
from uuid import uuid4

import pytest

from tests.harness.pictures import a_jpeg
from tests.unit.business.world import World, iccid
from wispgate.business.tenants import archive
from wispgate.business.tenants.services import deletion

GUEST = {"slug": "guest", "name": "Guest", "currency": "EUR", "kind": "mvno", "host": "north"}


def test_the_platform_makes_operators_and_sees_them_all(world: World) -> None:
    platform = world.client(operator="")

    made = platform.post("/operators", GUEST)

    assert (made.status, made.json["host"], made.json["kind"]) == (201, "north", "mvno")
    assert [one["slug"] for one in platform.get("/operators").json] == ["guest", "north", "south"]
    assert platform.post("/operators/guest/host", {"host": ""}).json["host"] is None
    assert (
        platform.post("/operators/north/host", {"host": "south"}).json["code"] == "host_not_allowed"
    )
    assert platform.post("/operators", GUEST).json["code"] == "operator_exists"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/operators", GUEST),
        ("post", "/operators/north/host", {"host": ""}),
        ("post", "/operators/north/suspend", {"reason": "overdue"}),
        ("post", "/operators/north/resume", {"reason": "overdue"}),
        ("get", "/operators/north/archive", None),
        ("post", "/operators/north/delete", {"typed_slug": "north"}),
    ],
)
def test_an_operators_own_admin_does_none_of_the_platforms_acts(
    world: World, method: str, path: str, body: object
) -> None:
    api = world.client()

    answer = api.get(path) if method == "get" else api.post(path, body)

    assert (answer.status, answer.json["code"]) == (403, "permission_missing")


def test_an_operator_is_suspended_and_resumed(world: World) -> None:
    platform, own = world.client(operator=""), world.client()

    off = platform.post("/operators/north/suspend", {"reason": "overdue", "note": "May"})
    assert off.json["suspended_for"] == ["overdue"]
    assert own.get("/sims").status == 401
    again = platform.post("/operators/north/suspend", {"reason": "overdue"})
    assert again.json["code"] == "illegal_transition"
    on = platform.post("/operators/north/resume", {"reason": "overdue"})

    assert on.json["suspended_for"] == []
    assert own.get("/sims").status == 200


def test_an_archive_is_downloaded_and_an_operator_deleted_by_the_worker(world: World) -> None:
    platform = world.client(operator="")
    world.line(1)

    answer = platform.client.get(
        "/api/v1/operators/north/archive", headers={"Authorization": f"Bearer {platform.token}"}
    )
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    wrong = platform.post("/operators/north/delete", {"typed_slug": "nort"})
    typed = {"typed_slug": "north", "reason": "over"}
    on = platform.post("/operators/north/delete", typed)
    platform.post("/operators/north/suspend", {"reason": "contract_end"})
    begun = platform.post("/operators/north/delete", typed)
    twice = platform.post("/operators/north/delete", typed)
    back = platform.post("/operators/north/resume", {"reason": "contract_end"})
    deletion.work_off(world.clock.now())

    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == 'attachment; filename="north.zip"'
    with archive.reading(io.BytesIO(content)) as reader:
        assert reader.manifest.slug == "north"
    assert (wrong.status, wrong.json["errors"][0]["field"]) == (422, "typed_slug")
    assert (on.status, on.json["code"]) == (409, "not_suspended")
    assert (begun.status, begun.json["state"], begun.json["rows"]) == (202, "queued", 0)
    assert [twice.json["code"], back.json["code"]] == ["being_deleted", "being_deleted"]
    gone = platform.get(f"/operator-deletions/{begun.json['id']}").json
    assert (gone["state"], gone["reason"], gone["ordered_by"]) == (
        "done", "over", "platform admin",
    )  # fmt: skip
    assert gone["tables"]["inventory_sim"] == 1
    assert gone["rows"] == sum(gone["tables"].values())
    assert platform.get("/operator-deletions").json["items"] == [gone]
    assert platform.get("/operators/north").status == 404


def test_an_operators_admin_sets_what_is_its_own(world: World) -> None:
    own = world.client()
    calls = [
        (
            "/operator",
            {
                "name": "Northern",
                "time_zone": "Europe/Oslo",
                "languages": ["no", "en"],
                "usual_suspension": "soft",
            },
        ),
        ("/operator/brand", {"main_colour": "#1F6FEB"}),
        ("/operator/domains", {"name": "my.north.example"}),
        (
            "/operator/tax-rates",
            {"code": "vat", "name": "VAT", "percent": "25", "valid_from": "2026-01-01"},
        ),
        ("/operator/series", {"kind": "invoice", "prefix": "N-", "digits": 5}),
        (
            "/operator/gateways",
            {"name": "cards", "kind": "stripe", "credentials": {"api_key": "sk_live_1"}},
        ),
    ]

    answers = [own.post(path, body) for path, body in calls]

    assert {answer.status for answer in answers} == {200}
    shown = own.get("/operator")
    assert shown.json["operator"]["languages"] == ["no", "en"]
    assert shown.json["operator"]["usual_suspension"] == "soft"
    assert shown.json["brand"]["main_colour"] == "#1f6feb"
    assert shown.json["domains"] == ["my.north.example"]
    assert shown.json["tax_rates"][0]["percent"] == "25.0000"
    assert shown.json["gateways"][0]["credential_names"] == ["api_key"]
    assert b"sk_live_1" not in b"".join(answer.content for answer in [*answers, shown])
    rate = shown.json["tax_rates"][0]["id"]
    ended = own.post(f"/operator/tax-rates/{rate}/end", {"valid_until": "2026-07-01"})
    assert ended.json["tax_rates"][0]["valid_until"] == "2026-07-01"
    assert own.post("/operator/domains/my.north.example/remove").json["domains"] == []
    assert own.post("/operator/gateways/cards/remove").json["gateways"] == []
    assert world.client(operator="south").get("/operator").json["brand"] is None


def test_who_may_read_only_sets_nothing(world: World) -> None:
    viewer = world.client("viewer")

    assert viewer.get("/operator").status == 200
    for path, body in (
        ("/operator", {"name": "X"}),
        ("/operator/gateways", {"name": "x", "kind": "y"}),
        ("/allotments/sims", {"mvno": "guest", "iccids": [iccid(1)]}),
    ):
        assert viewer.post(path, body).status == 403


def test_a_logo_is_sent_as_the_picture_that_it_is(world: World) -> None:
    api = world.client()

    def send(content: bytes, kind: str) -> int:
        answer = api.client.post(
            "/api/v1/operator/logo",
            data=content,
            content_type=kind,
            headers={"Authorization": f"Bearer {api.token}"},
        )
        return int(answer.status_code)

    assert send(a_jpeg(), "image/jpeg") == 200
    assert send(b"<svg/>", "image/png") == 422
    assert send(a_jpeg(), "image/svg+xml") == 415
    assert api.get("/operator").json["brand"]["logo_type"] == "image/jpeg"


def test_a_host_allots_and_takes_back_and_its_mvno_sees_both(world: World) -> None:
    assert world.client(operator="").post("/operators", GUEST).status == 201
    host, guest = world.client(), world.client(operator="guest")
    world.stock(1, 2, 3)
    host.post("/number-ranges", {"first": "15550100000", "last": "15550100099"})

    sims = host.post("/allotments/sims", {"mvno": "guest", "first": iccid(1), "last": iccid(2)})
    numbers = host.post(
        "/allotments/numbers", {"mvno": "guest", "first": "15550100010", "last": "15550100019"}
    )

    assert (sims.status, sims.json["given"], sims.json["partner"]) == (201, 2, "Guest")
    assert (numbers.status, numbers.json["given"]) == (201, 10)
    assert [one["iccid"] for one in guest.get("/sims").json["items"]] == [iccid(1), iccid(2)]
    assert [one["side"] for one in guest.get("/allotments").json["items"]] == ["received"] * 2
    (mvno,) = host.get("/mvnos").json
    assert (mvno["sims"], mvno["sims_in_stock"], mvno["numbers"]) == (2, 2, 10)
    back = host.post(f"/allotments/{sims.json['id']}/take-back", {"iccids": [iccid(1)]})
    assert back.json["returned"] == 1
    assert [one["iccid"] for one in guest.get("/sims").json["items"]] == [iccid(2)]
    assert host.get("/mvnos/guest").json["sims"] == 1
    assert host.get("/mvnos/guest/usage?first=2026-03-01&last=2026-03-31").json == []
    assert guest.get("/mvnos").json == []
    assert guest.post(f"/allotments/{sims.json['id']}/take-back").status == 404
    assert host.get(f"/allotments/{uuid4()}").status == 404
    assert json.dumps(host.get("/mvnos").json).count("operator_id") == 0
