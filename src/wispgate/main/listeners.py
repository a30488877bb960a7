"""Where this installation listens for Diameter, for the self-test to try."""

from datetime import datetime
from pathlib import Path

from wispgate.domain.diagnosis.evidence import Listener
from wispgate.kernel.errors import WispgateError
from wispgate.main import certificates
from wispgate.main.settings import Settings


def list_listeners(settings: Settings, *, now: datetime) -> list[Listener]:
    """As configured; whether they answer is for `business.diagnosis` to find out."""
    found = [Listener("tcp", str(settings.diameter))]
    if settings.diameter_sctp:
        found.append(Listener("sctp", str(settings.diameter)))
    if settings.tls_certificate:
        fault = _certificate_fault(settings, now)
        found.append(Listener("tls", str(settings.diameter_tls), certificate_fault=fault))
    return found


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
