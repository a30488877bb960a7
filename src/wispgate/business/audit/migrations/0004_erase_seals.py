"""Taking the seals of a tenant away once it is gone: a sealer at work may have added some since."""

from django.db import migrations

from wispgate.business.hotplane.schema import ROLES

# Who holds a source's cursor is sealing rows that it read before: its block must be there before
# we look. Whoever gets the cursor after us finds no rows of the tenant any more.
_ERASE = f"""
CREATE FUNCTION erase_seals(operator uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    blocks bigint;
    marks bigint;
BEGIN
    IF EXISTS (SELECT 1 FROM operators_operator WHERE id = operator) THEN
        RAISE EXCEPTION 'operator % is still there', operator USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM 1 FROM audit_sealcursor ORDER BY source FOR UPDATE;
    DELETE FROM audit_sealblock WHERE operator_id = operator;
    GET DIAGNOSTICS blocks = ROW_COUNT;
    DELETE FROM audit_sealmark WHERE operator_id = operator;
    GET DIAGNOSTICS marks = ROW_COUNT;
    RETURN blocks + marks;
END $$;
REVOKE ALL ON FUNCTION erase_seals(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_seals(uuid) TO {ROLES.web}, {ROLES.worker};
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_sealing"), ("operators", "0003_removal")]
    operations = [migrations.RunSQL(_ERASE)]
