"""Sub-services and what is laid upon them. A sub-service's id is its line's id in the network."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Q

from wispgate.business.subscriptions.lifecycle import SubscriptionState
from wispgate.business.subscriptions.mass_lifecycle import MassState


class Subscription(models.Model):
    """One delivered service: one main service, any add-ons, any devices."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    subscriber = models.ForeignKey(
        "crm.Subscriber", on_delete=models.PROTECT, related_name="subscriptions"
    )
    sim = models.OneToOneField("inventory.Sim", null=True, on_delete=models.PROTECT)
    msisdn = models.CharField(max_length=15, blank=True, default="")
    state = models.CharField(
        max_length=10, choices=SubscriptionState.choices(), default=SubscriptionState.DRAFT
    )
    state_changed_at = models.DateTimeField()
    state_cause = models.CharField(max_length=200, blank=True, default="")
    # The version of a plan that it holds (`catalogue`), kept until it is moved to another one.
    plan_id = models.UUIDField(null=True)
    plan_version = models.PositiveIntegerField(null=True)
    # The instant until which the plan is paid; None while it was never bought.
    plan_paid_until = models.DateTimeField(null=True)
    # The only devices that it may be used with, 14 digits each (TAC and serial); none means any.
    device_lock = ArrayField(
        models.CharField(max_length=14), default=list, db_default=[], blank=True
    )
    # When another card took it over last: what a thief would do next is held back for a while.
    swapped_at = models.DateTimeField(null=True)
    # Restrictions that are on, as `restricting.Laid` has them; and by APN the address that it
    # always gets there.
    restrictions = models.JSONField(default=list, db_default=[])
    static_addresses = models.JSONField(default=dict, db_default={})
    profile_version = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True)
    # When the network first saw the phone: told by the HSS, written by the worker.
    first_registered_at = models.DateTimeField(null=True)
    terminated_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in SubscriptionState]),
                name="subscription_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(plan_id__isnull=True, plan_version__isnull=True)
                | Q(plan_id__isnull=False, plan_version__isnull=False),
                name="subscription_plan_has_a_version",
            ),
            models.UniqueConstraint(
                fields=("operator", "msisdn"),
                condition=~Q(msisdn="") & ~Q(state=SubscriptionState.TERMINATED),
                name="subscription_msisdn_is_unique",
            ),
        ]
        indexes = [models.Index(fields=("operator", "state"), name="subscription_state")]

    def __str__(self) -> str:
        return self.msisdn or str(self.id)


class Suspension(models.Model):
    """One reason why a sub-service is suspended. Reasons stack; each is lifted singly."""

    class Kind(models.TextChoices):
        HARD = "hard", "refused at attach"
        SOFT = "soft", "attaches, gets no session"

    class Reason(models.TextChoices):
        OVERDUE = "overdue", "overdue invoice"
        CUSTOMER_REQUEST = "customer_request", "customer's request"
        FRAUD = "fraud", "fraud"
        LOST_SIM = "lost_sim", "lost or stolen SIM"
        OPERATOR = "operator", "operator's decision"

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="suspensions"
    )
    reason = models.CharField(max_length=20, choices=Reason.choices)
    kind = models.CharField(max_length=4, choices=Kind.choices)
    note = models.CharField(max_length=200, blank=True, default="")
    since = models.DateTimeField()

    class Meta:
        ordering = ("since",)
        constraints = [
            models.UniqueConstraint(
                fields=("subscription", "reason"), name="suspension_reason_is_there_once"
            ),
        ]

    def __str__(self) -> str:
        return self.reason


class SwapPolicy(models.Model):
    """How long an operator holds back what a thief would do after a swap; without a row not at all."""

    id = models.UUIDField(primary_key=True)
    operator = models.OneToOneField("operators.Operator", on_delete=models.PROTECT)
    cool_off_hours = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.cool_off_hours} hours"


class MassAct(models.Model):
    """One act over many lines, which the worker does row by row. `person` is in whose right."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    # Empty as long as lines are chosen only.
    verb = models.CharField(max_length=20, blank=True, default="")
    arguments = models.JSONField(default=dict)
    reason = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(max_length=10, choices=MassState.choices(), default=MassState.QUEUED)
    # Where its lines are from, in words.
    source = models.CharField(max_length=200, blank=True, default="", db_default="")
    person = models.CharField(max_length=60, blank=True, default="")
    asked_by = models.CharField(max_length=160)
    approved_by = models.CharField(max_length=160, blank=True, default="", db_default="")
    # How far whoever chose the lines sees: the database shows the act to those of the same reach.
    reach = models.JSONField(null=True, db_default=Func(function="current_reach"))
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    # The last batch: operators take turns.
    worked_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in MassState]),
                name="massact_state_is_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=("id",),
                condition=Q(state__in=["queued", "running"]),
                name="massact_under_way",
            )
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.total} lines"

    @property
    def left(self) -> int:
        """Lines that nothing was done about so far."""
        return self.total - self.done - self.refused


class MassRow(models.Model):
    """One line of a mass act, and what became of it."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", "waiting"
        DONE = "done", "done"
        REFUSED = "refused", "refused"

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    position = models.PositiveIntegerField()
    act = models.ForeignKey(MassAct, on_delete=models.CASCADE, related_name="rows")
    line_id = models.UUIDField()
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.WAITING)
    # Of a refused one: the code and the words of the refusal.
    code = models.CharField(max_length=60, blank=True, default="")
    why = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ("act", "position")
        constraints = [
            models.UniqueConstraint(fields=("act", "line_id"), name="massrow_is_there_once"),
        ]
        indexes = [models.Index(fields=("act", "outcome", "position"), name="massrow_outcome")]

    def __str__(self) -> str:
        return f"{self.line_id} {self.outcome}"
