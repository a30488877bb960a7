"""Operator-determined barring, zones, and what serving nodes can do about them."""

import pytest

from wispgate.domain.policy.access import (
    NO_FEATURES,
    OUR_FEATURES,
    NodeFeatures,
    OperatorBar,
    bar_bits,
    find_unenforced_bar,
    is_among,
    is_home,
    is_home_country,
)


@pytest.mark.parametrize(
    ("bars", "bits"),
    [
        ((), 0),
        ((OperatorBar.ALL_PACKET_SERVICES,), 1),
        ((OperatorBar.ROAMER_ACCESS_HPLMN_AP, OperatorBar.ROAMER_ACCESS_VPLMN_AP), 6),
        ((OperatorBar.ALL_PACKET_SERVICES,) * 2, 1),
        ((OperatorBar.ROAMING_OUTSIDE_HPLMN, OperatorBar.ROAMING_OUTSIDE_HPLMN_COUNTRY), 0),
    ],
)
def test_bars_have_the_bits_of_table_7_3_30(bars: tuple[OperatorBar, ...], bits: int) -> None:
    assert bar_bits(bars) == bits


def test_node_without_features_enforces_nothing() -> None:
    assert not any(NO_FEATURES.can_enforce(bar) for bar in OperatorBar)
    assert not NO_FEATURES.has_extended_speeds
    assert OUR_FEATURES.can_enforce(OperatorBar.ROAMER_ACCESS_VPLMN_AP)
    assert not OUR_FEATURES.can_enforce(OperatorBar.ROAMING_OUTSIDE_HPLMN)
    assert NodeFeatures(list_2=1 << 27).has_extended_speeds


def test_first_bar_that_a_node_cannot_enforce_is_named() -> None:
    bars = (OperatorBar.ROAMER_ACCESS_VPLMN_AP, OperatorBar.ROAMER_ACCESS_HPLMN_AP)

    found = find_unenforced_bar(bars, NodeFeatures(2), is_roaming=True)

    assert found is OperatorBar.ROAMER_ACCESS_VPLMN_AP
    assert find_unenforced_bar(bars, NodeFeatures(6), is_roaming=True) is None
    assert find_unenforced_bar(bars, NO_FEATURES, is_roaming=False) is None


def test_network_is_home_unless_known_to_be_another() -> None:
    assert is_home("", ("00101",))
    assert is_home("26201", ())
    assert is_home("00101", ("00101", "00102"))
    assert not is_home("26201", ("00101",))
    assert is_home_country("00199", ("00101",))
    assert not is_home_country("26201", ("00101",))


def test_country_code_means_all_its_networks_and_a_network_only_itself() -> None:
    assert is_among("26201", ("262",))
    assert is_among("31041", ("31041",))
    assert not is_among("310410", ("31041",))
    assert not is_among("26201", ("244", "26202"))
