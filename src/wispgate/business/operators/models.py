"""Tenants and the networks that serve them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Operator(models.Model):
    """A tenant: an MNO, an MVNO or a private network on this installation."""

    class Kind(models.TextChoices):
        MNO = "mno", "MNO"
        MVNO = "mvno", "MVNO"
        PRIVATE = "private", "private LTE"

    id = models.UUIDField(primary_key=True)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.MNO)
    currency = models.CharField(max_length=3)
    time_zone = models.CharField(max_length=40)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name


class Core(models.Model):
    """One network: its PLMNs and who may talk to us for it. Serves one operator or several."""

    class UnknownImsi(models.TextChoices):
        """What an IMSI that nobody knows is answered (TS 29.272 section 7.4.3)."""

        UNKNOWN = "unknown", "5001: the phone stays away until power cycle"
        ROAMING_NOT_ALLOWED = "roaming_not_allowed", "5004: quiets foreign phones for good"

    id = models.UUIDField(primary_key=True)
    name = models.SlugField(max_length=40, unique=True)
    plmns = ArrayField(models.CharField(max_length=7))
    unknown_imsi = models.CharField(
        max_length=20, choices=UnknownImsi.choices, default=UnknownImsi.UNKNOWN
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class CoreService(models.Model):
    """A range of a core's IMSIs that belongs to an operator (15 digits each, inclusive)."""

    id = models.UUIDField(primary_key=True)
    core = models.ForeignKey(Core, on_delete=models.PROTECT, related_name="services")
    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, related_name="core_services")
    first_imsi = models.CharField(max_length=15)
    last_imsi = models.CharField(max_length=15)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(first_imsi__lte=models.F("last_imsi")),
                name="coreservice_range_is_ordered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_imsi} to {self.last_imsi}"


class Peer(models.Model):
    """A Diameter node that may connect for a core: by identity, address and application."""

    id = models.UUIDField(primary_key=True)
    core = models.ForeignKey(Core, on_delete=models.PROTECT, related_name="peers")
    identity = models.CharField(max_length=255)
    realm = models.CharField(max_length=255)
    addresses = ArrayField(models.CharField(max_length=49))
    applications = ArrayField(models.CharField(max_length=20))
    profile = models.CharField(max_length=40)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("identity",)
        constraints = [
            models.UniqueConstraint(fields=("core", "identity"), name="peer_is_unique_in_its_core"),
        ]

    def __str__(self) -> str:
        return self.identity


class Removal(models.Model):
    """An operator that is no more. `id` was its own; unfinished while ledger rows remain."""

    id = models.UUIDField(primary_key=True)
    slug = models.SlugField(max_length=40)
    name = models.CharField(max_length=120)
    removed_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-removed_at",)

    def __str__(self) -> str:
        return self.slug
