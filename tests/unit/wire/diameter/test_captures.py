"""Messages of a running EPC, and synthetic ones with their trees, through the codec."""

from typing import Any

import pytest

from tests.unit.wire.diameter.builders import rows_of
from wispgate.wire.diameter.avp import Avp
from wispgate.wire.diameter.framing import Framer
from wispgate.wire.diameter.message import Message, decode_message, encode_message
from wispgate.wire.diameter.types import Address
from wispgate.wire.diameter.validation import Violation, check_answer, check_request

CAPTURED = rows_of("open5gs.jsonl")
SYNTHETIC = rows_of("synthetic.jsonl")

# Row number in the file -> what is missing, and why it is the message that is wrong.
CAPTURED_FAULTS = {
    # The HSS of Open5GS sends one CLR without the Destination-Host that TS 29.272 7.2.7 requires.
    53: (5005, "Destination-Host is missing"),
}
SYNTHETIC_FAULTS = {
    # Made with the User-Data of Cx (606), where Sh has its own (702): PUR and PNR.
    "Sh PUR": (5005, "User-Data is missing"),
    "Sh PNR": (5005, "User-Data is missing"),
}


def check(message: Message) -> Violation | None:
    return check_request(message) if message.header.is_request else check_answer(message)


def test_there_is_something_to_look_at() -> None:
    assert (len(CAPTURED), len(SYNTHETIC)) == (173, 99)


@pytest.mark.parametrize(
    "row", CAPTURED + SYNTHETIC, ids=lambda r: f"{r['interface']}-{r['command']}"
)
def test_a_message_comes_out_of_the_codec_as_it_went_in(row: dict[str, Any]) -> None:
    octets = bytes.fromhex(row["hex"])

    message = decode_message(octets)

    assert encode_message(message.header, message.avps) == octets
    assert encode_message(message.header, _rebuilt(message.avps)) == octets


def _rebuilt(avps: tuple[Avp, ...]) -> list[Avp]:
    """Every group taken apart and put together again."""
    return [
        Avp(a.code, a.vendor_id, a.flags, b"".join(m.encode() for m in _rebuilt(a.members.avps)))
        if a.definition is not None and a.definition.is_grouped
        else a
        for a in avps
    ]


def test_captured_messages_keep_the_grammar_but_for_known_faults() -> None:
    faults = {}
    for number, row in enumerate(CAPTURED):
        violation = check(decode_message(bytes.fromhex(row["hex"])))
        if violation is not None:
            faults[number] = (violation.result_code, violation.message)

    assert faults == CAPTURED_FAULTS


def test_synthetic_messages_keep_the_grammar_but_for_known_faults() -> None:
    faults = {}
    for row in SYNTHETIC:
        violation = check(decode_message(bytes.fromhex(row["hex"])))
        if violation is not None:
            name = f"{row['interface']} {row['command']}"
            faults[name] = (violation.result_code, violation.message)

    assert faults == SYNTHETIC_FAULTS


def test_all_captured_messages_pass_the_framer_as_one_stream() -> None:
    messages = [bytes.fromhex(row["hex"]) for row in CAPTURED]
    stream = b"".join(messages)
    framer = Framer()

    received = []
    for start in range(0, len(stream), 1460):
        received += framer.receive_data(stream[start : start + 1460])

    assert received == messages


@pytest.mark.parametrize("row", SYNTHETIC, ids=lambda r: f"{r['interface']}-{r['command']}")
def test_decoded_values_equal_those_of_another_decoder(row: dict[str, Any]) -> None:
    message = decode_message(bytes.fromhex(row["hex"]))

    assert [_plain(avp) for avp in message.avps] == row["avps"]


def _plain(avp: Avp) -> dict[str, Any]:
    definition = avp.definition
    assert definition is not None
    plain: dict[str, Any] = {
        "name": definition.name,
        "code": avp.code,
        "vendor_id": avp.vendor_id,
        "flags": avp.flags,
    }
    value = avp.value
    if isinstance(value, tuple):
        return plain | {"avps": [_plain(member) for member in value]}
    if isinstance(value, bytes):
        return plain | {"value": f"0x{value.hex()}"}
    if hasattr(value, "timestamp"):
        unix = int(value.timestamp())
        return plain | {"value": {"ntp": int.from_bytes(avp.data, "big"), "unix": unix}}
    return plain | {"value": str(value) if isinstance(value, Address) else value}
