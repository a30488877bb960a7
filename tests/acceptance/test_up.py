"""`wispgate up --demo` as an operator runs it: real processes, real ports, pulled plugs."""

import asyncio
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString

import pytest
from psycopg import sql
from rich.console import Console

from tests.harness.charging import Gateway, mscc
from tests.network.dialogue import air, result_of
from wispgate.main import database, doctor, horizon, secret_files, status
from wispgate.main import settings as configuration
from wispgate.main.secret_files import Secrets
from wispgate.main.settings import Settings
from wispgate.simulator.diameter import DiameterClient, NotConnected
from wispgate.wire.diameter.capabilities import Application
from wispgate.wire.diameter.commands import APPLICATION_CREDIT_CONTROL, APPLICATION_S6A, VENDOR_3GPP

REALM = "demo.wispgate.localdomain"
# The demo's own phones hold the connection of the demo's MME.
MME = f"mme2.{REALM}"
SMF = f"smf2.{REALM}"
NODE_REALM = "wispgate.localdomain"
# Enough for a machine that does much else: nothing is measured here.
PATIENCE = 240.0
SOURCE = Path(__file__).resolve().parents[2] / "src"


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Installation:
    """A running `wispgate up`."""

    process: subprocess.Popen[bytes]
    data: Path
    http: int
    diameter: int
    log: Path
    environment: dict[str, str]

    def wispgate(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "wispgate.main.cli", *words],
            env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.wispgate("status", "--json").stdout))

    def pid_of(self, name: str) -> int:
        return next(int(p["pid"]) for p in self.status()["processes"] if p["name"] == name)

    def wait_for(self, text: str) -> None:
        until = time.monotonic() + PATIENCE
        while text not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.1)

    def attach(self) -> int:
        """The result of an Authentication-Information-Request for the demo's first card."""
        cards = json.loads((self.data / "demo" / "cards.json").read_text())
        return asyncio.run(self._attach(cards[0]["imsi"]))

    async def _attach(self, imsi: str) -> int:
        for _ in range(100):
            client = DiameterClient(MME, REALM, [Application(APPLICATION_S6A, VENDOR_3GPP)])
            try:
                await client.connect("127.0.0.1", self.diameter)
                answer = await air(client, imsi, destination_realm=NODE_REALM)
                await client.close()
                return result_of(answer)
            except NotConnected:
                await asyncio.sleep(0.2)
        raise AssertionError("the node never took the peer")

    def get(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=10) as answer:
            return int(answer.status)


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with an_installation() as running:
        yield running


@contextmanager
def an_installation() -> Iterator[Installation]:
    """`up --demo` on a folder of its own, with one more MME allowed."""
    with tempfile.TemporaryDirectory(prefix="wgup-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        data, log = Path(folder) / "data", Path(folder) / "log"
        ports = [a_free_port() for _ in range(3)]
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("WISPGATE_")},
            "PYTHONPATH": str(SOURCE),
            "WISPGATE_DATA": str(data),
            "WISPGATE_HTTP": f"127.0.0.1:{ports[0]}",
            "WISPGATE_DIAMETER": f"127.0.0.1:{ports[1]}",
            "WISPGATE_METRICS": f"127.0.0.1:{ports[2]}",
        }
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "wispgate.main.cli", "up", "--demo"],
                env=environment, stdout=output, stderr=output, cwd=folder,
            )  # fmt: skip
        running = Installation(process, data, ports[0], ports[1], log, environment)
        try:
            running.wait_for("ready: ")
            added = running.wispgate(
                "peer", "add", "--core", "demo-core", "--identity", MME, "--address", "127.0.0.1",
                "--applications", "s6a", "--realm", REALM, "--profile", "open5gs",
            )  # fmt: skip
            assert added.returncode == 0, added.stderr
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=PATIENCE)


def test_a_trace_is_named_whole_and_a_wrong_one_by_its_option(installation: Installation) -> None:
    started = installation.wispgate("trace", "start", "--peer", MME)
    wrong = installation.wispgate("trace", "start", "--imsi", "12x")
    listed = installation.wispgate("trace", "list")
    installation.wispgate("trace", "stop", started.stdout.strip())

    assert wrong.stderr == "wispgate: --imsi: not an IMSI (6 to 15 digits): '12x'\n"
    assert wrong.returncode == 2
    assert f"{started.stdout.strip()}  peer {MME}  running" in listed.stdout


def test_a_first_start_shows_the_administrator_once_and_serves(installation: Installation) -> None:
    log = installation.log.read_text()

    assert log.count("shown this once") == 1
    assert installation.get("/healthz") == 200
    assert installation.get("/login/") == 200
    assert installation.attach() == 2001


def test_attaching_goes_on_while_web_and_worker_are_killed(installation: Installation) -> None:
    for name in ("web", "worker"):
        os.kill(installation.pid_of(name), signal.SIGKILL)

    results = [installation.attach() for _ in range(3)]

    assert results == [2001, 2001, 2001]


def test_a_killed_diameter_process_comes_back_and_takes_its_peer(
    installation: Installation,
) -> None:
    before = installation.pid_of("diameter")
    os.kill(before, signal.SIGKILL)

    result = installation.attach()

    assert result == 2001
    assert installation.pid_of("diameter") != before


def test_no_secret_stands_in_logs_environment_or_plain_files(installation: Installation) -> None:
    cards = json.loads((installation.data / "demo" / "cards.json").read_text())
    keys = [card["ki"] for card in cards] + [card["opc"] for card in cards]
    private = (installation.data / "secrets" / "vault-private-key").read_text().strip()

    log = installation.log.read_text()
    environments = [
        Path(f"/proc/{installation.pid_of(name)}/environ").read_bytes().decode(errors="replace")
        for name in ("diameter", "web", "worker")
    ]

    for secret in [*keys, private]:
        assert secret not in log
        assert all(secret not in environment for environment in environments)


def test_the_key_of_the_vault_is_replaced_under_the_running_supervisor(
    installation: Installation,
) -> None:
    path = installation.data / "secrets" / "vault-private-key"
    before, process = path.read_text().split(), installation.pid_of("diameter")

    rotated = installation.wispgate("keys", "rotate")
    result = installation.attach()
    retired = installation.wispgate("keys", "retire", "--yes")

    assert "secrets sealed anew" in rotated.stdout, rotated.stderr
    assert (result, installation.attach()) == (2001, 2001)
    assert "is retired" in retired.stdout, retired.stderr
    assert not set(path.read_text().split()) & set(before)
    assert installation.pid_of("diameter") == process, "nothing was started again"


def test_a_second_up_on_the_same_folder_is_refused(installation: Installation) -> None:
    second = installation.wispgate("up")

    assert second.returncode == 2
    assert str(installation.data) in second.stderr + second.stdout


def configured(installation: Installation) -> tuple[Settings, Secrets]:
    """What processes of the installation know."""
    settings = configuration.load(options={"data": installation.data})
    return settings, secret_files.load(settings.folder.secrets)


def query(installation: Installation, text: LiteralString, *values: object) -> list[Any]:
    """Rows of the installation's database, seen past every wall."""
    settings, secrets = configured(installation)
    with database.administrator(settings, secrets) as admin:
        return admin.execute(text, values).fetchall()


async def use_data(gateway: Gateway, imsi: str, reports: Sequence[int]) -> list[int]:
    """One session of packet data that sends each report twice; the result codes."""
    answers = [await gateway.ask("I", "pulled-plugs", 0, mscc(want=0), imsi=imsi)]
    for number, octets in enumerate(reports, 1):
        group = mscc(want=0, used=octets)
        answers += [
            await gateway.ask(
                "U", "pulled-plugs", number, group, imsi=imsi, is_repeated=is_repeated
            )
            for is_repeated in (False, True)
        ]
    last = len(reports) + 1
    answers.append(await gateway.ask("T", "pulled-plugs", last, mscc(used=0), imsi=imsi))
    return [result_of(answer) for answer in answers]


async def use_data_while_web_and_worker_die(
    installation: Installation, imsi: str, reports: Sequence[int]
) -> list[int]:
    client = DiameterClient(SMF, REALM, [Application(APPLICATION_CREDIT_CONTROL, 0)])
    await client.connect("127.0.0.1", installation.diameter)
    using = asyncio.ensure_future(use_data(Gateway(client, NODE_REALM), imsi, reports))
    while not using.done():
        for process in installation.status()["processes"]:
            if process["name"] in ("web", "worker") and process["pid"]:
                with suppress(ProcessLookupError):
                    os.kill(process["pid"], signal.SIGKILL)
        await asyncio.sleep(0.05)
    await client.close()
    return await using


def test_sessions_are_charged_while_web_and_worker_die_and_each_event_is_told_once(
    installation: Installation,
) -> None:
    added = installation.wispgate(
        "peer", "add", "--core", "demo-core", "--identity", SMF, "--address", "127.0.0.1",
        "--applications", "gy", "--realm", REALM, "--profile", "generic3gpp",
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    # A customer of the plan with 5 GB who has no phone in the demo.
    imsi = json.loads((installation.data / "demo" / "cards.json").read_text())[40]["imsi"]
    ((line,),) = query(installation, "SELECT line_id FROM identity WHERE value = %s", imsi)
    reports = [500_000_000] * 7

    codes = asyncio.run(use_data_while_web_and_worker_die(installation, imsi, reports))

    assert set(codes) == {2001}
    booked = "SELECT count(*), sum(used_units) FROM hot_00.ledger WHERE session_id = 'pulled-plugs'"
    assert query(installation, booked) == [(len(reports), sum(reports))]
    crossed = (
        "SELECT event_id FROM hot_00.outbox WHERE line_id = %s AND kind LIKE 'charging.quota%%'"
    )
    events = {event for (event,) in query(installation, crossed, line)}
    assert len(events) >= 2
    told = (
        "SELECT source_event_id FROM notifications_message "
        "WHERE line_id = %s AND source_event_id = ANY(%s)"
    )
    until(lambda: len(query(installation, told, line, list(events))) >= len(events))
    until(lambda: is_everything_delivered(installation))
    assert sorted(query(installation, told, line, list(events))) == sorted((e,) for e in events)
    until(lambda: installation.get("/healthz") == 200)


def is_everything_delivered(installation: Installation) -> bool:
    """Whether the worker's consumers have passed all that is old enough to be read."""
    settings, secrets = configured(installation)
    backlogs = horizon.list_backlogs(settings, secrets, now=datetime.now(UTC))
    return all((backlog.oldest_seconds or 0) < 5 for backlog in backlogs)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        with suppress(OSError):
            if condition():
                return
        assert time.monotonic() < end
        time.sleep(0.2)


def test_the_session_that_holds_the_events_back_is_named(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, secrets = configured(installation)
    monkeypatch.setattr(horizon, "OLD_SECONDS", 2)
    with database.client(settings, secrets, "web") as idle:
        idle.execute("SET application_name = 'forgotten report'")
        idle.execute("BEGIN")
        idle.execute("SELECT pg_current_xact_id()")
        pid = str(idle.info.backend_pid)

        until(lambda: horizon.find_holder(settings, secrets) is not None)

        holder = horizon.find_holder(settings, secrets)
        findings = [f for f in doctor.examine(settings) if f.subject == "outboxes"]
        table = Console(width=200, file=io.StringIO())
        table.print(status.as_table(asyncio.run(status.collect(settings))))
        idle.rollback()
    assert holder is not None
    assert (holder.pid, holder.application, holder.state) == (
        pid, "forgotten report", "idle in transaction",
    )  # fmt: skip
    assert [f.grade for f in findings][:1] == ["warning"]
    assert f"pg_terminate_backend({pid})" in findings[0].text
    assert "held back by process " + pid in table.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    until(lambda: horizon.find_holder(settings, secrets) is None)


def test_metrics_tell_how_far_each_consumer_is_behind(installation: Installation) -> None:
    address = f"http://{installation.environment['WISPGATE_METRICS']}/metrics"

    def page() -> str:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return str(answer.read().decode())

    until(lambda: 'consumer="notifications.catch"' in page())

    for consumer in ("enforcement", "notifications.catch", "subscriptions.first_registration"):
        labels = f'{{consumer="{consumer}",source="hot_00"}}'
        assert f"wispgate_outbox_waiting_events{labels}" in page()
        assert f"wispgate_outbox_lag_seconds{labels}" in page()


def test_the_demo_is_removed_from_under_its_phones_and_nobody_else_is(
    installation: Installation,
) -> None:
    added = installation.wispgate(
        "operator", "add", "--slug", "acme", "--name", "Acme", "--currency", "EUR"
    )
    assert added.returncode == 0, added.stderr

    removed = installation.wispgate("demo", "remove")
    again = installation.wispgate("demo", "remove")

    assert removed.returncode == 0, removed.stderr
    assert removed.stdout.startswith("demo removed: 50 lines, 60 SIMs, ")
    assert again.returncode == 2
    assert (
        again.stderr == f"wispgate: there is no demo in {installation.data}: nothing was removed\n"
    )
    assert not (installation.data / "demo").exists()
    states = {each["name"]: each["state"] for each in installation.status()["processes"]}
    assert states["demo"] == "finished"
    assert states["diameter"] == states["worker"] == states["web"] == "healthy"
    assert "Traceback" not in installation.log.read_text()
    assert rows_with_an_operator(installation) == {"operators_operator": 1}


def rows_with_an_operator(installation: Installation) -> dict[str, int]:
    """Rows of tenants by table, seen past every wall; the platform's own staff is no tenant's."""
    settings, secrets = configured(installation)
    found = {}
    with database.administrator(settings, secrets) as admin:
        tables = admin.execute(
            "SELECT a.attrelid::regclass::text FROM pg_attribute a "
            "JOIN pg_class c ON c.oid = a.attrelid WHERE a.attname = 'operator_id' "
            "AND c.relkind = 'r'"
        ).fetchall()
        assert len(tables) > 20
        for (table,) in [*tables, ("operators_operator",)]:
            column = "id" if table == "operators_operator" else "operator_id"
            query = sql.SQL("SELECT count(*) FROM {} WHERE {} IS NOT NULL").format(
                sql.Identifier(*table.split(".")), sql.Identifier(column)
            )
            row = admin.execute(query).fetchone()
            assert row is not None
            found[table] = int(row[0])
    # The audit has the new operator's founding, and may have sealed it.
    founded = {"audit_auditentry", "audit_sealblock", "audit_sealmark"}
    return {name: n for name, n in found.items() if n and name not in founded}


def test_the_demo_is_removed_while_nothing_runs_also_after_it_was_cut_off() -> None:
    with an_installation() as stopped:
        stopped.process.send_signal(signal.SIGTERM)
        stopped.process.wait(timeout=PATIENCE)

        removed = stopped.wispgate("demo", "remove")
        # As if it had been cut off just before its end.
        (stopped.data / "demo").mkdir()
        (stopped.data / "demo" / "removing").touch()
        finished = stopped.wispgate("demo", "remove")
        # Somebody's own operator may have that name; its network is another.
        named = stopped.wispgate(
            "operator", "add", "--slug", "demo", "--name", "Mine", "--currency", "EUR"
        )
        again = stopped.wispgate("demo", "remove")

        assert named.returncode == 0, named.stderr
        assert removed.returncode == 0, removed.stderr
        assert finished.returncode == 0, finished.stderr
        assert not (stopped.data / "demo").exists()
        assert again.returncode == 2
