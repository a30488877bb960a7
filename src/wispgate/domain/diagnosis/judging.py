"""The one judgement over the evidence of an EPC connection."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from wispgate.domain.diagnosis import connections, phones
from wispgate.domain.diagnosis.evidence import Evidence
from wispgate.domain.diagnosis.findings import Finding, Severity

Check = Callable[[Evidence], Iterator[Finding]]

# The peer first: a stranger has no transport that we could listen with.
_CONNECTION: Final[tuple[Check, ...]] = (
    connections.check_peer,
    connections.check_listeners,
    connections.check_knocks,
    connections.check_links,
    connections.check_requests,
)
_PHONE: Final[tuple[Check, ...]] = (
    phones.check_imsi,
    phones.check_line,
    phones.check_key,
    phones.check_refusals,
    phones.check_registration,
)
_ORDER: Final = (Severity.BROKEN, Severity.ATTENTION, Severity.GOOD)


def judge(evidence: Evidence) -> tuple[Finding, ...]:
    """What is wrong and what is well, the first broken link first.

    The connection's chain and the phone's end each at their first broken link: what comes after it
    cannot be told.
    """
    chain = _chain(_CONNECTION, evidence) if evidence.identity else []
    found = [*chain, *_chain(_PHONE, evidence)]
    return tuple(sorted(found, key=lambda finding: _ORDER.index(finding.severity)))


def _chain(checks: Iterable[Check], evidence: Evidence) -> list[Finding]:
    found: list[Finding] = []
    for check in checks:
        found += check(evidence)
        if any(finding.is_broken for finding in found):
            break
    return found


def summary(findings: Iterable[Finding]) -> str:
    """One sentence over all of them."""
    counts = dict.fromkeys(Severity, 0)
    first = ""
    for finding in findings:
        counts[finding.severity] += 1
        first = first or finding.seen
    if counts[Severity.BROKEN]:
        return f"It does not work: {first}"
    if counts[Severity.ATTENTION]:
        return f"It works as far as can be told, with something to look at: {first}"
    return "It works: nothing wrong was found."
