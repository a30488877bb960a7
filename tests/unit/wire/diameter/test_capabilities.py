"""What nodes say of themselves, and what they have in common."""

import pytest

from tests.unit.wire.diameter.builders import GY, NOW, S6A, a_node
from wispgate.wire.diameter.answers import Result
from wispgate.wire.diameter.base_messages import BaseMessages
from wispgate.wire.diameter.capabilities import (
    Application,
    Capabilities,
    LocalNode,
    capabilities_avps,
    common_applications,
    decode_capabilities,
)
from wispgate.wire.diameter.errors import MissingAvp
from wispgate.wire.diameter.events import CapabilitiesRefused
from wispgate.wire.diameter.handshake import decide_refusal, read_introduction, read_welcome
from wispgate.wire.diameter.header import decode_header
from wispgate.wire.diameter.message import Message, decode_message, encode_message, encode_named
from wispgate.wire.diameter.results import ResultCode
from wispgate.wire.diameter.validation import Violation

RF = Application(3, is_accounting=True)
RELAY = Application(0xFFFFFFFF)


def a_cer(node: LocalNode) -> bytes:
    return BaseMessages(node, seed=1).capabilities_request(NOW)


def a_cea(node: LocalNode, result_code: int = 2001) -> bytes:
    request = decode_message(a_cer(a_node("other")))
    return BaseMessages(node, seed=1).capabilities_answer(request, Result(result_code))


def capabilities_of(node: LocalNode) -> Capabilities:
    return decode_capabilities(decode_message(a_cer(node)))


def test_capabilities_come_out_as_the_node_has_them() -> None:
    node = a_node("hss.example", S6A, RF, origin_state_id=7, firmware_revision=3)

    remote = capabilities_of(node)

    assert (remote.origin_host, remote.origin_realm) == ("hss.example", "example")
    assert remote.host_ip_addresses == node.host_ip_addresses
    assert remote.applications == {S6A, RF}
    assert (remote.origin_state_id, remote.firmware_revision) == (7, 3)
    assert remote.supported_vendor_ids == {10415, 13019}
    assert (remote.vendor_id, remote.product_name) == (0, "WISPGate")


def test_3gpp_applications_are_announced_plain_and_with_vendor() -> None:
    message = decode_message(a_cer(a_node("hss.example", S6A, GY)))

    assert message.list("Auth-Application-Id") == [16777251, 4]
    (specific,) = message.list_avps("Vendor-Specific-Application-Id")
    assert (specific.get("Vendor-Id"), specific.get("Auth-Application-Id")) == (10415, 16777251)
    assert len(capabilities_avps(a_node("a", RF))) == 6


@pytest.mark.parametrize(
    ("ours", "theirs", "common"),
    [
        ((S6A, GY), (GY,), (GY,)),
        ((S6A,), (Application(16777251),), (S6A,)),
        ((RF,), (Application(3),), ()),
        ((RF,), (RF,), (RF,)),
        ((S6A, GY), (RELAY,), (S6A, GY)),
        ((RELAY,), (GY,), (RELAY,)),
        ((S6A,), (GY,), ()),
    ],
)
def test_common_is_what_both_announce_in_the_same_kind(
    ours: tuple[Application, ...],
    theirs: tuple[Application, ...],
    common: tuple[Application, ...],
) -> None:
    remote = capabilities_of(a_node("them", *theirs))

    assert common_applications(a_node("us", *ours), remote) == common


def test_capabilities_without_identity_are_refused() -> None:
    header = decode_header(a_cer(a_node()))
    with pytest.raises(MissingAvp):
        decode_capabilities(decode_message(encode_message(header, [])))


def test_nodes_that_insist_on_inband_tls_are_refused() -> None:
    header = decode_header(a_cer(a_node()))
    avps = list(decode_message(a_cer(a_node())).avps)
    tls = encode_named("Inband-Security-Id", 1)
    none = encode_named("Inband-Security-Id", 0)

    insisting = decode_capabilities(decode_message(encode_message(header, [*avps, tls])))
    choosing = decode_capabilities(decode_message(encode_message(header, [*avps, tls, none])))

    assert decide_refusal(a_node(), insisting) is ResultCode.NO_COMMON_SECURITY
    assert decide_refusal(a_node(), choosing) is None


def test_an_introduction_is_a_message_or_a_violation() -> None:
    good = a_cer(a_node())
    header = decode_header(good)
    short = encode_message(header, decode_message(good).avps[1:])
    cut = header.encode(len(good)) + good[20:-4] + b"\xff\xff\xff\xff"

    assert isinstance(read_introduction(good), Message)
    missing, broken = (
        read_introduction(short),
        read_introduction(cut[:-8] + b"\0\0\0\1\x40\0\0\xff"),
    )
    assert isinstance(missing, Violation)
    assert missing.result_code == 5005
    assert isinstance(broken, Violation)
    assert broken.result_code == 5014


def test_a_welcome_says_who_they_are_or_why_not() -> None:
    us = a_node("us", GY)

    assert isinstance(read_welcome(a_cea(a_node("them", GY)), us), Capabilities)
    assert read_welcome(a_cea(a_node("them", S6A)), us) == CapabilitiesRefused(5010, by_us=True)
    assert read_welcome(a_cea(a_node("them", GY), 3010), us) == CapabilitiesRefused(3010)
    header = decode_header(a_cea(us))
    unreadable = read_welcome(encode_message(header, []), us)
    assert isinstance(unreadable, Violation)
    assert unreadable.result_code == 5005
