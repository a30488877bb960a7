"""What was told, to whom and why. Messages are only ever added."""

from django.db import models
from django.db.models import Q


class Message(models.Model):
    """One message about an account, or about one of its lines, made from one event."""

    class Channel(models.TextChoices):
        CONSOLE = "console", "console"

    # In the order of telling: ids of one delivery go up.
    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    account_id = models.UUIDField()
    line_id = models.UUIDField(null=True)
    # The event's kind (`docs/reference/events.md`).
    kind = models.CharField(max_length=60)
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.CONSOLE)
    subject = models.CharField(max_length=160)
    text = models.TextField()
    created_at = models.DateTimeField()
    # Events come at least once; a message is made once.
    source_event_id = models.UUIDField()

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=("source_event_id",), name="message_is_made_once_for_an_event"
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["console"]), name="message_channel_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=("account_id", "id"), name="message_account"),
            models.Index(
                fields=("line_id", "id"),
                condition=Q(line_id__isnull=False),
                name="message_line",
            ),
        ]

    def __str__(self) -> str:
        return self.subject
