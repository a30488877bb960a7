"""The Diameter codec: requests decoded and checked, answers encoded; hot against generic.

    python -m bench.bench_codec [--rounds 7] [--no-compile]

Interpreted and compiled take turns, each turn in a process of its own; the compiled modules are
made in a temporary copy of the source. Every message differs: 256 of a kind go round.
Figures are medians of CPU time.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.forms import ROOT, sources
from bench.table import Row, report
from wispgate.wire.diameter.answers import Origin, answer_to
from wispgate.wire.diameter.hot import gx
from wispgate.wire.diameter.hot.credit_control import decode_ccr
from wispgate.wire.diameter.hot.form import form
from wispgate.wire.diameter.hot.grants import CreditControlAnswers, encode_octets_service
from wispgate.wire.diameter.hot.s6a import decode_air, decode_ulr
from wispgate.wire.diameter.hot.vectors import (
    S6aAnswers,
    authentication_info,
    eutran_vector,
    ula_flags,
)
from wispgate.wire.diameter.hot.watchdog import WatchdogAnswers, decode_dwr
from wispgate.wire.diameter.message import AvpItem, Message, decode_message, encode_avps
from wispgate.wire.diameter.validation import check_request

CAPTURES: Final = ROOT / "tests" / "data" / "diameter" / "open5gs.jsonl"
DISTINCT: Final = 256
PASSES: Final = 8
ORIGIN: Final = Origin("ours.localdomain", "localdomain")
IMSI: Final = b"999707364000060"

Step = Callable[[bytes], object]

# --- messages -------------------------------------------------------------------------------------


def captured(interface: str, command: str) -> bytes:
    """The first of its kind that a gateway sent."""
    for line in CAPTURES.read_text().splitlines():
        row = json.loads(line)
        if (row["interface"], row["command"]) == (interface, command):
            return bytes.fromhex(row["hex"])
    raise LookupError(f"no {interface} {command}")


def distinct(raw: bytes) -> list[bytes]:
    """The message of many subscribers: identity, session, address and place differ."""
    place = bytes.fromhex("99f90701079baf")
    messages = []
    for number in range(DISTINCT):
        other = raw.replace(IMSI, b"99970%010d" % (number * 7919))
        other = other.replace(b";17953", b";%05d" % (number * 211))
        other = other.replace(place, place[:3] + number.to_bytes(4, "big"))
        messages.append(other.replace(b"\x0a\x2d\x00", bytes([10, 45, number])))
    return messages


def two_services(raw: bytes) -> bytes:
    """A captured CCR as an update of two rating groups, as larger gateways send it."""
    message = decode_message(raw)
    avps: list[AvpItem] = [
        avp for avp in message.avps if avp.name != "Multiple-Services-Credit-Control"
    ]
    used: AvpItem = (
        "Used-Service-Unit",
        [
            ("CC-Time", 60),
            ("CC-Total-Octets", 5_000_000),
            ("CC-Input-Octets", 1_000_000),
            ("CC-Output-Octets", 4_000_000),
        ],
    )
    for rating_group in (10, 20):
        service: list[AvpItem] = [("Requested-Service-Unit", []), used]
        service += [("Rating-Group", rating_group), ("Reporting-Reason", 3)]
        avps += [("Multiple-Services-Credit-Control", service)]
    body = encode_avps(avps)
    return message.header.encode(20 + len(body)) + body


# --- what is measured -----------------------------------------------------------------------------

_GY = CreditControlAnswers(ORIGIN)
_S6A = S6aAnswers(ORIGIN)
_BASE = WatchdogAnswers(ORIGIN, 1)
_DATA = encode_avps(
    [
        (
            "Subscription-Data",
            [
                ("Subscriber-Status", 0),
                (
                    "AMBR",
                    [("Max-Requested-Bandwidth-UL", 10**8), ("Max-Requested-Bandwidth-DL", 10**8)],
                ),
            ],
        )
    ]
)
_VECTOR = (bytes(16), bytes(8), bytes(16), bytes(32))
_S6A_COMMON: list[AvpItem] = [
    ("Auth-Session-State", 1),
    (
        "Vendor-Specific-Application-Id",
        [("Vendor-Id", 10415), ("Auth-Application-Id", 16777251)],
    ),
]


def generic_decode(raw: bytes) -> Message:
    message = decode_message(raw)
    if check_request(message) is not None:
        raise AssertionError
    return message


def hot_charge(raw: bytes) -> bytes:
    ccr = decode_ccr(raw)
    if ccr is None:
        raise AssertionError
    services = encode_octets_service(
        10**7, rating_group=10, validity_seconds=3600, result_code=2001
    ) + encode_octets_service(10**7, rating_group=20, validity_seconds=3600, result_code=2001)
    return _GY.encode_cca(ccr, 2001, services)


def generic_charge(raw: bytes) -> bytes:
    message = generic_decode(raw)
    avps: list[AvpItem] = [
        ("Auth-Application-Id", 4),
        ("CC-Request-Type", message.get_int("CC-Request-Type")),
        ("CC-Request-Number", message.get_int("CC-Request-Number")),
    ]
    avps += [
        (
            "Multiple-Services-Credit-Control",
            [
                ("Granted-Service-Unit", [("CC-Total-Octets", 10**7)]),
                ("Rating-Group", rating_group),
                ("Validity-Time", 3600),
                ("Result-Code", 2001),
            ],
        )
        for rating_group in (10, 20)
    ]
    return answer_to(message, 2001, ORIGIN, avps)


def hot_authenticate(raw: bytes) -> bytes:
    air = decode_air(raw)
    if air is None:
        raise AssertionError
    return _S6A.encode(air, 2001, authentication_info(eutran_vector(*_VECTOR)))


def generic_authenticate(raw: bytes) -> bytes:
    rand, xres, autn, kasme = _VECTOR
    vector: AvpItem = (
        "E-UTRAN-Vector",
        [("RAND", rand), ("XRES", xres), ("AUTN", autn), ("KASME", kasme)],
    )
    info: AvpItem = ("Authentication-Info", [vector])
    return answer_to(generic_decode(raw), 2001, ORIGIN, [*_S6A_COMMON, info])


def hot_register(raw: bytes) -> bytes:
    ulr = decode_ulr(raw)
    if ulr is None:
        raise AssertionError
    return _S6A.encode(ulr, 2001, ula_flags(1) + _DATA)


def generic_register(raw: bytes) -> bytes:
    avps: list[AvpItem] = [*_S6A_COMMON, ("ULA-Flags", 1), _DATA]
    return answer_to(generic_decode(raw), 2001, ORIGIN, avps)


def hot_watchdog(raw: bytes) -> bytes:
    dwr = decode_dwr(raw)
    if dwr is None:
        raise AssertionError
    return _BASE.encode(dwr, 2001)


def generic_watchdog(raw: bytes) -> bytes:
    return answer_to(generic_decode(raw), 2001, ORIGIN, [("Origin-State-Id", 1)])


def cases() -> dict[str, tuple[list[bytes], Step, Step]]:
    """Name to messages, hot step and generic step."""
    gy, of_gx = captured("Gy", "CCR"), captured("Gx", "CCR")
    return {
        f"Gy CCR {len(gy)} octets, decode": (distinct(gy), decode_ccr, generic_decode),
        f"Gy CCR {len(gy)} octets + CCA": (distinct(gy), hot_charge, generic_charge),
        "Gy CCR-U, 2 services + CCA": (distinct(two_services(gy)), hot_charge, generic_charge),
        f"Gx CCR {len(of_gx)} octets, decode": (distinct(of_gx), gx.decode_ccr, generic_decode),
        "S6a AIR + AIA": (distinct(captured("S6a", "AIR")), hot_authenticate, generic_authenticate),
        "S6a ULR + ULA": (distinct(captured("S6a", "ULR")), hot_register, generic_register),
        "DWR + DWA": (distinct(captured("base", "DWR")), hot_watchdog, generic_watchdog),
    }


def measure(step: Step, messages: list[bytes]) -> float:
    """CPU microseconds for each message: the best of some passes over all of them."""
    best = float("inf")
    for _ in range(PASSES):
        started = time.process_time_ns()
        for raw in messages:
            step(raw)
        best = min(best, time.process_time_ns() - started)
    return best / len(messages) / 1000


def one_round() -> dict[str, list[float]]:
    figures = {}
    for name, (messages, hot, generic) in cases().items():
        if generic is not generic_decode and any(hot(raw) != generic(raw) for raw in messages):
            raise AssertionError(name)
        figures[name] = [measure(hot, messages), measure(generic, messages)]
    return figures


# --- rounds ---------------------------------------------------------------------------------------


def run_round(source: Path, expected: str) -> dict[str, list[float]]:
    """One round with the package from that folder, in a process of its own."""
    environment = os.environ | {"PYTHONPATH": f"{source}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-P", "-m", "bench.bench_codec", "--once", expected]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    figures: dict[str, list[float]] = json.loads(done.stdout)
    return figures


def rows_of(form_name: str, rounds: list[dict[str, list[float]]]) -> list[Row]:
    rows = []
    for name in rounds[0]:
        hot = statistics.median(figures[name][0] for figures in rounds)
        generic = statistics.median(figures[name][1] for figures in rounds)
        ratio = statistics.median(figures[name][1] / figures[name][0] for figures in rounds)
        title = f"{name}, {form_name}"
        rows.append(
            Row(
                title, "us", hot, cpu_us=hot, compared_with=f"generic {generic:.1f} us", ratio=ratio
            )
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--once", choices=["interpreted", "compiled"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        if form() != options.once:
            raise SystemExit(f"the codec is {form()}, not {options.once}")
        print(json.dumps(one_round()))
        return
    with tempfile.TemporaryDirectory() as folder:
        forms = sources(Path(folder), is_compiling=not options.no_compile)
        rounds: dict[str, list[dict[str, list[float]]]] = {name: [] for name in forms}
        for _ in range(options.rounds):
            for name, source in forms.items():
                rounds[name].append(run_round(source, name))
    rows = [row for name, figures in rounds.items() for row in rows_of(name, figures)]
    report("Diameter codec, CPU time of one message", rows)


if __name__ == "__main__":
    main()
