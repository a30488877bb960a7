"""How a call enters: tokens, permissions, operators, keys, and what is told when it may not."""

import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import OperationalError, connections
from django.test import Client

from tests.unit.business.world import Api, World, card_file, iccid
from wispgate.business.audit import queries as audit
from wispgate.business.audit.models import AuditEntry
from wispgate.business.crm import queries as crm
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import services as staff
from wispgate.business.staff.models import ApiToken


def names_of(world: World) -> list[str]:
    with world.as_staff():
        return sorted(one.name for one in crm.list_subscribers())


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer wg_nobody"])
def test_without_a_valid_token_nothing_is_told(world: World, header: str) -> None:
    answer = Client().get("/api/v1/sims", headers={"Authorization": header} if header else {})

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "token_refused"
    assert answer.json()["instance"] == answer["X-Request-Id"]


def test_a_refusal_is_kept_whatever_stands_in_the_address(world: World) -> None:
    nobody = Client().get("/api/v1/sims/%00", headers={"Authorization": "Bearer wg_nobody"})
    viewer = world.client("viewer").post("/sims/a%00b/retire")

    assert (nobody.status_code, viewer.status) == (401, 403)
    with world.as_platform():
        paths = AuditEntry.objects.filter(action="refused").values_list("object_id", flat=True)
        assert sorted(path for path in paths if "\ufffd" in path) == [
            "/api/v1/sims/\ufffd",
            "a\ufffdb",
        ]


def test_an_expired_or_revoked_token_is_no_token(world: World) -> None:
    with world.as_platform():
        expires_at = world.clock.now() + timedelta(hours=1)
        brief = staff.create_token(
            role="admin", name="brief", operator="north", expires_at=expires_at
        )
        revoked = staff.create_token(role="admin", name="revoked", operator="north")
        ApiToken.objects.filter(name="revoked").update(revoked_at=world.clock.now())
    before = Api(brief).get("/sims").status

    world.clock.advance(hours=1)

    assert (before, Api(brief).get("/sims").status, Api(revoked).get("/sims").status) == (
        *(200, 401, 401),
    )


def test_a_role_that_is_taken_away_holds_at_once(world: World) -> None:
    api = world.client("agent")
    before = api.post("/subscribers", {"name": "Ada"}).status

    with world.as_platform():
        ApiToken.objects.update(role="viewer")

    assert (before, api.post("/subscribers", {"name": "Bob"}).status) == (201, 403)


def test_what_a_role_may_not_do_is_refused_and_audited(world: World) -> None:
    answer = world.client("viewer").post("/subscribers", {"name": "Ada"})

    with world.as_staff():
        (entry,) = [one for one in audit.list_entries() if one.action == "refused"]
    assert (answer.status, answer.json["code"]) == (403, "permission_missing")
    assert (entry.actor, entry.after["permission"]) == ("north viewer", "subscriber.create")
    assert entry.request_id == answer.json["instance"]
    assert names_of(world) == []


def test_a_permission_is_asked_for_before_the_body_is_read(world: World) -> None:
    answer = world.client("viewer").post("/subscribers", {"nonsense": 1})

    assert answer.status == 403


def test_a_token_of_the_platform_names_its_operator(world: World) -> None:
    api = world.client("admin", operator="")

    without = api.post("/subscribers", {"name": "Ada"})
    unknown = api.get("/subscribers", X_Operator="nobody")
    made = api.post("/subscribers", {"name": "Ada"}, X_Operator="north")
    operators = api.get("/operators").json

    assert (without.status, without.json["errors"][0]["field"]) == (422, "X-Operator")
    assert (unknown.status, unknown.json["errors"][0]["field"]) == (422, "X-Operator")
    assert (made.status, names_of(world)) == (201, ["Ada"])
    assert [one["slug"] for one in operators] == ["north", "south"]


def test_an_operators_token_cannot_choose_another(world: World) -> None:
    world.client("admin").post("/subscribers", {"name": "Ada"}, X_Operator="south")

    assert names_of(world) == ["Ada"]


def test_where_there_is_one_operator_the_platform_need_not_name_it(world: World) -> None:
    with world.as_platform():
        operators = scopes.current()
    assert operators.is_platform
    with world.as_platform():
        from wispgate.business.operators.models import CoreService, Operator  # noqa: PLC0415

        CoreService.objects.filter(operator_id=world.south).delete()
        Operator.objects.filter(id=world.south).delete()

    answer = world.client("admin", operator="").post("/subscribers", {"name": "Ada"})

    assert (answer.status, names_of(world)) == (201, ["Ada"])


def test_a_repeated_key_gives_the_first_answer_again(world: World) -> None:
    api = world.client()

    first = api.post("/subscribers", {"name": "Ada"}, Idempotency_Key="k1")
    again = api.post("/subscribers", {"name": "Ada"}, Idempotency_Key="k1")
    other = api.post("/subscribers", {"name": "Ada"}, Idempotency_Key="k2")

    assert (again.status, again.content) == (first.status, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert other.json["id"] != first.json["id"]
    assert names_of(world) == ["Ada", "Ada"]


def test_a_key_used_for_another_request_is_refused(world: World) -> None:
    api = world.client()
    api.post("/subscribers", {"name": "Ada"}, Idempotency_Key="k1")

    answers = [
        api.post("/subscribers", {"name": "Bob"}, Idempotency_Key="k1"),
        api.post("/subscriptions", {"name": "Ada"}, Idempotency_Key="k1"),
    ]

    assert {(one.status, one.json["code"]) for one in answers} == {(409, "idempotency_mismatch")}
    assert names_of(world) == ["Ada"]


def test_a_key_is_its_tokens_own(world: World) -> None:
    for operator in ("north", "south"):
        made = world.client("admin", operator).post(
            "/subscribers", {"name": operator}, Idempotency_Key="k1"
        )
        assert (made.status, made.json["name"]) == (201, operator)


def test_a_request_that_was_wrong_does_not_use_its_key_up(world: World) -> None:
    api = world.client()

    wrong = api.post("/subscribers", {"name": ""}, Idempotency_Key="k1")
    right = api.post("/subscribers", {"name": "Ada"}, Idempotency_Key="k1")

    assert (wrong.status, right.status) == (422, 201)


def test_a_decided_refusal_is_repeated_with_its_key(world: World) -> None:
    api, line = world.client(), world.line(1, "pending")

    api.post(f"/subscriptions/{line}/activate")
    refused = api.post(f"/subscriptions/{line}/activate", Idempotency_Key="k1")
    again = api.post(f"/subscriptions/{line}/activate", Idempotency_Key="k1")

    assert (refused.status, again.status, again.content) == (409, 409, refused.content)
    assert again.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "schlüssel"])
def test_a_key_has_a_form(world: World, key: str) -> None:
    answer = world.client().post("/subscribers", {"name": "Ada"}, Idempotency_Key=key)

    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "Idempotency-Key")


def test_a_repeated_upload_is_one_whatever_its_boundary(world: World) -> None:
    token = world.token()
    answers = [send_form(token, card_file(1), key="k1") for _ in range(2)]
    other = send_form(token, card_file(2), key="k1")

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert other.status_code == 409


def send_form(token: str, content: bytes, *, key: str) -> object:
    from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: PLC0415

    return Client().post(
        "/api/v1/sims/import?name=May",
        {"file": SimpleUploadedFile("cards.csv", content), "note": "x"},
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key},
    )


def test_the_same_key_at_the_same_time_runs_once(world: World) -> None:
    api = world.client()
    barrier, answers = threading.Barrier(6), []

    def call() -> None:
        barrier.wait()
        answers.append(api_copy(api).post("/subscribers", {"name": "Ada"}, Idempotency_Key="k1"))
        connections.close_all()

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {answer.status for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 5
    assert names_of(world) == ["Ada"]


def api_copy(api: Api) -> Api:
    return Api(api.token)


def test_a_fault_of_ours_undoes_everything_and_says_little(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise ZeroDivisionError("465b5ce8 is a secret")

    monkeypatch.setattr("wispgate.web.api.subscribers.SubscriberOut.show", fail)
    answer = world.client().post("/subscribers", {"name": "Ada"}, Idempotency_Key="k1")
    monkeypatch.undo()
    retried = world.client().post("/subscribers", {"name": "Ada"}, Idempotency_Key="k1")

    assert (answer.status, answer.json["code"]) == (500, "internal_error")
    assert b"465b5ce8" not in answer.content
    assert (retried.status, names_of(world)) == (201, ["Ada"])


def test_a_lost_database_is_told_as_a_matter_of_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = world.client()

    def fail(*_arguments: object, **_named: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("wispgate.web.api.subscribers.crm.create_subscriber", fail)
    inside = api.post("/subscribers", {"name": "Ada"})
    monkeypatch.setattr("wispgate.web.api.door.scopes.within", fail)
    outside = api.get("/subscribers")

    assert {(one.status, one.json["code"]) for one in (inside, outside)} == {(503, "unavailable")}
    assert inside.headers["Retry-After"] == "5"


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        ("{", "application/json", 400, "malformed_request"),
        ("[" * 100_000, "application/json", 400, "malformed_request"),
        ('{"name": NaN}', "application/json", 400, "malformed_request"),
        (b"\xff\xfe", "application/json", 400, "malformed_request"),
        ("[]", "application/json", 422, "invalid_value"),
        ("", "application/json", 422, "invalid_value"),
        ('{"name": "A\\u0000"}', "application/json", 422, "invalid_value"),
        ('{"name": "\\ud800"}', "application/json", 422, "invalid_value"),
        ('{"name": "A", "balance": 5}', "application/json", 422, "invalid_value"),
        ('{"name": "A"}', "text/plain", 415, "unsupported_media_type"),
    ],
)
def test_a_broken_body_is_told_as_a_problem(
    world: World, body: str | bytes, content_type: str, status: int, code: str
) -> None:
    answer = Client().post(
        "/api/v1/subscribers",
        data=body,
        content_type=content_type,
        headers={"Authorization": f"Bearer {world.token()}"},
    )

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"


def test_a_body_beyond_the_limit_is_too_large(world: World, settings: object) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000  # type: ignore[attr-defined]
    api = world.client()

    answers = [
        api.post("/subscribers", {"name": "x" * 2000}),
        api.post("/subscribers", {"name": "x" * 2000}, Idempotency_Key="k1"),
        api.upload("/sims/import", card_file(*range(20))),
    ]
    form = send_form(api.token, card_file(*range(20)), key="k2")

    assert [one.status for one in answers] == [413, 413, 413]
    assert form.status_code == 413  # type: ignore[attr-defined]


@pytest.mark.parametrize("address", ["/nothing", "/sims/1/2/3", "/", "/subscribers/"])
def test_an_unknown_address_is_a_problem_too(world: World, address: str) -> None:
    for answer in (world.client().get(address), world.client().post(address)):
        assert (answer.status, answer.json["code"]) == (404, "not_found")


def test_a_wrong_method_names_the_right_ones(world: World) -> None:
    answer = Client().delete("/api/v1/subscribers")

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer["Allow"] == "GET, POST"


def test_a_key_never_touches_the_disk_in_a_large_form(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_named: object) -> None:
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr("django.core.files.uploadhandler.TemporaryUploadedFile", refuse)
    content = card_file(*range(30)) + b"\n" * settings.FILE_UPLOAD_MAX_MEMORY_SIZE

    answer = send_form(world.token(), content, key="k1")

    assert answer.status_code == 201  # type: ignore[attr-defined]


def test_a_broken_form_or_one_without_file_is_refused(world: World) -> None:
    headers = {"Authorization": f"Bearer {world.token()}"}
    address = "/api/v1/sims/import"

    empty = Client().post(address, {"cards": "x"}, headers=headers)
    broken = Client().post(
        address, b"x", content_type="multipart/form-data; boundary=", headers=headers
    )
    json = Client().post(address, "{}", content_type="application/json", headers=headers)

    assert (empty.status_code, empty.json()["errors"][0]["field"]) == (422, "file")
    assert (broken.status_code, json.status_code) == (400, 415)


def test_a_refused_import_names_rows_and_columns_but_no_keys(world: World) -> None:
    content = card_file(1).replace(b"465b5ce8", b"zz5b5ce8")

    answer = world.client().upload("/sims/import", content)

    assert (answer.status, answer.json["code"]) == (422, "import_refused")
    (error,) = answer.json["errors"]
    assert (error["field"], error["row"], error["column"]) == ("rows[2].ki", 2, "ki")
    assert b"zz5b5ce8" not in answer.content
    assert iccid(1).encode() not in answer.content
