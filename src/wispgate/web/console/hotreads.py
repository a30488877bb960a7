"""What the network functions have written, as pages read it: sessions, buckets, ledger, pushes.

Row-level security shows each reader the tenant's rows only. Every function is one statement.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from wispgate.business.hotplane.models import (
    EveryBucket,
    EveryChargingSession,
    EveryLedger,
    EveryLine,
    EveryPolicySession,
    EveryPush,
    EverySessionGroup,
)
from wispgate.domain.charging.ledger import EntryKind
from wispgate.kernel.errors import NotFound
from wispgate.web.console.listing import ROWS, Asked

# Entries that say how much was used; a credit or a purchase does not.
USAGE = (EntryKind.DEBIT, EntryKind.FREE, EntryKind.SUSPENSE)
# Units of entries whose usage is counted in octets: money pays for data too.
DATA_UNITS = ("octets", "money")

OPEN, SILENT, ENDED = "open", "silent", "ended"
# A gateway reports at the latest when a grant's validity ends; after this long it has lost it.
SILENT_AFTER = timedelta(hours=2)
_REMEMBERED = timedelta(days=1)

ONGOING = ("asked", "waiting_for_peer", "sent", "acknowledged")
UNDER_WAY = "under_way"
PUSH_STATES = (UNDER_WAY, "in_effect", "failed", "superseded")
RECENT_FAILURES = timedelta(days=1)


def count_sessions(
    lines: Collection[UUID] | None, text: str, *, now: datetime
) -> Mapping[str, int]:
    """How many are open, how many of those are silent, how many ended lately."""
    counted = _sessions(lines, text).aggregate(
        **{
            state: Count("session_id", filter=_in_state(state, now))
            for state in (OPEN, SILENT, ENDED)
        }
    )
    return {state: int(count) for state, count in counted.items()}


def list_sessions(
    asked: Asked, lines: Collection[UUID] | None, *, now: datetime
) -> Sequence[EveryChargingSession]:
    """Of a state (open, if none is asked for), the newest first."""
    rows = _sessions(lines, asked.text).filter(_in_state(asked.state or OPEN, now))
    ordered = rows.order_by("-opened_at", "session_id")
    return list(ordered[asked.offset : asked.offset + ROWS])


def get_session(session_id: str) -> EveryChargingSession:
    session = EveryChargingSession.objects.filter(session_id=session_id).first()
    if session is None:
        raise NotFound("session", session_id)
    return session


def list_sessions_of(line_id: UUID, limit: int = 5) -> Sequence[EveryChargingSession]:
    """The open ones of a line, then those that ended last."""
    rows = EveryChargingSession.objects.filter(line_id=line_id)
    return list(rows.order_by("-is_open", "-opened_at")[:limit])


def list_groups(session_ids: Collection[str]) -> Sequence[EverySessionGroup]:
    rows = EverySessionGroup.objects.filter(session_id__in=session_ids)
    return list(rows.order_by("session_id", "rating_group"))


def list_policy_sessions(line_ids: Collection[UUID]) -> Sequence[EveryPolicySession]:
    """The open ones of these lines; of one APN the newest comes last."""
    rows = EveryPolicySession.objects.filter(line_id__in=line_ids, is_open=True)
    return list(rows.order_by("opened_at"))


def find_newest_policy_session(line_id: UUID) -> EveryPolicySession | None:
    """An open one before one that ended."""
    rows = EveryPolicySession.objects.filter(line_id=line_id)
    return rows.order_by("-is_open", "-seen_at").first()


def list_network_lines(line_ids: Collection[UUID]) -> Sequence[EveryLine]:
    return list(EveryLine.objects.filter(line_id__in=line_ids))


def used_by_session(
    account_ids: Collection[UUID], session_ids: Collection[str]
) -> Mapping[str, int]:
    """Octets by session. The accounts are asked for too, since the ledger is found by them."""
    rows = EveryLedger.objects.filter(
        account_id__in=account_ids, session_id__in=session_ids, kind__in=USAGE
    )
    return dict(rows.values_list("session_id").annotate(Sum("used_units")).order_by())


def list_entries(
    account_id: UUID, limit: int, *, line_id: UUID | None = None
) -> Sequence[EveryLedger]:
    """The newest movements of an account; those of one line, or of the whole account, if asked."""
    rows = EveryLedger.objects.filter(account_id=account_id)
    if line_id is not None:
        rows = rows.filter(Q(line_id=line_id) | Q(line_id__isnull=True))
    return list(rows.order_by("-posted_at", "-entry_id")[:limit])


def list_entries_of_session(session: EveryChargingSession, limit: int) -> Sequence[EveryLedger]:
    rows = EveryLedger.objects.filter(account_id=session.account_id, session_id=session.session_id)
    return list(rows.order_by("-posted_at", "-entry_id")[:limit])


def list_buckets(account_id: UUID, *, now: datetime) -> Sequence[EveryBucket]:
    """What an account holds now, in the order in which it is used; those of money too."""
    rows = EveryBucket.objects.filter(account_id=account_id)
    rows = rows.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=now))
    return list(rows.order_by("priority", "valid_until", "created_at", "bucket_id"))


def list_buckets_by_id(account_id: UUID) -> Mapping[UUID, EveryBucket]:
    """All buckets of an account, ended ones too."""
    return {row.bucket_id: row for row in EveryBucket.objects.filter(account_id=account_id)}


def list_pushes_of(line_id: UUID, limit: int = 12) -> Sequence[EveryPush]:
    """The newest first."""
    return list(EveryPush.objects.filter(line_id=line_id).order_by("-push_id")[:limit])


def list_pushes(asked: Asked, lines: Collection[UUID] | None) -> Sequence[EveryPush]:
    rows = _pushes(lines).order_by("-push_id")
    if asked.state:
        rows = rows.filter(state__in=ONGOING if asked.state == UNDER_WAY else (asked.state,))
    return list(rows[asked.offset : asked.offset + ROWS])


def count_pushes(lines: Collection[UUID] | None = None) -> Mapping[str, int]:
    """Pushes by state."""
    return dict(_pushes(lines).values_list("state").annotate(Count("push_id")).order_by())


def count_pushes_in_trouble(*, now: datetime) -> Mapping[str, int]:
    """Those under way by state, and those that failed lately."""
    is_recent = Q(state="failed", ended_at__gte=now - RECENT_FAILURES)
    rows = EveryPush.objects.filter(Q(state__in=ONGOING) | is_recent)
    return dict(rows.values_list("state").annotate(Count("push_id")).order_by())


def find_lines(text: str, limit: int = 500) -> Sequence[UUID]:
    """Lines in the network whose MSISDN or IMSI has these digits."""
    digits = "".join(character for character in text if character not in " +-./()")
    if not digits.isdigit() or not digits.isascii():
        return []
    rows = EveryLine.objects.filter(Q(msisdn__contains=digits) | Q(imsi__contains=digits))
    return list(rows.values_list("line_id", flat=True)[:limit])


def _sessions(lines: Collection[UUID] | None, text: str) -> QuerySet[EveryChargingSession]:
    rows = EveryChargingSession.objects.all()
    if not text:
        return rows
    wanted = Q(apn__icontains=text) | Q(peer__icontains=text) | Q(framed_address=text)
    return rows.filter(wanted | Q(line_id__in=lines or ()))


def _in_state(state: str, now: datetime) -> Q:
    match state:
        case "ended":
            return Q(is_open=False, closed_at__gte=now - _REMEMBERED)
        case "silent":
            return Q(is_open=True, seen_at__lt=now - SILENT_AFTER)
        case _:
            return Q(is_open=True)


def _pushes(lines: Collection[UUID] | None) -> QuerySet[EveryPush]:
    rows = EveryPush.objects.all()
    return rows if lines is None else rows.filter(line_id__in=lines)
