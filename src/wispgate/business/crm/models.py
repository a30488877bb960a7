"""Who the customer is: a person or a company, and the subscriber that owes and pays."""

from django.db import models
from django.db.models import Q


class Contact(models.Model):
    """A person."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    name = models.CharField(max_length=160)
    email = models.EmailField(blank=True, default="")
    phone = models.CharField(max_length=20, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Organization(models.Model):
    """A company; departments hang below their parent."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    parent = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="departments"
    )
    name = models.CharField(max_length=160)
    email = models.EmailField(blank=True, default="")
    phone = models.CharField(max_length=20, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Subscriber(models.Model):
    """The financial identity: a contact or an organization with one charging account."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.PROTECT)
    contact = models.OneToOneField(Contact, null=True, on_delete=models.PROTECT)
    organization = models.OneToOneField(Organization, null=True, on_delete=models.PROTECT)
    # The charging account in its hot partition (`account` directory).
    account_id = models.UUIDField(unique=True)
    # The operator's own customer number, where it has one.
    external_id = models.CharField(max_length=64, blank=True, default="")
    # Who brought the customer (a person of `staff`), and for which dealer: whose "own" it is.
    brought_by = models.CharField(max_length=60, blank=True, default="")
    dealer = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-created_at", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(contact__isnull=False) ^ Q(organization__isnull=False),
                name="subscriber_is_a_contact_or_an_organization",
            ),
            models.UniqueConstraint(
                fields=("operator", "external_id"),
                condition=~Q(external_id=""),
                name="subscriber_external_id_is_unique",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def party(self) -> Contact | Organization:
        party = self.contact or self.organization
        assert party is not None  # noqa: S101 (a database constraint says so)
        return party

    @property
    def name(self) -> str:
        return self.party.name
