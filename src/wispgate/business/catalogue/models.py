"""Plans and their versions. A version that was launched never changes."""

from django.db import models
from django.db.models import Q

from wispgate.business.catalogue.lifecycle import PlanState


class Plan(models.Model):
    """A plan under its code; what it is like is said by its versions."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    code = models.SlugField(max_length=40)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("code",)
        constraints = [
            models.UniqueConstraint(fields=("operator", "code"), name="plan_code_is_unique"),
        ]

    def __str__(self) -> str:
        return self.code


class PlanVersion(models.Model):
    """One version: name, price and definition."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    price = models.DecimalField(max_digits=20, decimal_places=6)
    currency = models.CharField(max_length=3)
    # The JSON text of a PlanDefinition.
    definition = models.TextField()
    state = models.CharField(max_length=10, choices=PlanState.choices(), default=PlanState.DRAFT)
    state_changed_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("plan__code", "-version")
        constraints = [
            models.UniqueConstraint(fields=("plan", "version"), name="plan_version_is_unique"),
            models.UniqueConstraint(
                fields=("plan",),
                condition=Q(state=PlanState.ACTIVE),
                name="plan_has_one_active_version",
            ),
            models.CheckConstraint(condition=Q(price__gte=0), name="plan_price_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.name} (version {self.version})"
