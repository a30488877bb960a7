"""SIMs and the batches they came in, numbers and their ranges, lists of devices.

Secrets are sealed before they get here.
"""

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from wispgate.business.inventory.lifecycle import SimState
from wispgate.business.inventory.number_lifecycle import (
    ENDS_BY_ITSELF,
    NumberClass,
    NumberOrigin,
    NumberState,
    state_at,
)
from wispgate.domain.equipment.lists import Colour


class SimBatch(models.Model):
    """One imported file of cards."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    name = models.CharField(max_length=120)
    file_sha256 = models.CharField(max_length=64)
    imported = models.PositiveIntegerField()
    duplicates = models.PositiveIntegerField()
    warnings = models.PositiveIntegerField(default=0)
    imported_at = models.DateTimeField()
    imported_by = models.CharField(max_length=160)

    class Meta:
        ordering = ("-imported_at",)

    def __str__(self) -> str:
        return self.name


class Sim(models.Model):
    """A card: its numbers, its sealed secrets, its state. Its state changes by `lifecycle` only."""

    class Form(models.TextChoices):
        PHYSICAL = "physical", "physical"
        ESIM = "esim", "eSIM"

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    core = models.ForeignKey("operators.Core", on_delete=models.PROTECT)
    batch = models.ForeignKey(SimBatch, null=True, on_delete=models.PROTECT, related_name="sims")
    iccid = models.CharField(max_length=20)
    imsi = models.CharField(max_length=15)
    form = models.CharField(max_length=10, choices=Form.choices, default=Form.PHYSICAL)
    algorithm = models.CharField(max_length=10)
    # HPKE: the authentication key (bound to the ICCID) and PIN, PUK, ADM as one sealed JSON text.
    sealed_key = models.BinaryField()
    sealed_codes = models.BinaryField(null=True)
    # Tells whether a row imported again is the same: a hash over the row's 128 secret bits and its
    # ICCID, since what is sealed cannot be compared.
    fingerprint = models.BinaryField(max_length=32)
    eid = models.CharField(max_length=32, blank=True, default="")
    # The last sequence number used, kept here while the card is in stock.
    sqn = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=SimState.choices(), default=SimState.STOCK)
    state_changed_at = models.DateTimeField()
    state_cause = models.CharField(max_length=200, blank=True, default="")
    # The sub-service that holds this card (no foreign key: subscriptions stand above this app).
    subscription_id = models.UUIDField(null=True, unique=True)
    replaces = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="replaced_by"
    )
    # At whose shop or in whose cupboard it lies: whose "own" stock it is.
    dealer = models.CharField(max_length=40, blank=True, default="", db_default="")
    department_id = models.UUIDField(null=True)
    has_check_digit_warning = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("iccid",)
        constraints = [
            models.UniqueConstraint(fields=("operator", "iccid"), name="sim_iccid_is_unique"),
            models.UniqueConstraint(fields=("core", "imsi"), name="sim_imsi_is_unique_in_its_core"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in SimState]),
                name="sim_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state=SimState.STOCK, subscription_id__isnull=True)
                | Q(state=SimState.RETIRED, subscription_id__isnull=True)
                | Q(
                    state__in=[SimState.ASSIGNED, SimState.ACTIVATED, SimState.SUSPENDED],
                    subscription_id__isnull=False,
                ),
                name="sim_in_use_has_a_subscription",
            ),
            models.CheckConstraint(
                condition=Q(dealer="") | Q(department_id__isnull=True),
                name="sim_lies_in_one_place",
            ),
        ]
        indexes = [models.Index(fields=("operator", "state"), name="sim_state")]

    def __str__(self) -> str:
        return self.iccid


class PukRequest(models.Model):
    """Somebody asks for a card's PUKs: a question to the authentication function, and its answer.

    The answer is sealed for `recipient`, a key that the web makes anew for each request.
    """

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    iccid = models.CharField(max_length=20)
    sealed_codes = models.BinaryField()
    recipient = models.BinaryField(max_length=32)
    asked_by = models.CharField(max_length=160)
    asked_at = models.DateTimeField()
    answer = models.BinaryField(null=True)
    failure = models.CharField(max_length=200, blank=True, default="", db_default="")

    def __str__(self) -> str:
        return self.iccid


class NumberRange(models.Model):
    """Numbers of an operator's own, first to last inclusive. A range is one row, however large."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    # Of one length, so that their order as text is their order as numbers. That ranges of an
    # operator do not overlap is an exclusion constraint of the migration.
    first = models.CharField(max_length=15)
    last = models.CharField(max_length=15)
    number_class = models.CharField(
        max_length=10, choices=NumberClass.choices(), default=NumberClass.ORDINARY
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("first",)
        constraints = [
            models.CheckConstraint(
                condition=Q(first__lte=F("last")), name="numberrange_is_ordered"
            ),
            models.CheckConstraint(
                condition=Q(number_class__in=[one.value for one in NumberClass]),
                name="numberrange_class_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"

    @property
    def size(self) -> int:
        return int(self.last) - int(self.first) + 1


class Number(models.Model):
    """A number that was touched. Its state changes by `number_lifecycle` only."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    msisdn = models.CharField(max_length=15)
    number_class = models.CharField(
        max_length=10, choices=NumberClass.choices(), default=NumberClass.ORDINARY
    )
    origin = models.CharField(
        max_length=10, choices=NumberOrigin.choices(), default=NumberOrigin.OWN
    )
    # As it was brought to; `state_at` says what has become of it since.
    state = models.CharField(
        max_length=10, choices=NumberState.choices(), default=NumberState.AVAILABLE
    )
    state_changed_at = models.DateTimeField()
    state_cause = models.CharField(max_length=200, blank=True, default="")
    until = models.DateTimeField(null=True)
    # The sub-service that has it (no foreign key: subscriptions stand above this app).
    subscription_id = models.UUIDField(null=True, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("msisdn",)
        constraints = [
            models.UniqueConstraint(fields=("operator", "msisdn"), name="number_is_unique"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in NumberState])
                & Q(origin__in=[origin.value for origin in NumberOrigin]),
                name="number_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=sorted(ENDS_BY_ITSELF), until__isnull=False)
                | (~Q(state__in=sorted(ENDS_BY_ITSELF)) & Q(until__isnull=True)),
                name="number_until_is_of_its_state",
            ),
            models.CheckConstraint(
                condition=Q(state=NumberState.ASSIGNED)
                | Q(state=NumberState.ACTIVE, subscription_id__isnull=False)
                | (
                    ~Q(state__in=[NumberState.ASSIGNED, NumberState.ACTIVE])
                    & Q(subscription_id__isnull=True)
                ),
                name="number_in_use_has_a_subscription",
            ),
        ]
        indexes = [models.Index(fields=("operator", "state", "msisdn"), name="number_state")]

    def __str__(self) -> str:
        return self.msisdn

    def state_at(self, now: datetime) -> NumberState:
        origin = NumberOrigin(self.origin)
        return state_at(NumberState(self.state), self.until, origin, now=now)


class NumberPolicy(models.Model):
    """How an operator treats its numbers, where it is not as the default says."""

    DEFAULT_QUARANTINE_DAYS = 90

    id = models.UUIDField(primary_key=True)
    operator = models.OneToOneField("operators.Operator", on_delete=models.PROTECT)
    quarantine_days = models.PositiveSmallIntegerField(default=DEFAULT_QUARANTINE_DAYS)

    def __str__(self) -> str:
        return f"quarantine of {self.quarantine_days} days"


class EquipmentRange(models.Model):
    """Devices on a list of the equipment identity register, first to last inclusive, 14 digits.

    Without an operator it is the platform's, and holds in every network.
    """

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", null=True, on_delete=models.PROTECT)
    first = models.CharField(max_length=14)
    last = models.CharField(max_length=14)
    colour = models.CharField(max_length=5, choices=[(c.value, c.value) for c in Colour])
    reason = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("first", "last")
        constraints = [
            models.UniqueConstraint(
                fields=("operator", "first", "last"),
                name="equipmentrange_is_unique",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(first__regex="^[0-9]{14}$", last__regex="^[0-9]{14}$")
                & Q(first__lte=F("last")),
                name="equipmentrange_is_of_devices_and_ordered",
            ),
            models.CheckConstraint(
                condition=Q(colour__in=[colour.value for colour in Colour]),
                name="equipmentrange_colour_is_known",
            ),
        ]

    def __str__(self) -> str:
        return self.first if self.first == self.last else f"{self.first} to {self.last}"
