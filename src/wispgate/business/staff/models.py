"""Staff, tokens and the requests they made with an idempotency key."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from wispgate.business.staff.role_models import StoredRole, UsedLimit

__all__ = ["ApiToken", "IdempotentRequest", "StaffMember", "StoredRole", "UsedLimit"]


class StaffManager(BaseUserManager["StaffMember"]):
    def get_by_natural_key(self, username: str | None) -> "StaffMember":
        return self.get(email=(username or "").lower())


class StaffMember(AbstractBaseUser):
    """A person who logs in, or a program's account. Without an operator: the platform's own."""

    class Kind(models.TextChoices):
        PERSON = "person", "person"
        SERVICE = "service", "service account"

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", null=True, on_delete=models.PROTECT)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=40)
    is_active = models.BooleanField(default=True)
    # Whom they belong to: what limits such as "own dealer" mean for them.
    dealer = models.CharField(max_length=40, blank=True, default="")
    department_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERSON)
    # Somebody else made the password up: its owner chooses another one at the first login.
    must_change_password = models.BooleanField(default=False)
    password_changed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = StaffManager()

    class Meta:
        ordering = ("email",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")),
                name="staff_email_is_lower_case",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        """All of them work here: the console's own gate asks for this."""
        return self.is_active

    def get_session_auth_hash(self) -> str:
        """Changes with the password's choice, not with its hash, which a login may renew."""
        value = f"{self.id} {self.password_changed_at and self.password_changed_at.isoformat()}"
        return salted_hmac("wispgate.staff.session", value, algorithm="sha256").hexdigest()


class ApiToken(models.Model):
    """A program's key. Only its hash is kept.

    It may do what its owner's role allows, if it has an owner, else what its own does; of that only
    what `permissions` names, where they are given; from `networks` only, where they are given.
    """

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", null=True, on_delete=models.PROTECT)
    owner = models.ForeignKey(StaffMember, null=True, on_delete=models.CASCADE)
    permissions = ArrayField(models.CharField(max_length=80), null=True)
    networks = ArrayField(models.CharField(max_length=49), default=list)
    # Of a token that was made like another one, without an owner: the first of them all.
    root_id = models.UUIDField(null=True)
    # Who has seen a secret of it (`Principal.person`): whoever made it or gave it a new one.
    makers = ArrayField(models.CharField(max_length=60), default=list, db_default=[])
    last_used_at = models.DateTimeField(null=True)
    last_used_from = models.CharField(max_length=45, default="")
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=40)
    secret_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class IdempotentRequest(models.Model):
    """The answer that was given to a request with an Idempotency-Key, to be given again."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", null=True, on_delete=models.CASCADE)
    actor = models.CharField(max_length=160)
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.BinaryField()
    content_type = models.CharField(max_length=100)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("operator", "actor", "key"),
                name="idempotency_key_is_unique",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return self.key
