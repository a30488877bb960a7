"""/peers: who may make and change them, and what is refused."""

from uuid import uuid4

import pytest

from tests.unit.business.world import World

PEER = {
    "core": "lab",
    "identity": "MME.lab",
    "realm": "lab",
    "addresses": ["192.0.2.1"],
    "applications": ["s6a", "gx"],
}


def platform(world: World):
    return world.client("platform_admin", operator="")


def test_a_peer_is_made_changed_disabled_and_removed(world: World) -> None:
    api = platform(world)

    made = api.post("/peers", PEER | {"connect_to": "192.0.2.1"})
    at = f"/peers/{made.json['id']}"
    changed = api.patch(at, {"applications": ["s6a"], "routed_realms": ["far.test"]})
    disabled = api.post(f"{at}/disable", None)
    enabled = api.post(f"{at}/enable", None)
    shown = api.get(at)
    removed = api.delete(at)

    assert (made.status, made.json["identity"]) == (201, "mme.lab")
    assert made.json["connect_to"] == "192.0.2.1:3868"
    assert changed.json["applications"] == ["s6a"]
    assert changed.json["addresses"] == ["192.0.2.1/32"]
    assert (disabled.json["is_enabled"], enabled.json["is_enabled"]) == (False, True)
    assert shown.json["routed_realms"] == ["far.test"]
    assert removed.status == 204
    assert api.get(at).status == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"applications": ["x2"]}, "applications.0"),
        ({"applications": []}, "applications"),
        ({"transport": "udp"}, "transport"),
        ({"transport": "tls"}, "certificate_authority"),
        ({"addresses": []}, "addresses"),
        ({"addresses": ["here"]}, "addresses"),
        ({"connect_to": "a b"}, "connect_to"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_value_is_named(world: World, wrong: dict[str, object], field: str) -> None:
    answer = platform(world).post("/peers", PEER | wrong)

    assert answer.status == 422
    assert answer.json["errors"][0]["field"] == field


def test_a_second_peer_of_that_name_and_address_is_a_conflict(world: World) -> None:
    api = platform(world)
    api.post("/peers", PEER)

    answer = api.post("/peers", PEER)

    assert (answer.status, answer.json["code"]) == (409, "peer_exists")


def test_what_does_not_exist_is_not_found(world: World) -> None:
    api = platform(world)

    answers = [
        api.post("/peers", PEER | {"core": "nowhere"}),
        api.patch(f"/peers/{uuid4()}", {"realm": "x"}),
        api.delete(f"/peers/{uuid4()}"),
    ]

    assert [answer.status for answer in answers] == [404, 404, 404]


def test_peers_are_the_platforms_to_change(world: World) -> None:
    made = platform(world).post("/peers", PEER).json
    admin = world.client("operator_admin")

    assert admin.get(f"/peers/{made['id']}").status == 200
    for answer in (
        admin.post("/peers", PEER | {"identity": "x.lab"}),
        admin.patch(f"/peers/{made['id']}", {"realm": "x"}),
        admin.post(f"/peers/{made['id']}/disable", None),
        admin.delete(f"/peers/{made['id']}"),
    ):
        assert (answer.status, answer.json["code"]) == (403, "permission_missing")
