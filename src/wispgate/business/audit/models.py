"""The audit: one row per change, refusal or reading of a secret. Rows are only ever added."""

from django.db import models


class AuditEntry(models.Model):
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
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.object_type} {self.object_id}"
