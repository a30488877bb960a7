"""Who did what is written down for every table of the control plane, or there is a reason."""

from tests.harness.databases import TestDatabase
from wispgate.web.console.objects import KINDS

# Tables without a trigger, and why nobody will ask who changed a row of theirs.
UNAUDITED = {
    "account": "where an account lives: written once with the subscriber, which is audited",
    "audit_auditentry": "the audit itself",
    "audit_sealblock": "seals: signed and linked",
    "audit_sealcursor": "how far sealing has come",
    "audit_sealmark": "signed by the worker",
    "compiled_plan": "made from a plan's version, which is audited",
    "delivery_cursor": "how far a consumer has come",
    "inventory_pukrequest": "questions, each of which is a reading in the audit",
    "identity": "made from lines and cards, which are audited",
    "access_log": "what the network was asked and answered: itself a record",
    "key_holder": "which process can open seals of which key, told every two seconds",
    "installation": "one row, written by the first migration",
    "origin_state": "a counter of the node",
    "peer_reset": "what the node has told its peers of that counter",
    "outbox": "events: facts in transit",
    "peer_connection": "leases of running nodes",
    "peer_statistics": "counts of a node's own",
    "subscriptions_massrow": "what became of each line of a mass act; each line is audited",
    "staff_usedlimit": "sums of acts that are audited each",
    "tenants_allottedsim": "the cards of an allotment, which is audited",
    "refused_connection": "who knocked: itself a record",
    "staff_idempotentrequest": "answers kept to be given again",
    "operators_removal": "its own record; the platform's audit has the entry",
    "login_attemptcount": "counts of failures, each of which is a refusal in the audit",
    "login_passwordreset": "hashes that are good once; what is done with them is told by services",
    "login_recoverycode": "hashes that are good once; what is done with them is told by services",
    "login_resetrequest": "requests that the worker answers; what becomes of them is told",
    "login_session": "sessions; logging in, and their end, are told by services",
    "tracing_tracemessage": "what a trace caught; beginning and ending it is audited",
    "notifications_message": "what customers were told: itself a record",
    "django_content_type": "names of tables",
    "django_migrations": "what was migrated",
    "django_session": "sessions; logging in and out is audited",
    "django_admin_log": "unused: the audit is ours",
    "auth_permission": "unused: permissions are ours",
    "auth_group": "unused: roles are ours",
    "auth_group_permissions": "unused: roles are ours",
}
PREFIXES = ("procrastinate_",)


def test_every_table_is_audited_or_has_a_reason(database: TestDatabase) -> None:
    with database.admin() as admin:
        rows = admin.execute(
            "SELECT c.relname, EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid "
            "AND t.tgname = 'audit_row') FROM pg_class c "
            "WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
        ).fetchall()
    silent = {name for name, is_audited in rows if not is_audited and not name.startswith(PREFIXES)}
    audited = {name for name, is_audited in rows if is_audited}

    assert len(audited) > 12
    assert silent - UNAUDITED.keys() == set()
    assert not audited & UNAUDITED.keys()
    # Who searches the audit chooses from words.
    assert audited - KINDS.keys() == set()
