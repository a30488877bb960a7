"""What is remembered of logins. Private to this app; read it through `queries`."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

_OPERATOR = "operators.Operator"
_MEMBER = "staff.StaffMember"


class Session(models.Model):
    """One browser's session: somebody's, or nobody's yet (a login under way).

    Only a hash of the cookie is kept: whoever reads this table can log in as nobody.
    """

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey(_OPERATOR, null=True, on_delete=models.CASCADE)
    member = models.ForeignKey(_MEMBER, null=True, on_delete=models.CASCADE)
    key_hash = models.CharField(max_length=64, unique=True)
    data = models.TextField()
    address = models.CharField(max_length=45)
    device = models.CharField(max_length=200)
    way_in = models.CharField(max_length=20)
    idle_seconds = models.PositiveIntegerField()
    absolute_seconds = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_cause = models.CharField(max_length=40, default="")

    class Meta:
        ordering = ("-seen_at",)
        indexes = [models.Index(fields=("member", "ended_at"), name="login_session_member")]

    def __str__(self) -> str:
        return f"{self.device} at {self.address}"


class AttemptCount(models.Model):
    """Failures of one subject. The key is a keyed hash: no address and no account can be read."""

    key = models.CharField(primary_key=True, max_length=64)
    subject = models.CharField(max_length=20)
    failures = models.PositiveIntegerField()
    last_at = models.DateTimeField()
    waits_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.subject}: {self.failures}"


class LoginPolicy(models.Model):
    """An operator's rules, or without an operator the platform's. None: the defaults."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey(_OPERATOR, null=True, on_delete=models.CASCADE)
    idle_minutes = models.PositiveIntegerField()
    absolute_minutes = models.PositiveIntegerField()
    # Names of roles whose holders need a second factor; "*" for all.
    mfa_roles = ArrayField(models.CharField(max_length=40), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("operator",), name="login_policy_is_one", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.idle_minutes} min"


class AuthenticatorApp(models.Model):
    """A TOTP secret, sealed. `last_step` is the last code that was used."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey(_OPERATOR, null=True, on_delete=models.CASCADE)
    member = models.ForeignKey(_MEMBER, on_delete=models.CASCADE)
    name = models.CharField(max_length=60)
    sealed_secret = models.BinaryField()
    last_step = models.BigIntegerField()
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("created_at",)

    def __str__(self) -> str:
        return self.name


class SecurityKey(models.Model):
    """A WebAuthn credential: a key in the hand or a passkey in a phone or computer."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey(_OPERATOR, null=True, on_delete=models.CASCADE)
    member = models.ForeignKey(_MEMBER, on_delete=models.CASCADE)
    name = models.CharField(max_length=60)
    # The host name that it was made for; it works nowhere else.
    host = models.CharField(max_length=255)
    credential_id = models.BinaryField(unique=True)
    credential = models.BinaryField()
    sign_count = models.BigIntegerField()
    is_passkey = models.BooleanField()
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("created_at",)

    def __str__(self) -> str:
        return self.name


class RecoveryCode(models.Model):
    """The hash of one code for the drawer."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey(_OPERATOR, null=True, on_delete=models.CASCADE)
    member = models.ForeignKey(_MEMBER, on_delete=models.CASCADE)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("member", "digest"), name="recovery_code_is_unique"),
        ]

    def __str__(self) -> str:
        return "used" if self.used_at else "unused"


class PasswordReset(models.Model):
    """A link to a new password: good once, and not for long."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey(_OPERATOR, null=True, on_delete=models.CASCADE)
    member = models.ForeignKey(_MEMBER, on_delete=models.CASCADE)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"until {self.expires_at}"


class ResetRequest(models.Model):
    """Somebody asked for a link for an address. Whether it is anybody's, the worker finds out:
    the page that asks does the same for every address, so it cannot tell."""

    id = models.UUIDField(primary_key=True)
    email = models.CharField(max_length=254)
    address = models.CharField(max_length=45)
    base_url = models.CharField(max_length=300)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.email


class IdentityProvider(models.Model):
    """An operator's OpenID provider (or without an operator the platform's)."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey(_OPERATOR, null=True, on_delete=models.CASCADE)
    # The operator's own short name: it stands in the address of the way in.
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    issuer = models.CharField(max_length=300)
    client_id = models.CharField(max_length=255)
    sealed_client_secret = models.BinaryField()
    domains = ArrayField(models.CharField(max_length=253))
    # Empty: only who is on the staff already comes in.
    default_role = models.CharField(max_length=40, blank=True, default="")
    is_trusted_with_mfa = models.BooleanField(default=False)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("slug",)
        constraints = [
            models.UniqueConstraint(
                fields=("operator",), name="identity_provider_is_one", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ProviderIdentity(models.Model):
    """Who a provider's subject is on our staff."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey(_OPERATOR, null=True, on_delete=models.CASCADE)
    provider = models.ForeignKey(IdentityProvider, on_delete=models.CASCADE)
    member = models.ForeignKey(_MEMBER, on_delete=models.CASCADE)
    subject = models.CharField(max_length=255)
    email = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("provider", "subject"), name="provider_identity_is_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.email
