"""Peers: what is checked, what changes, what goes."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.harness.certificates import an_authority
from tests.unit.business.operators.test_services import PEER
from tests.unit.business.world import World
from wispgate.business.operators import queries
from wispgate.business.operators import services as operators
from wispgate.business.operators.errors import PeerExists
from wispgate.kernel.errors import InvalidValue, NotFound
from wispgate.kernel.plmn import Plmn


def add(**link: Any) -> UUID:
    addresses = link.pop("addresses", PEER["addresses"])
    return operators.add_peer(**PEER | {"addresses": addresses}, link=operators.Link(**link))


@pytest.mark.parametrize(
    ("link", "place"),
    [
        ({"connect_to": "192.0.2.9"}, "192.0.2.9:3868"),
        ({"connect_to": "192.0.2.9:4000"}, "192.0.2.9:4000"),
        ({"connect_to": "2001:db8::9"}, "[2001:db8::9]:3868"),
        ({"connect_to": "[2001:db8::9]:4000"}, "[2001:db8::9]:4000"),
        ({"connect_to": "MME.lab"}, "mme.lab:3868"),
        ({"connect_to": "mme.lab", "transport": "sctp"}, "mme.lab:3868"),
    ],
)
def test_where_we_call_has_a_port_of_its_own(
    world: World, link: dict[str, str], place: str
) -> None:
    with world.as_platform():
        peer = queries.get_peer_by_id(add(**link))

    assert peer.connect_to == place


def test_a_peer_that_we_call_by_its_address_needs_no_other(world: World) -> None:
    with world.as_platform():
        peer = queries.get_peer_by_id(add(connect_to="192.0.2.9", addresses=[]))
        with pytest.raises(InvalidValue, match="at least one address"):
            operators.add_peer(
                **PEER | {"identity": "x", "addresses": []}, link=operators.Link(connect_to="x.lab")
            )

    assert peer.addresses == ["192.0.2.9/32"]


@pytest.mark.parametrize(
    ("link", "field"),
    [
        ({"connect_to": "mme.lab:0"}, "connect_to"),
        ({"connect_to": "mme.lab:port"}, "connect_to"),
        ({"connect_to": "mme lab"}, "connect_to"),
        ({"connect_to": ":3868"}, "connect_to"),
        ({"transport": "udp"}, "transport"),
        ({"transport": "tls"}, "certificate_authority"),
        ({"transport": "tls", "certificate_authority": "nothing"}, "certificate_authority"),
        ({"routed_realms": ["a realm"]}, "routed_realms"),
    ],
)
def test_a_link_that_cannot_work_is_refused(world: World, link: dict[str, Any], field: str) -> None:
    with world.as_platform(), pytest.raises(InvalidValue) as refused:
        add(**link)

    assert refused.value.field == field


@pytest.mark.parametrize("name", ["", "ümme.test", "a b", "x" * 256, "mme\0"])
def test_an_identity_is_a_domain_name(world: World, name: str) -> None:
    with world.as_platform(), pytest.raises(InvalidValue) as refused:
        operators.add_peer(**PEER | {"identity": name})

    assert refused.value.field == "identity"


def test_an_authority_is_kept_as_its_certificates_only(world: World, tmp_path: Path) -> None:
    authority = an_authority("lab")
    with world.as_platform():
        given = f"Our new authority:\n{authority.pem}"
        peer = queries.get_peer_by_id(add(transport="tls", certificate_authority=given))
        key = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"
        with pytest.raises(InvalidValue, match="private key"):
            operators.change_peer(peer.id, {"certificate_authority": authority.pem + key})

    assert peer.certificate_authority == authority.pem


def test_only_what_is_named_changes_and_it_is_checked(world: World) -> None:
    with world.as_platform():
        peer_id = operators.add_peer(**PEER)
        operators.change_peer(peer_id, {"realm": "New.Realm", "routed_realms": ["*", "Far.test"]})
        operators.change_peer(peer_id, {"is_enabled": False})
        peer = queries.get_peer("lab", "MME.lab")
        for wrong in ({"applications": ["x2"]}, {"addresses": []}, {"identity": "x"}, {"id": 1}):
            with pytest.raises(InvalidValue):
                operators.change_peer(peer_id, wrong)

    assert (peer.realm, peer.routed_realms) == ("new.realm", ["*", "far.test"])
    assert (peer.is_enabled, peer.addresses, peer.applications) == (
        False, ["192.0.2.0/28"], ["s6a"],
    )  # fmt: skip


def test_a_change_may_not_make_two_peers_alike(world: World) -> None:
    with world.as_platform():
        operators.add_core(name="lab2", plmns=[Plmn("262", "01")])
        operators.add_peer(**PEER)
        other = operators.add_peer(**PEER | {"core": "lab2", "addresses": ["198.51.100.1"]})

        with pytest.raises(PeerExists):
            operators.change_peer(other, {"addresses": ["192.0.2.4"]})
        with pytest.raises(PeerExists):
            operators.add_peer(**PEER | {"addresses": ["203.0.113.1"]})


def test_a_removed_peer_is_no_peer(world: World) -> None:
    with world.as_platform():
        peer_id = operators.add_peer(**PEER)
        operators.remove_peer(peer_id)

        assert queries.list_peers() == []
        with pytest.raises(NotFound):
            operators.remove_peer(peer_id)
        with pytest.raises(NotFound):
            operators.change_peer(uuid4(), {"is_enabled": False})
        with pytest.raises(NotFound):
            queries.get_peer("lab", "mme.lab")


def test_a_core_has_an_identity_of_ours_or_the_nodes(world: World) -> None:
    with world.as_platform():
        operators.change_core("lab", origin_host="HSS.lab", origin_realm="Lab")
        core = queries.get_core("lab")
        for host, realm in (("hss.lab", ""), ("", "lab"), ("a b", "lab")):
            with pytest.raises(InvalidValue):
                operators.change_core("lab", origin_host=host, origin_realm=realm)
        operators.change_core("lab", origin_host="", origin_realm="")

        assert (core.origin_host, core.origin_realm) == ("hss.lab", "lab")
        assert queries.get_core("lab").origin_host == ""
