"""The self-test as people start it: of all peers, of one, of a phone, or of both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from wispgate.business.diagnosis import gathering, probing
from wispgate.business.operators import queries as operators
from wispgate.domain.diagnosis import judging
from wispgate.domain.diagnosis.evidence import Evidence, Listener
from wispgate.domain.diagnosis.findings import Finding
from wispgate.kernel.errors import NotFound
from wispgate.kernel.identifiers import Imsi

# Strangers can invent names without end; the newest few are what somebody looks for.
_MOST_STRANGERS: Final = 5


@dataclass(frozen=True, slots=True)
class Examination:
    """What was examined ("mme1.example.org, core lab"), and what was found, the worst first."""

    subject: str
    findings: tuple[Finding, ...]

    @property
    def is_broken(self) -> bool:
        return any(finding.is_broken for finding in self.findings)

    @property
    def summary(self) -> str:
        return judging.summary(self.findings)


def examine(
    listeners: Sequence[Listener], *, core: str = "", identity: str = "", imsi: str = ""
) -> list[Examination]:
    """The connection of each peer that is meant. Raises NotFound for a core that is not there."""
    phone = Imsi(imsi) if imsi else None
    peers = _peers(core, identity)
    if phone is not None and not identity:
        return [_of_phone(each, phone) for each in _cores(core, phone)]
    tried = probing.probe(listeners)
    found = [examine_peer(peer, tried, imsi=phone) for peer in peers]
    if identity and not peers:
        found.append(_of_stranger(identity, tried))
    if not identity and not core:
        strangers = gathering.list_strangers()[:_MOST_STRANGERS]
        found += [_of_stranger(name, tried) for name in strangers]
    return found


def examine_peer(peer: Any, tried: Sequence[Listener], *, imsi: Imsi | None = None) -> Examination:
    """Of one peer, after the listeners were tried."""
    evidence = gathering.gather_peer(peer, tried, imsi=imsi)
    behind = f", IMSI {imsi}" if imsi else ""
    return _judged(f"{peer.identity}, core {peer.core.name}{behind}", evidence)


def _of_stranger(identity: str, tried: Sequence[Listener]) -> Examination:
    return _judged(identity, gathering.gather_stranger(identity, tried))


def _of_phone(core: Any, imsi: Imsi) -> Examination:
    return _judged(f"IMSI {imsi}, core {core.name}", gathering.gather_phone(core, imsi))


def _judged(subject: str, evidence: Evidence) -> Examination:
    return Examination(subject, judging.judge(evidence))


def _peers(core: str, identity: str) -> list[Any]:
    wanted = identity.strip().lower()
    if core:
        operators.get_core(core)
    return [
        peer
        for peer in operators.list_peers()
        if core in ("", peer.core.name) and wanted in ("", peer.identity)
    ]


def _cores(core: str, imsi: Imsi) -> list[Any]:
    """The named core, else those that have the IMSI, else all of them: it is in none's ranges."""
    if core:
        return [operators.get_core(core)]
    cores = list(operators.list_cores())
    if not cores:
        raise NotFound("core", "any")
    return [each for each in cores if operators.list_operators_for(each.id, imsi)] or cores[:1]
