"""What a host gave to an MVNO of its SIMs and numbers, and when a tenant was exported.

Each of the two has its own row of an allotment, under one `pair_id`: neither sees the other's.
That a tenant is deleted, and how far that is, is the platform's own.
"""

from django.db import models
from django.db.models import F, Q


class Allotment(models.Model):
    """SIMs or a range of numbers that went from a host to an MVNO, as one of the two sees it."""

    class Side(models.TextChoices):
        GIVEN = "given", "given to an MVNO"
        RECEIVED = "received", "received from the host"

    class Kind(models.TextChoices):
        SIMS = "sims", "SIMs"
        NUMBERS = "numbers", "numbers"

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    pair_id = models.UUIDField()
    side = models.CharField(max_length=10, choices=Side.choices)
    # The other one: no foreign key, it may be gone while this stays.
    partner_id = models.UUIDField()
    partner_name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    # ICCIDs or numbers, first and last of what was given.
    first = models.CharField(max_length=20)
    last = models.CharField(max_length=20)
    given = models.PositiveIntegerField()
    returned = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)

    class Meta:
        ordering = ("-created_at", "id")
        constraints = [
            models.UniqueConstraint(fields=("operator", "pair_id"), name="allotment_has_two_sides"),
            models.CheckConstraint(
                condition=Q(returned__lte=F("given")), name="allotment_returns_what_was_given"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


class AllottedSim(models.Model):
    """A card that the host gave away: where it was in the host's stock, and whether it is back."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    allotment = models.ForeignKey(Allotment, on_delete=models.PROTECT, related_name="sims")
    iccid = models.CharField(max_length=20)
    batch_id = models.UUIDField(null=True)
    returned_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("iccid",)
        constraints = [
            models.UniqueConstraint(
                fields=("operator", "iccid"),
                condition=Q(returned_at__isnull=True),
                name="allottedsim_is_away_once",
            ),
        ]

    def __str__(self) -> str:
        return self.iccid


class TenantExport(models.Model):
    """That a tenant's data was taken out: when, by whom, how much. The archive is not kept here."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=160)
    rows = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ("-made_at",)

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d}"


class TenantDeletion(models.Model):
    """A tenant that the worker takes away, or took: the platform's own, it outlives the tenant.

    `rows` and `tables` say what is gone so far. No foreign key: the tenant goes before it ends.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "under way"
        DONE = "done", "done"
        FAILED = "failed", "failed"

    id = models.UUIDField(primary_key=True)
    tenant_id = models.UUIDField()
    slug = models.SlugField(max_length=40)
    name = models.CharField(max_length=120)
    is_forced = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True, default="")
    # Whoever let it happen: `staff.Principal.person`, and as the audit names them.
    person = models.CharField(max_length=60, blank=True, default="")
    ordered_by = models.CharField(max_length=160)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    rows = models.PositiveBigIntegerField(default=0)
    tables = models.JSONField(default=dict)
    failure = models.CharField(max_length=300, blank=True, default="")
    ordered_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "done", "failed"]),
                name="tenantdeletion_state_is_known",
            ),
            models.UniqueConstraint(
                fields=("tenant_id",),
                condition=Q(state="queued"),
                name="tenantdeletion_is_under_way_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slug} {self.state}"
