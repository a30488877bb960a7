"""Through whom a node is reached."""

from uuid import UUID

import pytest

from wispgate.network.enforcement.hops import find_next_hop
from wispgate.network.enforcement.ladder import Node

CORE, OTHER = UUID(int=1), UUID(int=2)
CORES = {
    (CORE, "mme.epc.test"): Node("epc.test", "generic3gpp"),
    (CORE, "dra2.test"): Node("dra.test", "generic3gpp", ("far.test",), is_connected=True),
    (CORE, "dra1.test"): Node("dra.test", "generic3gpp", ("far.test",)),
    (CORE, "all.test"): Node("dra.test", "generic3gpp", ("*",), is_connected=True),
    (OTHER, "mme9.far.test"): Node("far.test", "generic3gpp"),
    (OTHER, "dra0.test"): Node("dra.test", "generic3gpp", ("far.test", "*"), is_connected=True),
}


@pytest.mark.parametrize(
    ("host", "realm", "hop"),
    [
        ("MME.epc.test", "epc.test", "mme.epc.test"),
        ("mme9.far.test", "FAR.test", "dra2.test"),
        ("mme9.unheard.test", "unheard.test", "all.test"),
        ("mme9.unheard.test", "", "all.test"),
        ("", "", "usual.test"),
    ],
)
def test_the_host_itself_comes_before_who_routes_its_realm(host: str, realm: str, hop: str) -> None:
    assert find_next_hop(CORES, CORE, host=host, realm=realm, usual="usual.test") == hop


def test_without_a_route_it_is_the_way_that_it_came() -> None:
    cores = {(CORE, "mme.epc.test"): Node("epc.test", "generic3gpp")}

    hop = find_next_hop(cores, CORE, host="pgw9.test", realm="far.test", usual="dra.test")

    assert hop == "dra.test"


def test_of_two_routers_that_are_away_the_first_by_name_is_waited_for() -> None:
    cores = {
        (CORE, name): Node("dra.test", "generic3gpp", ("far.test",))
        for name in ("b.test", "a.test")
    }

    hop = find_next_hop(cores, CORE, host="mme9.far.test", realm="far.test", usual="x")

    assert hop == "a.test"
