"""Operators, cores, IMSI ranges and peers."""

from uuid import uuid4

import pytest

from tests.unit.business.world import World, imsi
from wispgate.business.audit import queries as audit
from wispgate.business.operators import queries
from wispgate.business.operators import scope as scopes
from wispgate.business.operators import services as operators
from wispgate.business.operators.errors import (
    CoreExists,
    ImsiRangeTaken,
    OperatorExists,
    PeerExists,
)
from wispgate.kernel.errors import InvalidValue, NotFound
from wispgate.kernel.identifiers import Imsi
from wispgate.kernel.plmn import Plmn

OPERATOR = {"slug": "west", "name": "West", "currency": "EUR", "time_zone": "Europe/Paris"}
PEER = {
    "core": "lab",
    "identity": "MME.lab",
    "addresses": ["192.0.2.0/28"],
    "applications": ["S6a"],
    "realm": "Lab",
}


def test_an_operator_has_a_slug_of_its_own_and_a_time_zone(world: World) -> None:
    with world.as_platform():
        made = operators.create_operator(**OPERATOR)
        with pytest.raises(OperatorExists):
            operators.create_operator(**OPERATOR)
        with pytest.raises(InvalidValue) as refused:
            operators.create_operator(**OPERATOR | {"slug": "x", "time_zone": "Mars/Olympus"})

        assert queries.get_operator("west") == queries.get_operator_by_id(made)
        assert [str(one) for one in queries.list_operators()] == ["North", "South", "West"]
    assert refused.value.field == "time_zone"


def test_a_core_has_a_name_of_its_own_and_networks(world: World) -> None:
    with world.as_platform():
        with pytest.raises(CoreExists):
            operators.add_core(name="lab", plmns=[Plmn("001", "01")])
        with pytest.raises(InvalidValue):
            operators.add_core(name="bare", plmns=[])

        assert queries.get_core_by_id(queries.get_core("lab").id).plmns == ["001-01"]


def test_ranges_of_a_core_do_not_overlap(world: World) -> None:
    with world.as_platform():
        with pytest.raises(ImsiRangeTaken):
            operators.serve_operator(core="lab", operator="south", first_imsi=imsi(0))
        with pytest.raises(InvalidValue):
            operators.serve_operator(core="lab", operator="south", first_imsi="1")


def test_a_core_is_found_by_the_range_that_holds_the_imsi(world: World) -> None:
    with world.as_staff():
        ranges = queries.list_imsi_ranges(world.north)
        found = queries.find_core_for(Imsi(imsi(7)), operator_id=world.north)

        assert found is not None
        assert [one.core_id for one in ranges] == [found.id]
        assert ranges[0].holds(Imsi(imsi(7)))
        for foreign in (imsi(500_000), "262010000000001"):
            assert not ranges[0].holds(Imsi(foreign))
            assert queries.find_core_for(Imsi(foreign), operator_id=world.north) is None


def test_a_peer_is_told_apart_by_identity_and_address(world: World) -> None:
    with world.as_platform():
        operators.add_peer(**PEER)
        with pytest.raises(PeerExists):
            operators.add_peer(**PEER | {"addresses": ["192.0.2.4"]})
        for wrong in (
            {"profile": "nokia"},
            {"addresses": []},
            {"addresses": ["here"]},
            {"applications": []},
            {"applications": ["x2"]},
        ):
            with pytest.raises(InvalidValue):
                operators.add_peer(**PEER | {"identity": "other"} | wrong)

        (peer,) = queries.list_peers()
    assert (str(peer), peer.realm, peer.applications) == ("mme.lab", "lab", ["s6a"])


def test_what_does_not_exist_is_not_found(world: World) -> None:
    with world.as_platform():
        for look in (queries.get_operator, queries.get_core):
            with pytest.raises(NotFound):
                look("nobody")
        for look_by_id in (queries.get_operator_by_id, queries.get_core_by_id):
            with pytest.raises(NotFound):
                look_by_id(uuid4())


def test_a_service_outside_a_scope_is_a_mistake() -> None:
    with pytest.raises(LookupError):
        scopes.current()


def test_a_scope_without_an_operator_has_none_to_give(world: World) -> None:
    with world.as_platform(), pytest.raises(LookupError):
        scopes.current_operator_id()


def test_who_works_for_one_operator_sees_its_peers_and_its_entries_of_the_audit(
    world: World,
) -> None:
    with world.as_platform():
        operators.add_peer(**PEER)
        operators.add_core(name="south-only", plmns=[Plmn("999", "01")])
        operators.serve_operator(core="south-only", operator="south", last_imsi=imsi(0))
        operators.add_core(name="new", plmns=[Plmn("999", "02")])
        for core in ("south-only", "new"):
            operators.add_peer(**PEER | {"core": core, "identity": f"mme.{core}"})
    world.line(1)
    world.line(500_001, operator=world.south)

    seen = {}
    for operator in (None, world.north):
        scope = scopes.Scope(now=world.clock.now(), operator_id=operator, is_platform=True)
        with scopes.within(scope):
            peers = {peer.identity for peer in queries.list_peers()}
            owners = {entry.operator_id for entry in audit.list_entries()}
        seen[operator] = (peers, owners)

    assert seen[None][0] == {"mme.lab", "mme.south-only", "mme.new"}
    assert seen[None][1] >= {world.north, world.south, None}
    assert seen[world.north][0] == {"mme.lab", "mme.new"}
    assert seen[world.north][1] == {world.north, None}
