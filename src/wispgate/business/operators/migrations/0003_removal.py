"""Removing a tenant: the record of it, and what takes rows away where no service may delete."""

from django.db import migrations, models

from wispgate.business.hotplane.schema import ROLES
from wispgate.store import tenancy

# Ledgers and the audit are only added to. Their rows of a tenant go when the tenant itself is
# gone, and not before: whoever wants to tamper with them would have to remove the tenant first.
# Run as the owner, for whom row-level security is forced too. A chunk (`most` given) passes over
# rows that others hold.
_FUNCTIONS = """
CREATE FUNCTION erase_rows(place regclass, operator uuid, most bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint;
    manner text := CASE WHEN most IS NULL THEN '' ELSE 'LIMIT $2 FOR UPDATE SKIP LOCKED' END;
BEGIN
    IF EXISTS (SELECT 1 FROM public.operators_operator WHERE id = operator) THEN
        RAISE EXCEPTION 'operator % is still there', operator USING ERRCODE = 'insufficient_privilege';
    END IF;
    EXECUTE format(
        'DELETE FROM %1$s WHERE ctid = ANY (ARRAY('
        'SELECT ctid FROM %1$s WHERE operator_id = $1 %2$s))', place, manner
    ) USING operator, most;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

-- The parts of a ledger are reached by nobody else.
CREATE FUNCTION has_rows(place regclass, operator uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s WHERE operator_id = $1)', place)
        INTO found USING operator;
    RETURN found;
END $$;

-- A node that finds a lease of its own gone says goodbye to the peer.
CREATE FUNCTION end_leases(cores uuid[]) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH gone AS (DELETE FROM peer_connection WHERE core_id = ANY (cores) RETURNING 1)
    SELECT count(*) FROM gone;
$$;
"""

_SIGNATURES = (
    "erase_rows(regclass, uuid, bigint)",
    "has_rows(regclass, uuid)",
    "end_leases(uuid[])",
)


class Migration(migrations.Migration):
    dependencies = [("operators", "0002_walls")]
    operations = [
        migrations.CreateModel(
            name="Removal",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("slug", models.SlugField(max_length=40)),
                ("name", models.CharField(max_length=120)),
                ("removed_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={"ordering": ("-removed_at",)},
        ),
        migrations.RunSQL(
            [
                tenancy.isolate("operators_removal", visible=tenancy.IS_PLATFORM),
                _FUNCTIONS,
                *(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC;" for name in _SIGNATURES),
                *(
                    f"GRANT EXECUTE ON FUNCTION {name} TO {ROLES.web}, {ROLES.worker};"
                    for name in _SIGNATURES
                ),
            ]
        ),
    ]
