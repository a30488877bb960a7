"""Diameter messages as a capture file, and what tshark says of them."""

import shutil
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

_FILE = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, 101)  # 101: raw IP
_PORT = 3868
_LONGEST = 65_000
# Expert severities: error; below are warnings, notes and chats.
_ERROR = 0x800000
_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Verdict:
    """What tshark made of one message. `faults` are malformed marks and expert errors."""

    number: int
    command: str
    faults: str
    warnings: str


def require_tshark() -> str:
    """Its path; the test is skipped with the reason where there is none."""
    found = shutil.which("tshark")
    if found is None:
        pytest.skip("no tshark on this machine: make setup-peers")
    return found


def write_capture(file: Path, messages: Sequence[bytes]) -> None:
    """One message in each segment of one TCP stream."""
    packets, sequence = [_FILE], 1
    for number, message in enumerate(messages):
        assert len(message) <= _LONGEST, "one message in one segment"
        tcp = struct.pack(
            ">HHIIBBHHH", _PORT, 40000, sequence, 1, 5 << 4, 0x18, 65535, 0, 0
        ) + message  # fmt: skip
        ip = struct.pack(
            ">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), number & 0xFFFF, 0, 64, 6, 0,
            bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]),
        )  # fmt: skip
        packet = ip + tcp
        packets += [struct.pack("<IIII", number, 0, len(packet), len(packet)), packet]
        sequence = (sequence + len(message)) & 0xFFFFFFFF
    file.write_bytes(b"".join(packets))


def dissect(tshark: str, file: Path) -> list[Verdict]:
    """tshark's opinion of every message."""
    fields = (
        "frame.number", "diameter.cmd.code", "_ws.malformed", "_ws.expert.message",
        "_ws.expert.severity",
    )  # fmt: skip
    command = [tshark, "-r", str(file), "-d", f"tcp.port=={_PORT},diameter", "-T", "fields"]
    command += ["-E", f"separator={_SEPARATOR}", "-E", "occurrence=a"]
    for field in fields:
        command += ["-e", field]
    # Checksums of our packets are nought, and no stream has a beginning.
    command += ["-o", "tcp.check_checksum:FALSE", "-o", "ip.check_checksum:FALSE"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return [_verdict(line) for line in ran.stdout.splitlines()]


def _verdict(line: str) -> Verdict:
    number, code, malformed, expert, severities = line.split(_SEPARATOR)
    is_error = any(int(severity) >= _ERROR for severity in severities.split(",") if severity)
    faults = " ".join(part for part in (malformed, expert if is_error else "") if part)
    return Verdict(int(number), code, faults, "" if is_error else expert)
