"""Unmanaged models over the hot tables' views: read-only windows for lists and pages."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from wispgate.domain.authentication.sqn import is_key_mismatch_suspected


class EveryLine(models.Model):
    """The line rows of all partitions, as the reader may see them."""

    partition = models.SmallIntegerField()
    line_id = models.UUIDField(primary_key=True)
    operator_id = models.UUIDField()
    account_id = models.UUIDField()
    core_id = models.UUIDField()
    state = models.TextField()
    imsi = models.TextField(null=True)
    msisdn = models.TextField(null=True)
    profile = models.JSONField()
    profile_version = models.BigIntegerField()
    changed_at = models.DateTimeField()
    plan_id = models.UUIDField(null=True)
    plan_version = models.IntegerField(null=True)
    time_zone = models.TextField()
    is_exhausted = models.BooleanField()

    class Meta:
        managed = False
        db_table = "every_line"

    def __str__(self) -> str:
        return str(self.line_id)


class EveryAuthentication(models.Model):
    """Authentication state without its secrets. The key is (core, IMSI)."""

    partition = models.SmallIntegerField()
    core_id = models.UUIDField()
    imsi = models.TextField()
    operator_id = models.UUIDField()
    account_id = models.UUIDField()
    line_id = models.UUIDField(primary_key=True)
    iccid = models.TextField()
    consecutive_resyncs = models.IntegerField()
    last_requested_at = models.DateTimeField(null=True)
    last_serving_node = models.TextField(null=True)
    last_visited_plmn = models.TextField(null=True)
    first_requested_at = models.DateTimeField(null=True)
    # Why the last one was refused; empty where it was not.
    last_refusal = models.TextField()
    # Resynchronisations of the hour that began then: with a right proof, and with a wrong one.
    resyncs_since = models.DateTimeField(null=True)
    resyncs_counted = models.IntegerField()
    mac_failures = models.IntegerField()

    class Meta:
        managed = False
        db_table = "every_authentication"

    def __str__(self) -> str:
        return self.imsi

    @property
    def is_key_suspected(self) -> bool:
        """Whether K or OPc look as if they were not the card's."""
        return self.mac_failures > 0 or is_key_mismatch_suspected(self.resyncs_counted)


class EveryEquipment(models.Model):
    """Devices that cards were seen in. The key is (core, IMSI, device)."""

    partition = models.SmallIntegerField()
    core_id = models.UUIDField()
    imsi = models.TextField()
    device = models.TextField(primary_key=True)
    operator_id = models.UUIDField()
    account_id = models.UUIDField()
    line_id = models.UUIDField()
    software_version = models.TextField()
    first_seen_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "every_equipment"

    def __str__(self) -> str:
        return self.device


class EveryRegistration(models.Model):
    """Where phones are registered, what they are in now first. The key is (core, IMSI, node).

    A phone may be registered at an MME and at an SGSN: `node` says which, and `mme_host` names it.
    """

    partition = models.SmallIntegerField()
    core_id = models.UUIDField()
    imsi = models.TextField()
    operator_id = models.UUIDField()
    account_id = models.UUIDField()
    line_id = models.UUIDField(primary_key=True)
    mme_host = models.TextField()
    mme_realm = models.TextField()
    visited_plmn = models.TextField()
    rat_type = models.IntegerField()
    imei = models.TextField(null=True)
    known_profile_version = models.BigIntegerField()
    registered_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    purged_at = models.DateTimeField(null=True)
    node = models.TextField()
    sgsn_number = models.TextField()

    class Meta:
        managed = False
        db_table = "every_registration"
        ordering = (models.F("purged_at").desc(nulls_first=True), "-seen_at")

    def __str__(self) -> str:
        return self.imsi


class PeerConnection(models.Model):
    """Which process holds the connection to a peer, and until when.

    The key is (core, identity, local identity). `detail` says why it ended.
    """

    core_id = models.UUIDField()
    identity = models.TextField(primary_key=True)
    holder = models.TextField()
    local_identity = models.TextField()
    remote_address = models.TextField()
    state = models.TextField()
    product_name = models.TextField()
    origin_state_id = models.BigIntegerField()
    connected_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    transport = models.TextField()
    is_called = models.BooleanField()
    detail = models.TextField()

    class Meta:
        managed = False
        db_table = "peer_connection"

    def __str__(self) -> str:
        return self.identity


class PeerStatistics(models.Model):
    """What passes over a peer's connection per application, since it opened.

    The key is (core, identity, local identity, application, whose requests).
    """

    core_id = models.UUIDField()
    identity = models.TextField(primary_key=True)
    local_identity = models.TextField()
    application_id = models.BigIntegerField()
    is_ours = models.BooleanField()
    holder = models.TextField()
    requests = models.BigIntegerField()
    results = models.JSONField()
    per_second = models.FloatField()
    median_ms = models.FloatField()
    slowest_ms = models.FloatField()
    updated_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "peer_statistics"

    def __str__(self) -> str:
        return f"{self.identity} {self.application_id}"


class RefusedConnection(models.Model):
    """Who was turned away at the Diameter port, and why: `cause` is a word for programs."""

    identity = models.TextField(primary_key=True)
    remote_address = models.TextField()
    reason = models.TextField()
    attempts = models.BigIntegerField()
    last_at = models.DateTimeField()
    cause = models.TextField()

    class Meta:
        managed = False
        db_table = "refused_connection"

    def __str__(self) -> str:
        return f"{self.identity} {self.remote_address}"


class AccessLog(models.Model):
    """Refusals and resynchronisations of phones, counted by kind: the authentication log.

    The key is (core, IMSI, procedure, result, peer, visited PLMN, APN).
    """

    core_id = models.UUIDField()
    imsi = models.TextField(primary_key=True)
    procedure = models.TextField()
    result = models.TextField()
    peer = models.TextField()
    visited_plmn = models.TextField()
    apn = models.TextField()
    operator_id = models.UUIDField(null=True)
    line_id = models.UUIDField(null=True)
    times = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "access_log"

    def __str__(self) -> str:
        return f"{self.imsi} {self.procedure} {self.result}"


class EveryBucket(models.Model):
    """Amounts of octets, seconds, messages or money: what an account holds."""

    partition = models.SmallIntegerField()
    bucket_id = models.UUIDField(primary_key=True)
    operator_id = models.UUIDField()
    account_id = models.UUIDField()
    owner_id = models.UUIDField(null=True)
    unit = models.TextField()
    currency = models.TextField()
    name = models.TextField()
    source = models.TextField()
    initial = models.DecimalField(max_digits=24, decimal_places=6)
    remaining = models.DecimalField(max_digits=24, decimal_places=6)
    reserved = models.DecimalField(max_digits=24, decimal_places=6)
    floor = models.DecimalField(max_digits=24, decimal_places=6)
    priority = models.IntegerField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "every_bucket"

    def __str__(self) -> str:
        return self.name


class EveryChargingSession(models.Model):
    """Sessions that are charged online: one per phone and APN."""

    partition = models.SmallIntegerField()
    session_id = models.TextField(primary_key=True)
    operator_id = models.UUIDField()
    account_id = models.UUIDField()
    line_id = models.UUIDField()
    core_id = models.UUIDField()
    peer = models.TextField()
    apn = models.TextField()
    visited_plmn = models.TextField()
    framed_address = models.TextField(null=True)
    plan_id = models.UUIDField()
    plan_version = models.IntegerField()
    last_number = models.BigIntegerField()
    is_open = models.BooleanField()
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "every_charging_session"

    def __str__(self) -> str:
        return self.session_id


class EverySessionGroup(models.Model):
    """The rating groups of charging sessions; -1 is the command level.

    The key is (session, rating group). Held amounts stand in the order of the held buckets.
    """

    partition = models.SmallIntegerField()
    session_id = models.TextField(primary_key=True)
    rating_group = models.BigIntegerField()
    operator_id = models.UUIDField()
    account_id = models.UUIDField()
    rated_units = models.BigIntegerField()
    granted_units = models.BigIntegerField()
    granted_at = models.DateTimeField(null=True)
    is_final = models.BooleanField()
    held_buckets = ArrayField(models.UUIDField())
    held_amounts = ArrayField(models.DecimalField(max_digits=24, decimal_places=6))

    class Meta:
        managed = False
        db_table = "every_session_group"

    def __str__(self) -> str:
        return f"{self.session_id} {self.rating_group}"


class EveryPolicySession(models.Model):
    """Sessions that were given a policy: what speed each has."""

    partition = models.SmallIntegerField()
    session_id = models.TextField(primary_key=True)
    operator_id = models.UUIDField()
    account_id = models.UUIDField()
    line_id = models.UUIDField()
    core_id = models.UUIDField()
    peer = models.TextField()
    origin_host = models.TextField()
    origin_realm = models.TextField()
    imsi = models.TextField()
    apn = models.TextField()
    framed_address = models.TextField(null=True)
    visited_plmn = models.TextField()
    rat_type = models.IntegerField(null=True)
    qci = models.IntegerField()
    up_bps = models.BigIntegerField()
    down_bps = models.BigIntegerField()
    profile_version = models.BigIntegerField()
    last_number = models.BigIntegerField()
    is_open = models.BooleanField()
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    # 3GPP-User-Location-Info as the gateway told it last (TS 29.061 section 16.4.7.2).
    user_location = models.BinaryField(null=True)

    class Meta:
        managed = False
        db_table = "every_policy_session"

    def __str__(self) -> str:
        return self.session_id


class EveryPush(models.Model):
    """What the network was to be told, and what became of it."""

    partition = models.SmallIntegerField()
    push_id = models.UUIDField(primary_key=True)
    operator_id = models.UUIDField()
    account_id = models.UUIDField()
    line_id = models.UUIDField()
    core_id = models.UUIDField()
    effect = models.TextField()
    means = models.TextField()
    rung = models.IntegerField()
    wanted_version = models.BigIntegerField()
    cause = models.TextField()
    imsi = models.TextField()
    session_id = models.TextField(null=True)
    target_host = models.TextField()
    target_realm = models.TextField()
    next_hop = models.TextField()
    state = models.TextField()
    attempts = models.IntegerField()
    result = models.TextField()
    evidence = models.TextField()
    asked_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    deadline = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "every_push"

    def __str__(self) -> str:
        return f"{self.effect} {self.state}"


class EveryLedger(models.Model):
    """Movements of buckets, and usage that none of them paid for. The key is (entry, time)."""

    partition = models.SmallIntegerField()
    entry_id = models.UUIDField(primary_key=True)
    posted_at = models.DateTimeField()
    operator_id = models.UUIDField()
    account_id = models.UUIDField()
    bucket_id = models.UUIDField(null=True)
    line_id = models.UUIDField(null=True)
    kind = models.TextField()
    unit = models.TextField()
    currency = models.TextField()
    amount = models.DecimalField(max_digits=24, decimal_places=6)
    used_units = models.BigIntegerField()
    session_id = models.TextField(null=True)
    number = models.BigIntegerField(null=True)
    rating_group = models.BigIntegerField(null=True)
    reason = models.TextField()
    actor = models.TextField()

    class Meta:
        managed = False
        db_table = "every_ledger"

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.unit}"
