"""Reading messages, as far as the scope sees them."""

from collections.abc import Sequence
from uuid import UUID

from wispgate.business.notifications.models import Message


def list_messages(
    *,
    line_id: UUID | None = None,
    account_id: UUID | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> Sequence[Message]:
    """The newest first, of a line or an account where named; `after` is the page before's last id."""
    messages = Message.objects.order_by("-id")
    if line_id is not None:
        messages = messages.filter(line_id=line_id)
    if account_id is not None:
        messages = messages.filter(account_id=account_id)
    if after is not None:
        messages = messages.filter(id__lt=after)
    return list(messages[:limit])
