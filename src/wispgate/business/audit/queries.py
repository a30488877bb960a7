"""Reading the audit: what the scope may see, that is its operator's entries, or all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from wispgate.business.audit.models import AuditEntry, SealCursor
from wispgate.business.operators import scope as scopes


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; an empty field asks for nothing. `since` is inclusive, `until` not."""

    who: str = ""
    action: str = ""
    object_type: str = ""
    object_id: str = ""
    text: str = ""
    request_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    operator_id: UUID | None = None


EVERYTHING = Search()
ACTIONS = tuple(AuditEntry.Action.values)


def list_entries(
    *, object_type: str = "", object_id: str = "", before: int | None = None, limit: int = 100
) -> Sequence[AuditEntry]:
    """The newest entries first, of one kind of object or of one object; those before an entry."""
    search = Search(object_type=object_type, object_id=object_id)
    return find_entries(search, before=before, limit=limit)


def find_entries(
    search: Search, *, before: int | None = None, limit: int = 100, offset: int = 0
) -> Sequence[AuditEntry]:
    """The newest entries first; those before an entry."""
    entries = _matching(search)
    if before is not None:
        entries = entries.filter(id__lt=before)
    return list(entries[offset : offset + limit])


def count_entries(search: Search, *, most: int) -> int:
    """How many there are, counted no further than `most`."""
    return _matching(search)[:most].count()


def iterate_ids(search: Search, *, chunk: int) -> Iterator[Sequence[int]]:
    """The ids of all entries that match, the oldest first, in chunks."""
    last = 0
    while True:
        rows = _matching(search).filter(id__gt=last).order_by("id")
        ids = list(rows.values_list("id", flat=True)[:chunk])
        if not ids:
            return
        yield ids
        last = ids[-1]


def sealing_lag(now: datetime) -> dict[str, timedelta]:
    """How far behind the sealing of each source is: what was written before that is sealed."""
    cursors = SealCursor.objects.values_list("source", "sealed_through_at")
    return {source: max(now - at, timedelta(0)) for source, at in cursors}


def _matching(search: Search) -> QuerySet[AuditEntry]:
    exact = {
        "action": search.action,
        "object_type": search.object_type,
        "object_id": search.object_id,
        "request_id": search.request_id,
        "operator_id": search.operator_id,
        "at__gte": search.since,
        "at__lt": search.until,
    }
    rows = AuditEntry.objects.filter(**{name: value for name, value in exact.items() if value})
    # Who works for one operator sees that one's, and the platform's own where the scope sees them.
    if (own := scopes.current().operator_id) is not None:
        rows = rows.filter(Q(operator_id=own) | Q(operator_id=None))
    if search.who:
        rows = rows.filter(Q(actor__icontains=search.who) | Q(address=search.who))
    if search.text:
        rows = _with_text(rows, search.text)
    return rows.order_by("-id")


def _with_text(rows: QuerySet[AuditEntry], text: str) -> QuerySet[AuditEntry]:
    """In the words of an entry, and in what was before and after."""
    rows = rows.annotate(was=Cast("before", TextField()), became=Cast("after", TextField()))
    words = Q(message__icontains=text) | Q(reason__icontains=text) | Q(object_id__iexact=text)
    return rows.filter(words | Q(was__icontains=text) | Q(became__icontains=text))
