"""Which addresses the self-test tries."""

import json
from datetime import UTC, datetime
from pathlib import Path

from wispgate.domain.diagnosis.evidence import Listener
from wispgate.main.listeners import list_listeners
from wispgate.main.rules import Address
from wispgate.main.settings import Settings

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_configured_address_is_tried_where_nothing_runs(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, diameter=Address("127.0.0.1", 3868))

    assert list_listeners(settings, now=NOW) == [Listener("tcp", "127.0.0.1:3868")]


def test_an_address_that_up_was_given_counts_for_more(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, diameter=Address("127.0.0.1", 3868))
    settings.folder.state_file.parent.mkdir(parents=True, exist_ok=True)
    process = {"name": "diameter", "addresses": {"diameter": "127.0.0.1:13868"}}
    settings.folder.state_file.write_text(json.dumps({"processes": [process]}))

    assert list_listeners(settings, now=NOW) == [Listener("tcp", "127.0.0.1:13868")]


def test_a_certificate_that_cannot_be_read_is_a_fault_of_its_listener(tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path, tls_certificate=str(tmp_path / "none.pem"), tls_key=str(tmp_path / "none")
    )

    _tcp, tls = list_listeners(settings, now=NOW)

    assert tls.transport == "tls"
    assert "cannot be read" in tls.certificate_fault
