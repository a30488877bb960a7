"""A tenant's settings are its own; what an MVNO hangs under is looked at by the database."""

from django.db import migrations

from wispgate.store import tenancy

_OWN = (
    "operators_brand",
    "operators_taxrate",
    "operators_numberingseries",
    "operators_paymentgateway",
)

# A host hangs under nobody, so there are no circles. The host's row is locked against a change of
# its kind meanwhile.
_HOSTS = """
CREATE FUNCTION operators_check_host() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    host_kind text;
BEGIN
    IF NEW.host_id IS NOT NULL THEN
        SELECT kind INTO host_kind FROM operators_operator WHERE id = NEW.host_id FOR SHARE;
        IF host_kind IS DISTINCT FROM 'mno' AND host_kind IS DISTINCT FROM 'private' THEN
            RAISE EXCEPTION 'a host is an MNO or a private network, not %', host_kind
                USING ERRCODE = 'check_violation', CONSTRAINT = 'operator_host_is_no_mvno';
        END IF;
    END IF;
    IF NEW.kind = 'mvno' AND EXISTS (SELECT 1 FROM operators_operator WHERE host_id = NEW.id) THEN
        RAISE EXCEPTION 'an operator that is a host cannot become an MVNO'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'operator_host_is_no_mvno';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_host BEFORE INSERT OR UPDATE OF host_id, kind ON operators_operator
    FOR EACH ROW EXECUTE FUNCTION operators_check_host();
"""

_NO_OVERLAP = """
ALTER TABLE operators_taxrate ADD CONSTRAINT taxrate_of_one_name_do_not_overlap
    EXCLUDE USING gist (
        operator_id WITH =, code WITH =, daterange(valid_from, valid_until, '[)') WITH &&
    );
"""


class Migration(migrations.Migration):
    dependencies = [("operators", "0004_tenants"), ("audit", "0002_walls")]
    operations = [
        migrations.RunSQL(
            [
                *(tenancy.isolate(table) for table in _OWN),
                # Who looks for a name's operator sees that one row: the name is its login.
                tenancy.isolate(
                    "operators_domain",
                    visible=f"{tenancy.OWN_ROWS} OR name = {tenancy.CURRENT_LOGIN}",
                    writable=tenancy.OWN_ROWS,
                ),
                tenancy.isolate(
                    "operators_operatorsuspension",
                    visible=f"{tenancy.OWN_ROWS} OR {tenancy.IS_PLATFORM}",
                    writable=tenancy.IS_PLATFORM,
                ),
                *(
                    tenancy.audited(table)
                    for table in (
                        "operators_domain",
                        "operators_taxrate",
                        "operators_numberingseries",
                        "operators_operatorsuspension",
                    )
                ),
                tenancy.audited("operators_brand", hidden=("logo",)),
                tenancy.audited("operators_paymentgateway", hidden=("sealed_credentials",)),
                _HOSTS,
                _NO_OVERLAP,
            ]
        ),
    ]
