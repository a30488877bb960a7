"""`wispgate up` with toy programs: starts, restarts, stops, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.toys import addresses, environment, free_port, is_alive, toy_up, wait_until


def test_everything_starts_is_prefixed_and_stops_in_reverse_order(tmp_path: Path) -> None:
    with toy_up(tmp_path / "data", {"first": "serve", "second": "talk"}) as running:
        running.wait_for("ready: first, second")
        pids = [running.pid_of("first"), running.pid_of("second")]

        code = running.end()

    lines = running.output.splitlines()
    assert code == 0
    assert "first     │ serving" in lines
    assert "second    │ no newline at the endserving" in lines
    assert lines.index("second    │ good bye") < lines.index("first     │ good bye")
    assert lines[-1] == "wispgate  │ stopped"
    assert not any(map(is_alive, pids))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_way_of_asking_stops_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with toy_up(tmp_path / "data", {"one": "serve"}) as running:
        running.wait_for("ready: one")

        assert running.end(number) == 0

    assert "one       │ good bye" in running.output


def test_a_killed_process_is_started_again(tmp_path: Path) -> None:
    with toy_up(tmp_path / "data", {"one": "serve", "other": "serve"}) as running:
        running.wait_for("ready:")
        before, other = running.pid_of("one"), running.pid_of("other")

        os.kill(before, signal.SIGKILL)

        running.wait_for("one ended with signal SIGKILL")
        running.wait_for("one       │ serving", times=2)
        assert running.pid_of("one") != before
        assert running.pid_of("other") == other


def test_a_process_that_serves_no_longer_is_started_again(tmp_path: Path) -> None:
    with toy_up(tmp_path / "data", {"one": "freeze"}) as running:
        running.wait_for("ready:")
        before = running.pid_of("one")

        (tmp_path / "data" / "run" / "one.heartbeat").unlink()

        running.wait_for("one does not answer and is started again")
        running.wait_for("one       │ serving", times=2)
        assert not is_alive(before)


def test_a_process_that_keeps_failing_is_tried_less_and_less_often(tmp_path: Path) -> None:
    with toy_up(tmp_path / "data", {"one": "crash"}) as running:
        running.wait_for("one ended with exit code 4", times=4)

        delays = [line.split()[-2] for line in running.output.splitlines() if "again in" in line]

    assert delays[:3] == ["0.05", "0.1", "0.2"]
    assert set(delays[3:]) <= {"0.2"}


def test_a_process_that_is_misconfigured_ends_the_start(tmp_path: Path) -> None:
    with toy_up(tmp_path / "data", {"good": "serve", "bad": "misconfigured"}) as running:
        code = running.process.wait(60)

    assert code == 2
    assert "bad starts again" not in running.output
    state = json.loads((tmp_path / "data" / "run" / "state.json").read_text())
    assert {each["name"]: each["pid"] for each in state["processes"]} == {"good": None, "bad": None}
    assert "wispgate: bad does not start" in running.output


def test_a_process_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    with toy_up(tmp_path / "data", {"one": "stubborn"}) as running:
        running.wait_for("one       │ deaf")
        pid = running.pid_of("one")

        code = running.end()

    assert code == 0
    assert "one did not stop" in running.output
    assert not is_alive(pid)


def test_asking_twice_stops_without_grace(tmp_path: Path) -> None:
    toys = {"one": "stubborn", "two": "stubborn"}
    with toy_up(tmp_path / "data", toys) as running:
        running.wait_for("deaf", times=2)
        running.process.send_signal(signal.SIGINT)
        running.wait_for("stopping")

        assert running.end(signal.SIGINT) == 0

    assert "one did not stop in 0 s" in running.output


def test_what_a_process_started_goes_with_it(tmp_path: Path) -> None:
    with toy_up(tmp_path / "data", {"one": "with_child"}) as running:
        running.wait_for("deaf")
        grandchild = int((tmp_path / "data" / "grandchild").read_text())

        running.end()

    assert not is_alive(grandchild)


def test_the_key_is_handed_over_again_at_every_start(tmp_path: Path) -> None:
    with toy_up(tmp_path / "data", {"one": "secret"}) as running:
        running.wait_for("key of 32 octets, False")

        os.kill(running.pid_of("one"), signal.SIGKILL)

        running.wait_for("key of 32 octets, False", times=2)


def test_steps_run_once_before_the_processes(tmp_path: Path) -> None:
    with toy_up(tmp_path / "data", {"step": "finish", "one": "serve"}) as running:
        running.wait_for("ready: one")

    lines = running.output.splitlines()
    assert lines.index("step      │ finished") < lines.index("one       │ serving")
    assert lines.count("step      │ finished") == 1


def test_a_failed_step_ends_the_start(tmp_path: Path) -> None:
    with toy_up(tmp_path / "data", {"step": "crash", "one": "serve"}) as running:
        code = running.process.wait(60)

    assert code == 1
    assert "wispgate: step ended with exit code 4" in running.output
    assert "serving" not in running.output


def test_a_second_start_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with toy_up(tmp_path / "data", {"one": "serve"}) as running:
        running.wait_for("ready:")
        with toy_up(tmp_path / "data", {"one": "serve"}) as second:
            code = second.process.wait(60)
        assert is_alive(running.pid_of("one"))

    assert code == 2
    assert "is in use by another `wispgate up`" in second.output
    assert f"process {running.process.pid}" in second.output
    assert "Traceback" not in second.output


@pytest.mark.parametrize("option", ["http", "diameter", "metrics"])
def test_a_taken_port_is_named_by_its_option(tmp_path: Path, option: str) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        given = {f"WISPGATE_{option.upper()}": f"127.0.0.1:{port}"}
        with toy_up(tmp_path / "data", {"one": "serve"}, **given) as running:
            code = running.process.wait(60)

    assert code == 2
    assert running.output.count("\n") == 1
    assert f"--{option} 127.0.0.1:{port} cannot be used" in running.output


def test_a_refused_start_fixes_nothing_in_a_new_folder(tmp_path: Path) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        given = {"WISPGATE_HTTP": f"127.0.0.1:{port}"}
        with toy_up(tmp_path / "data", {"one": "serve"}, **given) as running:
            running.process.wait(60)

    with toy_up(tmp_path / "data", {"one": "serve"}, WISPGATE_SANDBOX="true") as again:
        again.wait_for("(sandbox)")


def test_one_address_is_not_given_to_two_listeners(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    given = {"WISPGATE_HTTP": address, "WISPGATE_METRICS": address}
    with toy_up(tmp_path / "data", {"one": "serve"}, **given) as running:
        code = running.process.wait(60)

    assert code == 2
    assert "is the address of --http too" in running.output


def test_children_end_with_a_killed_supervisor_and_the_next_start_works(tmp_path: Path) -> None:
    with toy_up(tmp_path / "data", {"one": "serve"}) as running:
        running.wait_for("ready:")
        child = running.pid_of("one")
        running.end(signal.SIGKILL)
        wait_until(lambda: not is_alive(child), "the end of the child")

    with toy_up(tmp_path / "data", {"one": "serve"}) as again:
        again.wait_for("ready: one")


def test_children_that_outlive_a_killed_supervisor_are_ended_by_the_next(tmp_path: Path) -> None:
    with toy_up(tmp_path / "data", {"one": "stubborn"}) as running:
        running.wait_for("one       │ deaf")
        child = running.pid_of("one")
        running.end(signal.SIGKILL)
        assert is_alive(child)

    with toy_up(tmp_path / "data", {"one": "serve"}) as again:
        again.wait_for("ready: one")

    assert "ended one, left behind by an earlier run" in again.output
    assert not is_alive(child)


def test_every_line_is_an_object_where_json_is_wanted(tmp_path: Path) -> None:
    with toy_up(tmp_path / "data", {"one": "serve"}, WISPGATE_LOG_FORMAT="json") as running:
        running.wait_for("ready: one")
        running.end()

    lines = [json.loads(line) for line in running.output.splitlines()]
    assert {"process": "one", "level": "info", "event": "serving"} in lines
    assert {line["process"] for line in lines} == {"one", "wispgate"}


def test_status_tells_processes_and_restarts(tmp_path: Path) -> None:
    given = addresses()
    with toy_up(tmp_path / "data", {"one": "serve"}, **given) as running:
        running.wait_for("ready:")
        os.kill(running.pid_of("one"), signal.SIGKILL)
        running.wait_for("serving", times=2)

        status = subprocess.run(
            [sys.executable, "-P", "-m", "wispgate.main.cli", "status", "--json"],
            env=environment(WISPGATE_DATA=str(tmp_path / "data"), **given),
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    facts = json.loads(status.stdout)
    assert status.returncode == 0
    assert facts["is_running"]
    assert facts["processes"][0]["name"] == "one"
    assert facts["processes"][0]["restarts"] == 1
    assert facts["processes"][0]["pid"] is not None
    assert facts["peers"] is None


def test_status_of_a_folder_where_nothing_runs_says_so(tmp_path: Path) -> None:
    status = subprocess.run(
        [sys.executable, "-P", "-m", "wispgate.main.cli", "status", "--json"],
        env=environment(WISPGATE_DATA=str(tmp_path / "data")),
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert status.returncode == 1
    assert json.loads(status.stdout)["is_running"] is False
    assert not (tmp_path / "data").exists()


def test_a_reader_that_goes_away_does_not_stop_it(tmp_path: Path) -> None:
    command = [sys.executable, str(Path(__file__).with_name("toys.py")), "up"]
    given = environment(
        WISPGATE_DATA=str(tmp_path / "data"), TOYS='{"one": "serve"}',
        WISPGATE_DATABASE="postgresql://nobody@127.0.0.1:9/none", **addresses(),
    )  # fmt: skip
    with subprocess.Popen(command, env=given, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        state = tmp_path / "data" / "run" / "state.json"
        wait_until(lambda: '"healthy"' in state.read_text(), "a healthy toy")

        process.terminate()

        assert process.wait(60) == 0
