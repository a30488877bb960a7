"""Reading the audit."""

from collections.abc import Sequence

from wispgate.business.audit.models import AuditEntry


def list_entries(
    *, object_type: str = "", object_id: str = "", before: int | None = None, limit: int = 100
) -> Sequence[AuditEntry]:
    """The newest entries first, of one kind of object or of one object; those before an entry."""
    entries = AuditEntry.objects.all()
    if object_type:
        entries = entries.filter(object_type=object_type)
    if object_id:
        entries = entries.filter(object_id=object_id)
    if before is not None:
        entries = entries.filter(id__lt=before)
    return list(entries[:limit])
