"""The allow-list: identity, address, realm, applications."""

from typing import Any
from uuid import UUID

import pytest

from wispgate.kernel.plmn import Plmn
from wispgate.network.transport.admission import Admitted, NotAdmitted, Path, decide_admission
from wispgate.network.transport.applications import APPLICATION_IDS
from wispgate.wire.diameter.capabilities import Application, Capabilities
from wispgate.wire.diameter.commands import APPLICATION_RELAY
from wispgate.wire.diameter.results import ResultCode


def remote(realm: str = "epc.test", *applications: int) -> Capabilities:
    return Capabilities(
        origin_host="mme.epc.test",
        origin_realm=realm,
        host_ip_addresses=(),
        applications=frozenset(Application(n) for n in applications or (APPLICATION_IDS["s6a"],)),
        vendor_id=0,
        product_name="test",
        origin_state_id=None,
        supported_vendor_ids=frozenset(),
        firmware_revision=None,
        can_go_without_inband_security=True,
    )


def row(**changes: Any) -> dict[str, Any]:
    return {
        "core_id": UUID(int=1), "core": "lab", "identity": "mme.epc.test", "realm": "epc.test",
        "profile": "open5gs", "plmns": ["001-01", "310-410"], "unknown_imsi": "unknown",
        "addresses": ["127.0.0.1/32"], "applications": ["s6a"], "local_host": "",
        "local_realm": "", "transport": "tcp", "certificate_authority": "", "connect_to": "",
        "routed_realms": [],
    } | changes  # fmt: skip


def decide(
    *rows: dict[str, Any], address: str = "127.0.0.1", cer: Capabilities | None = None
) -> Admitted | NotAdmitted:
    return decide_admission(cer or remote(), Path(address), rows)


def test_a_peer_of_the_list_is_admitted_to_its_core() -> None:
    decision = decide(row(applications=["s6a", "gx"]))

    assert isinstance(decision, Admitted)
    peer = decision.peer
    assert (peer.core_id, peer.core, peer.identity) == (UUID(int=1), "lab", "mme.epc.test")
    assert peer.home_plmns == (Plmn("001", "01"), Plmn("310", "410"))
    assert peer.application_ids == {APPLICATION_IDS["s6a"], APPLICATION_IDS["gx"]}
    assert peer.profile == "open5gs"
    assert peer.key == (UUID(int=1), "mme.epc.test")


@pytest.mark.parametrize(
    ("address", "places", "is_admitted"),
    [
        ("10.1.2.3", ["10.0.0.0/8"], True),
        ("10.1.2.3", ["10.9.9.9/8"], True),
        ("11.1.2.3", ["10.0.0.0/8"], False),
        ("10.1.2.3", ["192.0.2.1/32", "10.1.2.3"], True),
        ("::ffff:10.1.2.3", ["10.0.0.0/8"], True),
        ("::ffff:11.1.2.3", ["10.0.0.0/8"], False),
        ("2001:db8::1", ["2001:db8::/32"], True),
        ("2001:db9::1", ["2001:db8::/32"], False),
        ("2001:db8::1", ["10.0.0.0/8"], False),
        ("10.1.2.3", ["2001:db8::/32"], False),
        ("10.1.2.3", [], False),
        ("fe80::1%eth0", ["fe80::/10"], True),
    ],
)
def test_the_address_decides(address: str, places: list[str], is_admitted: bool) -> None:
    decision = decide(row(addresses=places), address=address)

    assert isinstance(decision, Admitted) == is_admitted


@pytest.mark.parametrize(
    ("rows", "cer", "address", "code", "words"),
    [
        ((), remote(), "127.0.0.1", ResultCode.UNKNOWN_PEER, "no peer of any core"),
        ((row(),), remote(), "127.0.0.2", ResultCode.UNKNOWN_PEER, "not from 127.0.0.2"),
        ((row(),), remote("x.test"), "127.0.0.1", ResultCode.UNKNOWN_PEER, "says realm x.test"),
        (
            (row(),),
            remote("epc.test", APPLICATION_IDS["gx"], APPLICATION_IDS["gy"]),
            "127.0.0.1",
            ResultCode.NO_COMMON_APPLICATION,
            "announces none of s6a",
        ),
        (
            (row(applications=[]),),
            remote(),
            "127.0.0.1",
            ResultCode.NO_COMMON_APPLICATION,
            "none of",
        ),
    ],
)
def test_who_is_not_admitted_hears_a_code_and_we_the_reason(
    rows: tuple[dict[str, Any], ...], cer: Capabilities, address: str, code: int, words: str
) -> None:
    decision = decide(*rows, address=address, cer=cer)

    assert isinstance(decision, NotAdmitted)
    assert decision.result_code == code
    assert words in decision.reason


def test_case_is_no_difference_between_realms() -> None:
    assert isinstance(decide(row(realm="EPC.Test"), cer=remote("epc.TEST")), Admitted)


def test_a_relay_speaks_every_application() -> None:
    assert isinstance(decide(row(), cer=remote("epc.test", APPLICATION_RELAY)), Admitted)


def test_of_several_cores_address_and_realm_choose() -> None:
    rows = [
        row(core_id=UUID(int=1), addresses=["192.0.2.0/24"]),
        row(core_id=UUID(int=2), realm="other.test"),
        row(core_id=UUID(int=3)),
    ]

    decision = decide(*rows)

    assert isinstance(decision, Admitted)
    assert decision.peer.core_id == UUID(int=3)


def test_a_core_of_an_unknown_kind_is_taken_for_full_3gpp() -> None:
    decision = decide(row(profile="made_by_a_later_version"))

    assert isinstance(decision, Admitted)
    assert decision.peer.profile == "generic3gpp"
