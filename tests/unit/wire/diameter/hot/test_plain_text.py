"""Texts with a NUL are left to the generic codec, which tells the peer what is wrong."""

import pytest

from tests.unit.wire.diameter.hot.requests import a_full_air, a_full_ccr, a_full_gx_ccr, a_full_ulr
from wispgate.wire.diameter.commands import LONGEST_SESSION_ID
from wispgate.wire.diameter.hot import credit_control, gx, s6a
from wispgate.wire.diameter.hot.frame import plain_text
from wispgate.wire.diameter.hot.request import HotRequest
from wispgate.wire.diameter.hot.unusual import Unusual
from wispgate.wire.diameter.message import decode_message, encode_message


def test_plain_text_has_no_nul() -> None:
    assert plain_text("Käse".encode()) == "Käse"
    with pytest.raises(Unusual):
        plain_text(b"a\0b")
    with pytest.raises(UnicodeDecodeError):
        plain_text(b"\xff")


@pytest.mark.parametrize(
    ("raw", "decoder", "name"),
    [
        (a_full_ccr(), credit_control.decode_ccr, "Session-Id"),
        (a_full_ccr(), credit_control.decode_ccr, "Origin-Host"),
        (a_full_gx_ccr(), gx.decode_ccr, "Session-Id"),
        (a_full_gx_ccr(), gx.decode_ccr, "Called-Station-Id"),
        (a_full_air(), s6a.decode_air, "User-Name"),
        (a_full_ulr(), s6a.decode_ulr, "Origin-Realm"),
    ],
)
def test_a_nul_in_a_text_is_unusual(raw: bytes, decoder: object, name: str) -> None:
    text = decode_message(raw).get_avp(name).data
    spoiled = raw.replace(text, b"\0" + text[1:])
    assert callable(decoder)

    assert isinstance(decoder(raw), HotRequest)
    assert decoder(spoiled) is None


@pytest.mark.parametrize(
    ("raw", "decoder"),
    [(a_full_ccr(), credit_control.decode_ccr), (a_full_gx_ccr(), gx.decode_ccr)],
)
def test_a_session_id_too_long_to_be_kept_or_empty_is_unusual(raw: bytes, decoder: object) -> None:
    message = decode_message(raw)
    assert callable(decoder)

    def called(session: str) -> bytes:
        others = [avp for avp in message.avps if avp.name != "Session-Id"]
        return encode_message(message.header, [("Session-Id", session), *others])

    assert isinstance(decoder(called("s" * LONGEST_SESSION_ID)), HotRequest)
    assert decoder(called("s" * (LONGEST_SESSION_ID + 1))) is None
    assert decoder(called("")) is None
