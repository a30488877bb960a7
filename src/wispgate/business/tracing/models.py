"""Traces and their messages. The network side writes messages and counts them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


class Trace(models.Model):
    """What is followed, until when, and how much is kept.

    `operator` is whose staff may look; none: the platform's alone. `core_id` limits it to one
    core. `sessions` are those that belonged to the subscriber when it began.
    """

    class Kind(models.TextChoices):
        PEER = "peer", "peer"
        IMSI = "imsi", "IMSI"
        SESSION = "session", "session"

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey(
        "operators.Operator", null=True, on_delete=models.PROTECT, related_name="+"
    )
    core_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    subject = models.CharField(max_length=255)
    sessions = ArrayField(models.CharField(max_length=255), default=list)
    started_by = models.CharField(max_length=254)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    max_messages = models.PositiveIntegerField()
    max_octets = models.PositiveBigIntegerField()
    messages = models.PositiveIntegerField(default=0)
    octets = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ("-started_at", "-id")
        indexes = [
            models.Index(
                fields=("ends_at",), name="trace_running", condition=Q(stopped_at__isnull=True)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=("peer", "imsi", "session")), name="trace_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("started_at")), name="trace_ends_after_it_begins"
            ),
            # A whole peer carries other operators' subscribers.
            models.CheckConstraint(
                condition=~Q(kind="peer") | Q(operator__isnull=True),
                name="trace_of_peer_is_of_platform",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class TraceMessage(models.Model):
    """One message as it passed, its secrets zeros. `latency_us` is an answer's, in microseconds.

    `local_*` is our end of the connection, `remote_*` the peer's.
    """

    id = models.UUIDField(primary_key=True)
    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="+")
    operator_id = models.UUIDField(null=True)
    at = models.DateTimeField()
    is_sent = models.BooleanField()
    peer = models.CharField(max_length=255)
    transport = models.CharField(max_length=4)
    local_address = models.CharField(max_length=45)
    remote_address = models.CharField(max_length=45)
    remote_port = models.PositiveIntegerField()
    latency_us = models.PositiveBigIntegerField(null=True)
    raw = models.BinaryField()

    class Meta:
        ordering = ("id",)
        indexes = [models.Index(fields=("trace", "id"), name="tracemessage_of_trace")]

    def __str__(self) -> str:
        return f"{self.at} {self.peer}"
