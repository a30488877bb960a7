"""Who sees only what is their own sees of everything that hangs on customers only their own.

Lines by their customer, cards by their line, and in stock by where they lie, hot rows by their line
or by their account. A new table with one of these columns needs its policy: the tests of the walls
look for it.
"""

from typing import Final

from django.db import migrations

from wispgate.business.hotplane.schema import ROLES, in_every_partition
from wispgate.store import tenancy

_READERS: Final = (ROLES.web, ROLES.worker)

_LINE: Final = (
    "EXISTS (SELECT 1 FROM subscriptions_subscription own WHERE own.id = {table}.{column})"
)
_ACCOUNT: Final = (
    "EXISTS (SELECT 1 FROM crm_subscriber own WHERE own.account_id = {table}.account_id)"
)

# Stock is a dealer's or a department's own where it was handed over to them; who sees the customers
# that they brought themselves takes cards from the operator's store like everybody.
_STOCK: Final = """
    subscription_id IS NULL
    AND ((SELECT current_reach() ->> 'dealer') IS NULL
        OR (dealer <> '' AND dealer = (SELECT current_reach() ->> 'dealer')))
    AND ((SELECT current_reach() ->> 'department') IS NULL
        OR department_id = ANY ((SELECT own_departments())::uuid[]))
"""

_OF_LINES: Final = (
    "line", "authentication", "registration", "charging_session", "policy_session", "push",
    "equipment",
)  # fmt: skip
_OF_ACCOUNTS: Final = ("bucket", "ledger", "posting_key")


def _by_line(table: str, column: str = "line_id") -> str:
    return tenancy.own_only(table, _LINE.format(table=table, column=column), readers=_READERS)


def _by_account(table: str) -> str:
    return tenancy.own_only(table, _ACCOUNT.format(table=table), readers=_READERS)


_CUSTOMER: Final = "EXISTS (SELECT 1 FROM crm_subscriber own WHERE own.id = subscriptions_subscription.subscriber_id)"
_CARD: Final = _LINE.format(table="inventory_sim", column="subscription_id") + f" OR ({_STOCK})"

# Numbers themselves are seen by whoever looks for a free one; not whose line has which.
_NUMBERS: Final = """
CREATE FUNCTION is_line_seen(line uuid) RETURNS boolean LANGUAGE sql STABLE
RETURN line IS NULL OR current_reach() IS NULL
    OR EXISTS (SELECT 1 FROM subscriptions_subscription s WHERE s.id = line);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0004_device_lock"),
        ("crm", "0004_own"),
        ("inventory", "0005_keepers"),
        ("hotplane", "0013_access_log"),
        ("notifications", "0002_walls"),
    ]

    operations = [
        migrations.RunSQL(
            [
                tenancy.own_only("subscriptions_subscription", _CUSTOMER, readers=_READERS),
                _by_line("subscriptions_suspension", "subscription_id"),
                tenancy.own_only("inventory_sim", _CARD, readers=_READERS),
                _NUMBERS,
                _by_account("notifications_message"),
                _by_line("access_log"),
                *in_every_partition(
                    [
                        *(_by_line(f"{{schema}}.{name}") for name in _OF_LINES),
                        *(_by_account(f"{{schema}}.{name}") for name in _OF_ACCOUNTS),
                    ]
                ),
            ]
        ),
    ]
