"""Secrets are gone from what is kept, and everything else is there."""

import pytest

from tests.unit.wire.diameter.builders import a_header, rows_of
from wispgate.wire.diameter import dictionary
from wispgate.wire.diameter.avp import encode_avp
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.message import AvpItem, Message, decode_message, encode_message
from wispgate.wire.diameter.secrecy import DEEPEST, mask_secrets, secret_keys

RAND, XRES, KASME = b"R" * 16, b"X" * 8, b"K" * 32
AIA = Header(0x40, 318, 16777251, 7, 8)


def an_aia() -> bytes:
    vector: list[AvpItem] = [
        ("Item-Number", 1), ("RAND", RAND), ("XRES", XRES), ("AUTN", b"A" * 16), ("KASME", KASME),
    ]  # fmt: skip
    avps: list[AvpItem] = [
        ("Session-Id", "a;b;c"),
        ("Result-Code", 2001),
        ("Authentication-Info", [("E-UTRAN-Vector", vector)]),
        ("Origin-Host", "hss.example"),
    ]
    return encode_message(AIA, avps)


def members_of(message: Message) -> dict[str, bytes]:
    vector = message.get_avp("Authentication-Info").members.get_avp("E-UTRAN-Vector")
    return {avp.name: avp.data for avp in vector.members.avps}


def test_a_vector_is_zeros_and_the_rest_stays() -> None:
    raw = an_aia()

    masked = decode_message(mask_secrets(raw))

    assert members_of(masked) == {
        "Item-Number": b"\0\0\0\1", "RAND": bytes(16), "XRES": bytes(8), "AUTN": bytes(16),
        "KASME": bytes(32),
    }  # fmt: skip
    assert masked.get("Session-Id") == "a;b;c"
    assert masked.get("Origin-Host") == "hss.example"


@pytest.mark.parametrize(
    "name",
    ["User-Password", "CHAP-Response", "EAP-Payload", "Re-Synchronization-Info", "Integrity-Key"],
)
def test_passwords_and_proofs_are_hidden(name: str) -> None:
    avp = dictionary.get_definition(name)
    raw = encode_message(a_header(), [encode_avp(avp.code, avp.vendor_id, avp.flags, b"secret!")])

    masked = mask_secrets(raw)

    assert b"secret!" not in masked
    assert decode_message(masked).avps[0].data == bytes(7)


def test_what_failed_avp_repeats_is_hidden_too() -> None:
    raw = encode_message(AIA, [("Failed-AVP", [("Re-Synchronization-Info", RAND)])])

    assert RAND not in mask_secrets(raw)


def test_more_can_be_hidden_than_secrets() -> None:
    raw = encode_message(a_header(), [("MSISDN", b"\x51\x55"), ("User-Name", "001010000000001")])

    masked = decode_message(mask_secrets(raw, also={dictionary.key_of("MSISDN")}))

    assert masked.get("MSISDN") == bytes(2)
    assert masked.get("User-Name") == "001010000000001"


def test_what_cannot_be_read_is_overwritten() -> None:
    whole = an_aia()
    position = whole.index(RAND) - 12
    wrong_length = bytearray(whole)
    wrong_length[position + 5 : position + 8] = (4000).to_bytes(3, "big")
    too_short = bytearray(whole)
    too_short[position + 5 : position + 8] = (3).to_bytes(3, "big")

    for broken in (wrong_length, too_short, whole[: whole.index(RAND) + 6]):
        masked = mask_secrets(bytes(broken))
        assert len(masked) == len(broken)
        assert b"RRRR" not in masked
        assert b"a;b;c" in masked


def test_an_avp_that_breaks_off_in_its_header_is_overwritten() -> None:
    raw = encode_message(a_header(), []) + b"RRRR"

    assert mask_secrets(raw)[20:] == bytes(4)


def test_secrets_do_not_hide_in_the_depth() -> None:
    inner = encode_avp(1447, 10415, 0xC0, RAND)
    for _ in range(DEEPEST + 20):
        inner = encode_avp(279, 0, 0x40, inner)

    masked = mask_secrets(encode_message(a_header(), [inner]))

    assert RAND not in masked


def test_a_hostile_depth_does_no_harm() -> None:
    inner = b""
    for _ in range(5000):
        inner = encode_avp(279, 0, 0x40, inner)

    raw = encode_message(a_header(), [inner])

    assert len(mask_secrets(raw)) == len(raw)


def test_keys_of_other_vendors_are_hidden_too() -> None:
    raw = encode_message(a_header(), [encode_avp(17, 311, 0x80, b"mppe-recv-key")])

    assert b"mppe" not in mask_secrets(raw)
    assert dictionary.avp_key(311, 17) in secret_keys()


@pytest.mark.parametrize("row", rows_of("open5gs.jsonl"))
def test_messages_of_a_running_epc_keep_their_form(row: dict[str, str]) -> None:
    raw = bytes.fromhex(row["hex"])

    masked = mask_secrets(raw)

    before, after = decode_message(raw), decode_message(masked)
    assert len(masked) == len(raw)
    assert [avp.key for avp in after.avps] == [avp.key for avp in before.avps]
    assert before.find("User-Name") == after.find("User-Name")
