"""The audit: one row per change, refusal or reading of a secret. Rows are only ever added.

Beside it what makes tampering seen: blocks of digests, one chain per operator and source; how far
each source is sealed; and where a chain begins since its older rows were removed by right.
"""

from django.db import models


class AuditEntry(models.Model):
    """The column `xid`, the writing transaction, is the database's own and not here."""

    class Action(models.TextChoices):
        INSERT = "insert", "created"
        UPDATE = "update", "changed"
        DELETE = "delete", "deleted"
        REFUSED = "refused", "refused"
        LOGIN = "login", "logged in"
        READ = "read", "read a secret"

    id = models.BigAutoField(primary_key=True)
    operator_id = models.UUIDField(null=True)
    at = models.DateTimeField()
    actor_kind = models.TextField()
    actor = models.TextField()
    address = models.TextField()
    request_id = models.TextField()
    reason = models.TextField()
    action = models.TextField(choices=Action.choices)
    object_type = models.TextField()
    object_id = models.TextField()
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    message = models.TextField(default="")

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=("operator_id", "object_type", "object_id"), name="audit_object"),
            models.Index(fields=("operator_id", "id"), name="audit_newest"),
            models.Index(fields=("request_id",), name="audit_request"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.object_type} {self.object_id}"


class SealBlock(models.Model):
    """A block of a chain (`chain.Header`) with its packed entries; removed ones leave null."""

    id = models.BigAutoField(primary_key=True)
    operator_id = models.UUIDField(null=True)
    chain = models.TextField()
    number = models.BigIntegerField()
    form = models.SmallIntegerField()
    rows_before = models.BigIntegerField()
    rows = models.IntegerField()
    last_xid = models.BigIntegerField()
    last_id = models.UUIDField()
    entries = models.BinaryField(null=True)
    previous = models.CharField(max_length=64)
    root = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()
    key = models.CharField(max_length=16)
    signature = models.CharField(max_length=88)

    class Meta:
        ordering = ("chain", "number")
        constraints = [
            models.UniqueConstraint(fields=("chain", "number"), name="seal_block_is_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.chain} {self.number}"


class SealCursor(models.Model):
    """How far a source is sealed; its row is the sealer's lock."""

    source = models.TextField(primary_key=True)
    xid = models.BigIntegerField()
    last_id = models.UUIDField()
    sealed_through_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.source


class SealMark(models.Model):
    """The signed word that retention took a chain's rows up to and with block `number`."""

    chain = models.TextField(primary_key=True)
    operator_id = models.UUIDField(null=True)
    number = models.BigIntegerField()
    at = models.DateTimeField()
    key = models.CharField(max_length=16)
    signature = models.CharField(max_length=88)

    def __str__(self) -> str:
        return f"{self.chain} {self.number}"


class AuditRetention(models.Model):
    """How many days an operator keeps its audit; without a row it is kept for ever."""

    id = models.UUIDField(primary_key=True)
    operator_id = models.UUIDField(unique=True)
    keep_days = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.operator_id}: {self.keep_days} days"
