"""Tenants, what each of them has set, and the networks that serve them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


def _english() -> list[str]:
    return ["en"]


class Operator(models.Model):
    """A tenant: an MNO, an MVNO or a private network on this installation.

    An MVNO may hang under a host. That the host is none itself, so that there are no circles, is
    a trigger of the migration.
    """

    class Kind(models.TextChoices):
        MNO = "mno", "MNO"
        MVNO = "mvno", "MVNO"
        PRIVATE = "private", "private LTE"

    class UsualSuspension(models.TextChoices):
        HARD = "hard", "refused at attach"
        SOFT = "soft", "attaches, gets no session"

    id = models.UUIDField(primary_key=True)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.MNO)
    host = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="mvnos")
    currency = models.CharField(max_length=3)
    time_zone = models.CharField(max_length=40)
    # Two-letter codes (ISO 639-1); the first is what somebody gets whose language is not known.
    languages = ArrayField(models.CharField(max_length=2), default=_english)
    # How a line is suspended where nobody says: phones that are refused at attach may stay silent.
    usual_suspension = models.CharField(
        max_length=4,
        choices=UsualSuspension.choices,
        default=UsualSuspension.HARD,
        db_default=UsualSuspension.HARD,
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("slug",)
        constraints = [
            models.CheckConstraint(
                condition=Q(host__isnull=True) | Q(kind="mvno"), name="operator_with_host_is_mvno"
            ),
            models.CheckConstraint(condition=~Q(host=F("id")), name="operator_is_not_its_own_host"),
        ]

    def __str__(self) -> str:
        return self.name


class OperatorSuspension(models.Model):
    """One reason why a whole tenant is off. Reasons stack; each is lifted singly."""

    class Reason(models.TextChoices):
        OVERDUE = "overdue", "it has not paid"
        CONTRACT_END = "contract_end", "its contract has ended"
        ABUSE = "abuse", "abuse"
        OWN_REQUEST = "own_request", "its own request"
        PLATFORM = "platform", "decision of the platform"

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, related_name="suspensions")
    reason = models.CharField(max_length=20, choices=Reason.choices)
    note = models.CharField(max_length=200, blank=True, default="")
    since = models.DateTimeField()

    class Meta:
        ordering = ("since",)
        constraints = [
            models.UniqueConstraint(
                fields=("operator", "reason"), name="operatorsuspension_reason_is_there_once"
            ),
        ]

    def __str__(self) -> str:
        return self.reason


class Brand(models.Model):
    """How an operator looks to its customers, and where they find help."""

    id = models.UUIDField(primary_key=True)
    operator = models.OneToOneField(Operator, on_delete=models.PROTECT, related_name="brand")
    display_name = models.CharField(max_length=120)
    legal_name = models.CharField(max_length=160, blank=True, default="")
    postal_address = models.TextField(blank=True, default="")
    tax_number = models.CharField(max_length=40, blank=True, default="")
    # Of the form #rrggbb.
    main_colour = models.CharField(max_length=7, blank=True, default="")
    accent_colour = models.CharField(max_length=7, blank=True, default="")
    logo = models.BinaryField(null=True)
    logo_type = models.CharField(max_length=20, blank=True, default="")
    support_email = models.CharField(max_length=254, blank=True, default="")
    support_phone = models.CharField(max_length=40, blank=True, default="")
    support_url = models.CharField(max_length=200, blank=True, default="")

    def __str__(self) -> str:
        return self.display_name


class Domain(models.Model):
    """A name under which an operator's pages are reached. One name leads to one operator."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, related_name="domains")
    name = models.CharField(max_length=253, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class TaxRate(models.Model):
    """A named tax and the days on which its rate holds, the last one not among them.

    That two rates of one name share no day is an exclusion constraint of the migration.
    """

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, related_name="tax_rates")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)

    class Meta:
        ordering = ("code", "valid_from")
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__gte=0, percent__lte=100), name="taxrate_is_a_percentage"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                name="taxrate_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.percent} %"


class NumberingSeries(models.Model):
    """How an operator's legal documents of one kind are numbered; the counters are billing's."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", "invoices"
        CREDIT_NOTE = "credit_note", "credit notes"
        RECEIPT = "receipt", "receipts"

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, related_name="series")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    prefix = models.CharField(max_length=20, blank=True, default="")
    digits = models.PositiveSmallIntegerField(default=6)
    first_number = models.PositiveBigIntegerField(default=1)
    # Begins with the first number again every year, and shows the year.
    is_yearly = models.BooleanField(default=True)

    class Meta:
        ordering = ("kind",)
        verbose_name_plural = "numbering series"
        constraints = [
            models.UniqueConstraint(fields=("operator", "kind"), name="series_is_one_of_its_kind"),
        ]

    def __str__(self) -> str:
        return self.kind

    def number(self, place: int, *, year: int) -> str:
        """The text of the number at a place of the series (the first is 1) in a year."""
        shown_year = f"{year}-" if self.is_yearly else ""
        return f"{self.prefix}{shown_year}{self.first_number + place - 1:0{self.digits}d}"


class RoamingZone(models.Model):
    """Networks under one name, of which plans say whether they may be roamed in."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, related_name="roaming_zones")
    name = models.SlugField(max_length=40)
    # MCCs ("244") and networks, MCC and MNC together ("24405").
    networks = ArrayField(models.CharField(max_length=6))

    class Meta:
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(fields=("operator", "name"), name="roamingzone_name_is_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class PaymentGateway(models.Model):
    """Where an operator's customers pay. What opens it is sealed, and shown to nobody again."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, related_name="gateways")
    name = models.SlugField(max_length=40)
    kind = models.SlugField(max_length=40)
    settings = models.JSONField(default=dict)
    # HPKE, bound to the gateway's id: a JSON object of names and values.
    sealed_credentials = models.BinaryField(null=True)
    credential_names = ArrayField(models.CharField(max_length=40), default=list)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(fields=("operator", "name"), name="gateway_name_is_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class Core(models.Model):
    """One network: its PLMNs and who may talk to us for it. Serves one operator or several."""

    class UnknownImsi(models.TextChoices):
        """What an IMSI that nobody knows is answered (TS 29.272 section 7.4.3)."""

        UNKNOWN = "unknown", "5001: the phone stays away until power cycle"
        ROAMING_NOT_ALLOWED = "roaming_not_allowed", "5004: quiets foreign phones for good"

    class UnknownDevice(models.TextChoices):
        """What a device in no list of the register is taken for (TS 29.272 section 7.4.3.6)."""

        WHITE = "white", "white: it may be used"
        GREY = "grey", "grey: it may be used, and is watched"
        BLACK = "black", "black: it may not be used"
        UNKNOWN = "unknown", "5422: the serving node decides"

    id = models.UUIDField(primary_key=True)
    name = models.SlugField(max_length=40, unique=True)
    plmns = ArrayField(models.CharField(max_length=7))
    unknown_imsi = models.CharField(
        max_length=20, choices=UnknownImsi.choices, default=UnknownImsi.UNKNOWN
    )
    # Who we are towards its peers; empty: the installation's own identity.
    origin_host = models.CharField(max_length=255, default="", db_default="", blank=True)
    origin_realm = models.CharField(max_length=255, default="", db_default="", blank=True)
    unknown_device = models.CharField(
        max_length=10,
        choices=UnknownDevice.choices,
        default=UnknownDevice.WHITE,
        db_default=UnknownDevice.WHITE,
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

    class Transport(models.TextChoices):
        """What it is spoken to over. Anything else is refused."""

        TCP = "tcp", "TCP"
        TLS = "tls", "TLS from the first octet"
        SCTP = "sctp", "SCTP"

    id = models.UUIDField(primary_key=True)
    core = models.ForeignKey(Core, on_delete=models.PROTECT, related_name="peers")
    identity = models.CharField(max_length=255)
    realm = models.CharField(max_length=255)
    addresses = ArrayField(models.CharField(max_length=49))
    applications = ArrayField(models.CharField(max_length=20))
    profile = models.CharField(max_length=40)
    is_enabled = models.BooleanField(default=True)
    transport = models.CharField(
        max_length=4, choices=Transport.choices, default=Transport.TCP, db_default="tcp"
    )
    # Certificates (PEM) one of which must have issued the peer's own. Only public parts.
    certificate_authority = models.TextField(default="", db_default="", blank=True)
    # host:port where we connect to it; empty: it connects to us.
    connect_to = models.CharField(max_length=300, default="", db_default="", blank=True)
    # Realms that are reached through it, beside its own node; "*" stands for every other.
    routed_realms = ArrayField(
        models.CharField(max_length=255), default=list, db_default=[], blank=True
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("identity",)
        constraints = [
            models.UniqueConstraint(fields=("core", "identity"), name="peer_is_unique_in_its_core"),
        ]

    def __str__(self) -> str:
        return self.identity


class VaultKey(models.Model):
    """The public half of a key pair that SIM secrets are sealed with. No secret.

    Empty until the first rotation: then the key of the installation's founding counts.
    """

    class State(models.TextChoices):
        CURRENT = "current", "current"  # everything new is sealed with it
        RETIRING = "retiring", "retiring"  # still opens what is not sealed anew yet
        RETIRED = "retired", "retired"  # its private half is destroyed

    # What seals call it: sixteen hexadecimal digits.
    key_id = models.CharField(max_length=16, primary_key=True)
    public_key = models.CharField(max_length=44)
    state = models.CharField(max_length=8, choices=State.choices)
    created_at = models.DateTimeField()
    state_changed_at = models.DateTimeField()

    class Meta:
        ordering = ("created_at", "key_id")
        constraints = [
            models.UniqueConstraint(
                fields=("state",), condition=Q(state="current"), name="vaultkey_one_is_current"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["current", "retiring", "retired"]),
                name="vaultkey_state_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key_id} {self.state}"


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
