"""Requests for approval, and the rules that say which acts need one."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from wispgate.business.approvals.lifecycle import ApprovalState, state_at


class Approval(models.Model):
    """One act that somebody asked for. `arguments` are what its service takes, secrets sealed.

    Without an operator it is an act of the platform's.
    """

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", null=True, on_delete=models.CASCADE)
    act = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    arguments = models.JSONField()
    # Equal requests that wait are one.
    digest = models.CharField(max_length=64)
    words = models.JSONField(default=list)
    amount = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    object_type = models.CharField(max_length=60, blank=True, default="")
    object_id = models.CharField(max_length=60, blank=True, default="")
    # `staff.Principal.person`: the same for all tokens of one person.
    requester = models.CharField(max_length=60)
    requested_by = models.CharField(max_length=160)
    reason = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(
        max_length=10, choices=ApprovalState.choices(), default=ApprovalState.ASKED
    )
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decider = models.CharField(max_length=60, blank=True, default="")
    decided_by = models.CharField(max_length=160, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True, default="")
    # Why the act failed when it was approved.
    failure = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ("-asked_at", "-id")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ApprovalState]),
                name="approval_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(decider="") | ~Q(state="done") | ~Q(decider=models.F("requester")),
                name="approval_has_four_eyes",
            ),
            models.UniqueConstraint(
                fields=("operator", "requester", "digest"),
                condition=Q(state="asked"),
                name="approval_is_asked_for_once",
                nulls_distinct=False,
            ),
        ]
        indexes = [models.Index(fields=("operator", "state"), name="approval_state")]

    def __str__(self) -> str:
        return self.title

    def state_at(self, now: datetime) -> ApprovalState:
        return state_at(ApprovalState(self.state), self.expires_at, now=now)


class ApprovalRule(models.Model):
    """That an act needs a second person, at an operator; without a row it does not."""

    DEFAULT_HOURS = 72

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", null=True, on_delete=models.CASCADE)
    act = models.CharField(max_length=60)
    is_on = models.BooleanField(default=False)
    # Amounts up to this one need nobody; None: every amount does.
    above = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    # After these hours a request that nobody decided is over.
    valid_hours = models.PositiveSmallIntegerField(default=DEFAULT_HOURS)

    class Meta:
        ordering = ("act",)
        constraints = [
            models.UniqueConstraint(
                fields=("operator", "act"), name="approval_rule_is_unique", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return self.act
