"""What comes back of a request that nobody read: whole AVPs, in their order, and nothing else."""

import pytest

from tests.unit.wire.diameter.builders import a_ccr, a_header
from wispgate.wire.diameter.avp import encode_avp
from wispgate.wire.diameter.copies import proxy_infos_of, session_of
from wispgate.wire.diameter.message import decode_message, encode_avps

HEADER = a_header().encode(20)
SESSION = encode_avps([("Session-Id", "a;1;2")])
PROXIES = [
    encode_avps([("Proxy-Info", [("Proxy-Host", host), ("Proxy-State", bytes(size))])])
    for host, size in (("p1", 1), ("p2", 5))
]
OTHER = encode_avps([("User-Name", "1")])
BROKEN = b"\0\0\1\1\x40\0\0\x05\0\0\0\0"
TOO_LONG = b"\0\0\1\1\x40\1\0\0"


def test_session_and_proxies_are_those_that_the_codec_finds() -> None:
    raw = a_ccr(("Proxy-Info", [("Proxy-Host", "p"), ("Proxy-State", b"s")]))
    message = decode_message(raw)

    assert session_of(raw) == message.get_avp("Session-Id").encode()
    assert proxy_infos_of(raw) == message.get_avp("Proxy-Info").encode()


@pytest.mark.parametrize(
    ("avps", "expected"),
    [
        ([], []),
        ([OTHER], []),
        ([PROXIES[0], OTHER, PROXIES[1]], PROXIES),
        ([PROXIES[1], PROXIES[0]], [PROXIES[1], PROXIES[0]]),
        # Behind a length that cannot be, nothing is believed.
        ([PROXIES[0], BROKEN, PROXIES[1]], [PROXIES[0]]),
        ([PROXIES[0], TOO_LONG, PROXIES[1]], [PROXIES[0]]),
        ([PROXIES[0], PROXIES[1][:-4]], [PROXIES[0]]),
        ([PROXIES[0], PROXIES[1][:6]], [PROXIES[0]]),
        # The code alone, in another AVP's data, is no Proxy-Info; nor is a vendor's 284.
        ([encode_avp(1, 0, 0x40, PROXIES[0])], []),
        ([encode_avp(284, 10415, 0xC0, b"x")], []),
    ],
)
def test_proxies_come_back_whole_and_in_order(avps: list[bytes], expected: list[bytes]) -> None:
    assert proxy_infos_of(HEADER + b"".join(avps)) == b"".join(expected)


@pytest.mark.parametrize(
    ("avps", "expected"),
    [
        ([], b""),
        ([SESSION, OTHER], SESSION),
        ([OTHER, SESSION], SESSION),
        ([SESSION, encode_avps([("Session-Id", "b")])], SESSION),
        ([BROKEN, SESSION], b""),
        ([encode_avp(263, 10415, 0xC0, b"x")], b""),
    ],
)
def test_the_first_whole_session_comes_back(avps: list[bytes], expected: bytes) -> None:
    assert session_of(HEADER + b"".join(avps)) == expected
