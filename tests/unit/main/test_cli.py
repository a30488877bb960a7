import json
import socket
from pathlib import Path

import pytest

from tests.acceptance.toys import addresses
from wispgate.main import cli, clocks, doctor, running
from wispgate.main import settings as configuration
from wispgate.main.installation import DataFolder, Installation


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """Every command of a test works on a folder of its own."""
    for name, value in (addresses() | {"WISPGATE_DATA": str(tmp_path / "data")}).items():
        monkeypatch.setenv(name, value)
    return DataFolder(tmp_path / "data")


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line by which a command is refused."""
    assert cli.run_command(list(words)) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.count("\n") == 1
    assert written.err.startswith("wispgate: ")
    return written.err


@pytest.mark.parametrize(
    "option", ["--http", "--diameter", "--metrics", "--origin-host", "--origin-realm"]
)
def test_a_wrong_option_of_up_is_named(capsys: pytest.CaptureFixture[str], option: str) -> None:
    assert f"option {option}" in refusal(capsys, "up", option, "no/such")


def test_unknown_options_and_commands_cost_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--htp" in refusal(capsys, "up", "--htp", "x")
    assert "nonsense" in refusal(capsys, "nonsense")
    assert "--plmn" in refusal(capsys, "core", "add", "--name", "x")


@pytest.mark.parametrize(
    "words",
    [
        ("migrate",),
        ("run", "web"),
        ("core", "add", "--name", "x", "--plmn", "00101"),
        ("token", "create", "--role", "admin"),
    ],
)
def test_without_an_installation_the_way_is_shown(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert "start one with `wispgate up`" in refusal(capsys, *words)


@pytest.mark.parametrize("plmn", ["1", "0010", "abcde", "0010123"])
def test_a_wrong_plmn_is_named(capsys: pytest.CaptureFixture[str], plmn: str) -> None:
    message = refusal(capsys, "core", "add", "--name", "x", "--plmn", plmn)

    assert f"--plmn: '{plmn}'" in message


def test_a_wrong_imsi_range_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("core", "add", "--name", "x", "--plmn", "001-01", "--imsi-range", "00101")

    assert "--imsi-range: '00101'" in refusal(capsys, *words)


def test_a_sandbox_clock_is_set_forward(
    capsys: pytest.CaptureFixture[str], folder: DataFolder
) -> None:
    folder.make()
    folder.remember_installation(Installation(partitions=1, is_sandbox=True))
    clocks.make_sandbox_clock(folder)

    code = cli.run_command(["clock", "advance", "3d"])

    assert code == 0
    assert clocks.sandbox_clock(folder).offset.days == 3
    assert "the clock shows" in capsys.readouterr().out


def test_an_ordinary_clock_is_not_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no sandbox" in refusal(capsys, "clock", "advance", "3d")
    assert "SPAN '3x'" in refusal(capsys, "clock", "advance", "3x")


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run_command(["--version"]) == 0
    assert capsys.readouterr().out.startswith("wispgate ")


def test_status_is_one_object(capsys: pytest.CaptureFixture[str], folder: DataFolder) -> None:
    code = cli.run_command(["status", "--json"])

    facts = json.loads(capsys.readouterr().out)
    assert code == 1
    assert facts["data"] == str(folder.path)
    assert (facts["is_running"], facts["processes"], facts["peers"]) == (False, [], None)
    assert facts["database"]["state"] == "unreachable"


def test_the_doctor_finds_a_new_folder_healthy(
    capsys: pytest.CaptureFixture[str], folder: DataFolder
) -> None:
    cli.run_command(["doctor"])

    written = capsys.readouterr().out
    for subject in ("python", "data folder", "disk", "memory", "clock", "addresses", "postgresql"):
        assert subject in written
    assert not folder.path.exists()


def test_the_doctor_names_a_taken_address() -> None:
    settings = configuration.load()
    with socket.create_server((settings.http.host, settings.http.port)):
        findings = doctor.examine(settings)

    bad = [finding for finding in findings if finding.grade == "bad"]
    assert [finding.subject for finding in bad] == ["addresses"]
    assert "choose another address with --http" in bad[0].text


def test_the_doctor_looks_where_a_running_up_was_told_to_listen(folder: DataFolder) -> None:
    folder.make()
    noted = [
        {"name": "diameter", "launched_at": None, "addresses": {"metrics": "127.0.0.1:9391"}},
        {"name": "diameter-2", "launched_at": None, "addresses": {"metrics": "127.0.0.1:9392"}},
        {"name": "web", "launched_at": None, "addresses": {"http": "0.0.0.0:8391"}},
        {"name": "worker", "launched_at": None, "addresses": {}},
    ]
    folder.state_file.write_text(json.dumps({"processes": noted}))
    settings = configuration.load()

    def told() -> list[str]:
        return [each.text for each in doctor.examine(settings) if each.subject == "addresses"]

    with folder.locked():
        while_it_runs = told()
        asked = running.metrics(settings)
    afterwards = told()

    assert [text.split()[1] for text in while_it_runs] == [
        "0.0.0.0:8391", "0.0.0.0:8391", str(settings.diameter), "127.0.0.1:9391", "127.0.0.1:9392",
    ]  # fmt: skip
    assert "open to the network" in while_it_runs[1]
    assert [str(address) for address in asked] == ["127.0.0.1:9391", "127.0.0.1:9392"]
    assert [text.split()[1] for text in afterwards] == [
        str(settings.http), str(settings.diameter), str(settings.metrics),
    ]  # fmt: skip


def test_the_doctor_warns_of_an_open_console(monkeypatch: pytest.MonkeyPatch) -> None:
    port = configuration.load().http.port
    monkeypatch.setenv("WISPGATE_HTTP", f"0.0.0.0:{port}")

    findings = doctor.examine(configuration.load())

    assert any("open to the network" in finding.text for finding in findings)


def test_the_doctor_sees_a_clock_that_went_back(folder: DataFolder) -> None:
    folder.make()
    noted = {"processes": [{"launched_at": "2999-01-01T00:00:00+00:00"}]}
    folder.state_file.write_text(json.dumps(noted))

    findings = doctor.examine(configuration.load())

    assert any(finding.grade == "bad" and "went back" in finding.text for finding in findings)


def test_the_doctor_goes_on_after_a_finding_that_is_an_error(folder: DataFolder) -> None:
    folder.make()
    folder.postgres.mkdir()
    (folder.postgres / "PG_VERSION").write_text("9\n")

    findings = doctor.examine(configuration.load())

    (found,) = (finding for finding in findings if finding.subject == "postgresql")
    assert found.grade == "bad"
    assert "PostgreSQL 9" in found.text
    assert findings[-1] == doctor.Finding("good", "outboxes", "nothing runs")
