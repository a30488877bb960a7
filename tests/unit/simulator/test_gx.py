"""What a gateway makes of the PCRF's rules."""

from wispgate.kernel.identifiers import Imsi
from wispgate.simulator.enodeb import ENodeB
from wispgate.simulator.gx import PolicySession
from wispgate.simulator.subscription import Ambr
from wispgate.wire.diameter.avp import AvpSequence, split_avps
from wispgate.wire.diameter.message import AvpItem, encode_avps

IMSI = Imsi("001010000000001")


def a_session(*avps: AvpItem, with_qos: bool = True) -> PolicySession:
    session = PolicySession("s")
    session.apply(AvpSequence(split_avps(encode_avps(avps))), with_qos=with_qos)
    return session


def an_install(*definition: AvpItem, name: bytes = b"rule") -> AvpItem:
    members = [("Charging-Rule-Name", name), *definition]
    return ("Charging-Rule-Install", [("Charging-Rule-Definition", members)])


def test_a_rule_of_the_group_rules_before_a_general_one() -> None:
    session = a_session(
        an_install(("Precedence", 1), name=b"all"),
        an_install(("Rating-Group", 7), ("Precedence", 900), name=b"seven"),
    )

    names = [rule and rule.name for rule in (session.rule_for(7), session.rule_for(1))]

    assert names == ["seven", "all"]


def test_of_several_the_lowest_precedence_rules() -> None:
    session = a_session(
        an_install(("Precedence", 20), name=b"late"), an_install(("Precedence", 10), name=b"first")
    )

    rule = session.rule_for(1)

    assert rule is not None
    assert rule.name == "first"


def test_a_rule_for_some_flows_is_none_for_all_traffic() -> None:
    flow: AvpItem = (
        "Flow-Information",
        [("Flow-Description", "permit out 17 from 1.2.3.4 to any")],
    )
    everything: AvpItem = (
        "Flow-Information", [("Flow-Description", "permit out ip from any to any")],
    )  # fmt: skip

    special, general = a_session(an_install(flow)), a_session(an_install(everything))

    assert special.rule_for(1) is None
    assert general.rule_for(1) is not None


def test_a_disabled_rule_is_shut() -> None:
    rule = a_session(an_install(("Flow-Status", 3))).rule_for(1)

    assert rule is not None
    assert not rule.is_open


def test_a_predefined_rule_is_known_by_its_name() -> None:
    session = a_session(("Charging-Rule-Install", [("Charging-Rule-Name", b"base")]))

    assert list(session.rules) == ["base"]


def test_removing_what_is_not_there_is_harmless() -> None:
    session = a_session(
        an_install(),
        ("Charging-Rule-Remove", [("Charging-Rule-Name", b"other")]),
    )

    assert list(session.rules) == ["rule"]


def test_qos_counts_only_where_it_is_minded() -> None:
    qos: AvpItem = (
        "QoS-Information",
        [("APN-Aggregate-Max-Bitrate-UL", 1), ("APN-Aggregate-Max-Bitrate-DL", 2)],
    )

    rates = [a_session(qos, with_qos=minded).ambr for minded in (True, False)]

    assert rates == [Ambr(1, 2), None]


def test_the_base_station_changes_only_active_phones() -> None:
    base_station = ENodeB()
    base_station.modify(IMSI, Ambr(1, 1))
    unknown = base_station.find_ambr(IMSI)
    base_station.set_up(IMSI, Ambr(2, 2))

    base_station.modify(IMSI, Ambr(3, 3))

    assert (unknown, base_station.find_ambr(IMSI)) == (None, Ambr(3, 3))
