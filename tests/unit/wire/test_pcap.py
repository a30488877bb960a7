"""Capture files, read again by hand and by Wireshark's own dissectors."""

import json
import shutil
import subprocess
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from struct import unpack_from

import pytest

from tests.unit.wire.diameter.builders import rows_of
from wispgate.wire.diameter.secrecy import mask_secrets
from wispgate.wire.pcap import DIAMETER_PORT, Endpoint, Sent, encode_capture

AT = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
MME = Endpoint(ip_address("10.0.0.7"), 40_000)
US = Endpoint(ip_address("10.0.0.1"), DIAMETER_PORT)


def packets_of(capture: bytes) -> list[bytes]:
    found, position = [], 24
    while position < len(capture):
        length = unpack_from("<I", capture, position + 8)[0]
        found.append(capture[position + 16 : position + 16 + length])
        position += 16 + length
    return found


def test_a_file_begins_with_its_kind() -> None:
    assert encode_capture([]) == bytes.fromhex(
        "d4c3b2a1 0200 0400 00000000 00000000 00000400 65000000"
    )


def test_an_instant_is_kept_to_the_microsecond() -> None:
    capture = encode_capture([Sent(AT, MME, US, b"abcd")])

    assert unpack_from("<II", capture, 24) == (int(AT.timestamp()), 250_000)


def test_each_end_counts_its_own_octets() -> None:
    capture = encode_capture(
        [Sent(AT, MME, US, b"abcd"), Sent(AT, US, MME, b"efghij"), Sent(AT, MME, US, b"kl")]
    )

    numbers = [unpack_from(">II", packet, 24) for packet in packets_of(capture)]
    assert numbers == [(1, 1), (1, 5), (5, 7)]


def test_a_long_message_is_cut_into_segments() -> None:
    octets = bytes(range(256)) * 600

    packets = packets_of(encode_capture([Sent(AT, MME, US, octets)]))

    assert len(packets) == 3
    assert b"".join(packet[40:] for packet in packets) == octets


def test_ipv6_has_its_own_header() -> None:
    here, there = (Endpoint(ip_address(f"2001:db8::{n}"), 3868) for n in (1, 2))

    [packet] = packets_of(encode_capture([Sent(AT, here, there, b"abc")]))

    assert packet[0] >> 4 == 6
    assert unpack_from(">H", packet, 4)[0] == 23
    assert packet.endswith(b"abc")


def test_two_versions_of_ip_do_not_speak() -> None:
    with pytest.raises(ValueError, match="does not speak with"):
        Sent(AT, MME, Endpoint(ip_address("2001:db8::1"), 1), b"")


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("version", [4, 6])
def test_wireshark_reads_every_masked_message_of_an_epc(tmp_path: Path, version: int) -> None:
    raws = [bytes.fromhex(row["hex"]) for row in rows_of("open5gs.jsonl")]
    ends = ("10.0.0.7", "10.0.0.1") if version == 4 else ("2001:db8::7", "2001:db8::1")
    mme, us = Endpoint(ip_address(ends[0]), 40_000), Endpoint(ip_address(ends[1]), DIAMETER_PORT)
    file = tmp_path / "trace.pcap"
    file.write_bytes(
        encode_capture(
            Sent(AT, mme, us, mask_secrets(raw))
            if raw[4] & 0x80
            else Sent(AT, us, mme, mask_secrets(raw))
            for raw in raws
        )
    )

    commands = dissected(file, "diameter.cmd.code")
    marks = dissected(file, "_ws.malformed", "tcp.checksum_bad.expert", "tcp.analysis.flags")

    assert [str(int.from_bytes(raw[5:8], "big")) for raw in raws] == [
        code for packet in commands for code in packet
    ]
    assert not [mark for mark in marks if mark]


def dissected(file: Path, *fields: str) -> list[list[str]]:
    """The values of the fields, of each packet."""
    wanted = [word for field in fields for word in ("-e", field)]
    done = subprocess.run(
        ["tshark", "-r", file, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE",
         "-T", "json", *wanted],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    layers = [packet["_source"].get("layers", {}) for packet in json.loads(done.stdout)]
    return [[value for values in layer.values() for value in values] for layer in layers]
