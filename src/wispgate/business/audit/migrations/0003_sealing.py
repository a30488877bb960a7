"""Sealing: the order of rows, their text, the chains, and what may be removed by right."""

from django.db import migrations, models

from wispgate.business.hotplane.schema import ROLES
from wispgate.store import tenancy

_BUSINESS = f"{ROLES.web}, {ROLES.worker}"
_READABLE = f"operator_id = {tenancy.CURRENT_OPERATOR} OR {tenancy.IS_PLATFORM}"
# All columns but `id` and `xid`, which the database alone gives: rows are ordered by them.
_COLUMNS = (
    "operator_id, at, actor_kind, actor, address, request_id, reason, action, object_type, "
    "object_id, before, after, message"
)

_ORDER = f"""
ALTER TABLE audit_auditentry
    ADD COLUMN xid bigint NOT NULL DEFAULT (pg_current_xact_id()::text)::bigint;
CREATE INDEX audit_order ON audit_auditentry
    USING brin (xid) WITH (pages_per_range = 32, autosummarize = on);
REVOKE INSERT ON audit_auditentry FROM {_BUSINESS};
GRANT INSERT ({_COLUMNS}) ON audit_auditentry TO {_BUSINESS};
"""

# The id is sealed beside the text, not in it, so that rows that changed places are told apart from
# rows that were changed. JSON goes in as text: its null is not the same as none. A column added
# later needs a form of its own.
_TEXT = """
CREATE FUNCTION audit_sealed(entry audit_auditentry, form integer) RETURNS text
LANGUAGE sql STABLE AS $$ SELECT CASE form WHEN 1 THEN jsonb_build_object(
    'operator_id', entry.operator_id,
    'at', to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'actor_kind', entry.actor_kind, 'actor', entry.actor, 'address', entry.address,
    'request_id', entry.request_id, 'reason', entry.reason, 'action', entry.action,
    'object_type', entry.object_type, 'object_id', entry.object_id,
    'before', entry.before::text, 'after', entry.after::text, 'message', entry.message
)::text END $$;
"""

# Nobody may delete audit entries, so this runs as the owner and looks for itself.
_REMOVAL = f"""
CREATE FUNCTION prune_audit(
    owner uuid, through_xid bigint, through_id bigint, older_than timestamptz
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE removed bigint;
BEGIN
    IF EXISTS (SELECT 1 FROM audit_auditentry
               WHERE operator_id IS NOT DISTINCT FROM owner
                 AND (xid, id) <= (through_xid, through_id) AND at >= older_than) THEN
        RAISE EXCEPTION 'some of these audit entries are too young to be removed';
    END IF;
    DELETE FROM audit_auditentry WHERE operator_id IS NOT DISTINCT FROM owner
        AND (xid, id) <= (through_xid, through_id);
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END $$;
REVOKE ALL ON FUNCTION prune_audit FROM PUBLIC, {_BUSINESS};
GRANT EXECUTE ON FUNCTION prune_audit TO {ROLES.worker};
"""

_WALLS = [
    tenancy.open_to("audit_auditentry", ROLES.worker, privileges="SELECT", commands="SELECT"),
    *(
        statement
        for table in ("audit_sealblock", "audit_sealmark")
        for statement in (
            # Written by the worker, who seals for everybody, and by the owner's functions above.
            tenancy.isolate(table, visible=_READABLE, writable=_READABLE),
            f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM {ROLES.web};",
            tenancy.open_to(table, ROLES.worker, privileges="SELECT, INSERT, UPDATE, DELETE"),
        )
    ),
    f"REVOKE INSERT, UPDATE, DELETE ON audit_sealcursor FROM {ROLES.web};",
    tenancy.isolate("audit_auditretention", visible=_READABLE),
    tenancy.open_to("audit_auditretention", ROLES.worker, privileges="SELECT", commands="SELECT"),
    tenancy.audited("audit_auditretention"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_walls"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditRetention",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("operator_id", models.UUIDField(unique=True)),
                ("keep_days", models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="SealBlock",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("operator_id", models.UUIDField(null=True)),
                ("chain", models.TextField()),
                ("number", models.BigIntegerField()),
                ("form", models.SmallIntegerField()),
                ("rows_before", models.BigIntegerField()),
                ("rows", models.IntegerField()),
                ("last_xid", models.BigIntegerField()),
                ("last_id", models.UUIDField()),
                ("entries", models.BinaryField(null=True)),
                ("previous", models.CharField(max_length=64)),
                ("root", models.CharField(max_length=64)),
                ("sealed_at", models.DateTimeField()),
                ("key", models.CharField(max_length=16)),
                ("signature", models.CharField(max_length=88)),
            ],
            options={
                "ordering": ("chain", "number"),
            },
        ),
        migrations.CreateModel(
            name="SealCursor",
            fields=[
                ("source", models.TextField(primary_key=True, serialize=False)),
                ("xid", models.BigIntegerField()),
                ("last_id", models.UUIDField()),
                ("sealed_through_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SealMark",
            fields=[
                ("chain", models.TextField(primary_key=True, serialize=False)),
                ("operator_id", models.UUIDField(null=True)),
                ("number", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("key", models.CharField(max_length=16)),
                ("signature", models.CharField(max_length=88)),
            ],
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["operator_id", "id"], name="audit_newest"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["request_id"], name="audit_request"),
        ),
        migrations.AddConstraint(
            model_name="sealblock",
            constraint=models.UniqueConstraint(
                fields=("chain", "number"), name="seal_block_is_unique"
            ),
        ),
        migrations.RunSQL([_ORDER, _TEXT, _REMOVAL, *_WALLS]),
    ]
