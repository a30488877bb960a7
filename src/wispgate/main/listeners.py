"""Where this installation listens for Diameter, for the self-test to try."""

import json
from datetime import datetime
from pathlib import Path

from wispgate.domain.diagnosis.evidence import Listener
from wispgate.kernel.errors import WispgateError
from wispgate.main import certificates
from wispgate.main.settings import Settings


def list_listeners(settings: Settings, *, now: datetime) -> list[Listener]:
    """As the running `wispgate up` has them, else as configured; they are tried elsewhere."""
    place = _running_at(settings) or str(settings.diameter)
    found = [Listener("tcp", place)]
    if settings.diameter_sctp:
        found.append(Listener("sctp", place))
    if settings.tls_certificate:
        fault = _certificate_fault(settings, now)
        found.append(Listener("tls", str(settings.diameter_tls), certificate_fault=fault))
    return found


def _running_at(settings: Settings) -> str:
    """Where the supervisor of this folder had Diameter listen: its options may have said so."""
    try:
        noted = json.loads(settings.folder.state_file.read_text())["processes"]
    except (OSError, ValueError, KeyError):
        return ""
    places = (each["addresses"].get("diameter", "") for each in noted)
    return next(filter(None, places), "")


def _certificate_fault(settings: Settings, now: datetime) -> str:
    try:
        verdicts = certificates.examine(
            Path(settings.tls_certificate),
            Path(settings.tls_key),
            identity=settings.origin_host,
            now=now,
        )
        return "; ".join(text for grade, text in verdicts if grade == "bad")
    except WispgateError as error:
        return error.message
