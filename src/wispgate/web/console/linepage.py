"""All that is shown of one line: card, presence, plan, buckets, sessions, pushes, ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from wispgate.business.catalogue import queries as catalogue
from wispgate.business.catalogue.definition import PlanDefinition
from wispgate.web.console import answers, hotreads, livesessions, money, pushwords, reads
from wispgate.web.console.presence import NOWHERE, Presence, presence_of
from wispgate.web.console.wording import Piece, Sentence, short_host

_ENTRIES = 12


@dataclass(frozen=True, slots=True)
class LinePage:
    """`version` is the plan's version that the line holds; None for the basic plan."""

    line: Any
    suspensions: Sequence[Any]
    presence: Presence
    version: Any
    definition: PlanDefinition | None
    buckets: Sequence[money.ShownBucket]
    wallet: Decimal | None
    currency: str
    sessions: Sequence[livesessions.ShownSession]
    pushes: Sequence[Any]
    entries: Sequence[money.ShownEntry]
    messages: Sequence[Any]
    now: datetime

    @property
    def sim(self) -> Any:
        return self.line.sim

    @property
    def is_exhausted(self) -> bool:
        return self.presence.line is not None and self.presence.line.is_exhausted

    @property
    def open_sessions(self) -> list[livesessions.ShownSession]:
        return [each for each in self.sessions if each.session.is_open]

    @property
    def shown_pushes(self) -> list[pushwords.ShownPush]:
        return pushwords.shown(self.pushes)

    @staticmethod
    def all_reasons() -> Sequence[tuple[str, str]]:
        return reads.suspension_reasons()


def load(key: str, *, currency: str, now: datetime) -> LinePage:
    """By number or id. Raises NotFound. As many statements for a busy line as for an idle one."""
    line = reads.get_line(key)
    sim, account_id = line.sim, line.subscriber.account_id
    version = _version(line)
    rows = hotreads.list_buckets(account_id, now=now)
    return LinePage(
        line=line,
        suspensions=reads.list_suspensions(line.id),
        presence=_presence(line, sim),
        version=version,
        definition=catalogue.definition_of(version) if version else None,
        buckets=money.for_line(rows, line.id, now),
        wallet=money.wallet(rows, currency),
        currency=currency,
        sessions=livesessions.of_line(line),
        pushes=hotreads.list_pushes_of(line.id),
        entries=money.entries(
            hotreads.list_entries(account_id, _ENTRIES, line_id=line.id),
            {row.bucket_id: row for row in rows},
        ),
        messages=reads.list_messages_of(line.id, account_id, _ENTRIES),
        now=now,
    )


def answer(page: LinePage) -> Sentence:
    """ "Online since 09:14 on mme1, 18.2 of 40 GB used, ends in 9 days, nothing failed." """
    line = page.line
    if line.state == "active":
        return [*_whereabouts(page), *_data(page), ", ", *pushwords.clause(page.pushes), "."]
    said = answers.of_line(line, suspensions=page.suspensions, presence=page.presence)
    if line.state == "suspended" and page.pushes:
        return [*said, " In the network: ", *pushwords.of_stop(page.pushes), "."]
    return said


def _whereabouts(page: LinePage) -> Sentence:
    registration = page.presence.registration
    is_registered = page.presence.is_registered and registration is not None
    if page.open_sessions:
        session = page.open_sessions[0].session
        host = registration.mme_host if is_registered and registration else session.peer
        return ["Online since ", session.opened_at, f" on {short_host(host)}"]
    if is_registered and registration:
        said = f"Registered at {short_host(registration.mme_host)} since "
        return [said, registration.registered_at, ", no data session"]
    return ["Active since ", page.line.state_changed_at, "; ", *page.presence.clause()]


def _data(page: LinePage) -> list[Piece]:
    usage = money.usage(page.buckets)
    if page.is_exhausted:
        return [", its data is used up"]
    if usage is not None:
        return [f", {usage.words}, {money.ends_in(usage.ends_at, page.now)}"]
    if page.definition is None:
        return [", no plan: data is unlimited and free"]
    return [", unlimited data" if page.definition.data_octets is None else ", no data left"]


def _presence(line: Any, sim: Any) -> Presence:
    if sim is None:
        return NOWHERE
    return presence_of(core_id=sim.core_id, imsi=sim.imsi, line_id=line.id)


def _version(line: Any) -> Any:
    return reads.find_plan_version(line.plan_id, line.plan_version) if line.plan_id else None
