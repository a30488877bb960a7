"""`wispgate diagnose`: the self-test of EPC connections, said in plain words."""

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.text import Text

from wispgate.domain.diagnosis.findings import Finding, Severity
from wispgate.main.business_commands import platform_scope
from wispgate.main.clocks import installation_clock
from wispgate.main.listeners import list_listeners
from wispgate.main.settings import Settings

_MARKS: Final = {
    Severity.BROKEN: ("wrong", "red"),
    Severity.ATTENTION: ("look", "yellow"),
    Severity.GOOD: ("ok", "green"),
}
_INDENT: Final = "        "


def run(settings: Settings, *, core: str, identity: str, imsi: str) -> bool:
    """Examines and prints; whether nothing is broken."""
    console = Console(highlight=False, soft_wrap=True)
    with platform_scope(settings):
        from wispgate.business.diagnosis import services  # noqa: PLC0415 (needs Django)

        listeners = list_listeners(settings, now=installation_clock(settings.folder).now())
        examined = services.examine(listeners, core=core, identity=identity, imsi=imsi)
    for each in examined:
        _print(console, each.subject, each.findings)
    if not examined:
        console.print(
            "No peer may connect yet, and nobody has tried: see wispgate peer add --help."
        )
    return not any(each.is_broken for each in examined)


def _print(console: Console, subject: str, findings: Iterable[Finding]) -> None:
    console.print(Text(subject, style="bold"))
    for finding in findings:
        word, colour = _MARKS[finding.severity]
        console.print(Text(f"  {word:<6}", style=colour) + Text(finding.seen))
        console.print(Text(f"{_INDENT}{finding.meaning}"))
        if finding.remedy:
            console.print(Text(f"{_INDENT}→ {finding.remedy}"))
    console.print()
