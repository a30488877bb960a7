import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from wispgate.main import logs


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def last_object(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    line: dict[str, object] = json.loads(capsys.readouterr().err.splitlines()[-1])
    return line


def test_json_lines_name_process_level_and_facts(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("web", log_format="json")

    structlog.get_logger("a.module").warning("peer lost", peer="mme.example", waited_seconds=3)

    line = last_object(capsys)
    assert line["process"] == "web"
    assert line["level"] == "warning"
    assert line["event"] == "peer lost"
    assert (line["peer"], line["waited_seconds"]) == ("mme.example", 3)


def test_lines_of_libraries_look_like_ours(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("worker", log_format="json")

    logging.getLogger("a.library").error("%s of %s failed", 1, 2)

    line = last_object(capsys)
    assert (line["process"], line["event"], line["level"]) == ("worker", "1 of 2 failed", "error")


@pytest.mark.parametrize(
    "name", ["ki", "opc", "Password", "database_password", "api-key", "Authorization", "token",
             "opening_key", "adm", "dsn", "secret_key"],
)  # fmt: skip
def test_fields_that_hold_secrets_are_masked(name: str) -> None:
    assert logs.redact(None, "info", {"event": "x", name: "s3cr3t"})[name] == logs.MASK


@pytest.mark.parametrize("name", ["peer", "imsi", "skipped", "apn", "kind", "topic", "adminstate"])
def test_other_fields_are_shown(name: str) -> None:
    assert logs.redact(None, "info", {"event": "x", name: "shown"})[name] == "shown"


def test_secrets_are_masked_at_every_depth() -> None:
    event = {"event": "import", "rows": [{"iccid": "89", "ki": "00"}], "sim": {"opc": "11"}}

    masked = logs.redact(None, "info", event)

    assert masked["rows"] == [{"iccid": "89", "ki": logs.MASK}]
    assert masked["sim"] == {"opc": logs.MASK}


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_passwords_in_addresses_are_masked_in_any_text(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("web", log_format=log_format)

    error = ValueError("no answer from postgresql://web:verysecret@db.example/wispgate")
    structlog.get_logger().error("lost postgresql://web:verysecret@/x?host=y", exc_info=error)

    written = capsys.readouterr().err
    assert "verysecret" not in written
    assert "db.example" in written


def test_messages_below_the_level_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("web", level="warning")

    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")

    written = capsys.readouterr().err
    assert "loud" in written
    assert "quiet" not in written


def test_colours_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert logs.uses_colour()

    monkeypatch.setenv("NO_COLOR", "1")
    assert not logs.uses_colour()
