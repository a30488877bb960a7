"""What is somebody's own: `app.reach` as the policies read it, and a dealer's or department's customers.

The policies of what hangs on customers stand in `subscriptions`, which knows them all.
"""

from typing import Final

from django.db import migrations

from wispgate.business.hotplane.schema import ROLES
from wispgate.store import tenancy

# Bodies in the SQL standard's form are bound to their tables now, whatever a search path says later.
_FUNCTIONS: Final = """
CREATE FUNCTION current_reach() RETURNS jsonb LANGUAGE sql STABLE
RETURN nullif(current_setting('app.reach', true), '')::jsonb;

CREATE FUNCTION own_departments() RETURNS uuid[] LANGUAGE sql STABLE
RETURN (
    WITH RECURSIVE own(id) AS (
        SELECT o.id FROM crm_organization o
        WHERE o.id = nullif(current_reach() ->> 'department', '')::uuid
        UNION
        SELECT o.id FROM crm_organization o JOIN own ON o.parent_id = own.id
    )
    SELECT coalesce(array_agg(own.id), '{}') FROM own
);
"""

# Each of them is asked for once in a statement; a name that is empty is nobody's.
_OWN: Final = """
    ((SELECT current_reach() ->> 'dealer') IS NULL
        OR (dealer <> '' AND dealer = (SELECT current_reach() ->> 'dealer')))
    AND ((SELECT current_reach() ->> 'person') IS NULL
        OR (brought_by <> '' AND brought_by = (SELECT current_reach() ->> 'person')))
    AND ((SELECT current_reach() ->> 'department') IS NULL
        OR organization_id = ANY ((SELECT own_departments())::uuid[]))
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0003_whose_customer")]

    operations = [
        migrations.RunSQL(
            [
                _FUNCTIONS,
                tenancy.own_only("crm_subscriber", _OWN, readers=(ROLES.web, ROLES.worker)),
            ]
        ),
    ]
