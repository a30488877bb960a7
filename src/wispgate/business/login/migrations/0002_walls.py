"""Who sees what of logins, and what ends the sessions of a member of staff.

Before anybody is known, a transaction names one thing (`app.login`) and sees that one thing's rows:
a session by its key's hash, factors and links by the member's id, a provider by its name or domain.
"""

from django.db import migrations

from wispgate.store import tenancy

_MINE = f"operator_id = {tenancy.CURRENT_OPERATOR} OR {tenancy.IS_PLATFORM}"
_LOGIN = tenancy.CURRENT_LOGIN
_MY_OWN = f"{_MINE} OR member_id::text = {_LOGIN}"
_OF_MEMBERS = (
    "login_authenticatorapp", "login_securitykey", "login_recoverycode", "login_passwordreset",
)  # fmt: skip

# Whoever changes a role, disables somebody or sets a password, by whatever way: what was open under
# the old state is over. Rows that the transaction may not see are its operator's neighbours'.
_END_SESSIONS = """
CREATE FUNCTION end_sessions_of_changed_staff() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cause text := CASE
        WHEN NOT NEW.is_active THEN 'disabled'
        WHEN NEW.role IS DISTINCT FROM OLD.role THEN 'role changed'
        WHEN NEW.operator_id IS DISTINCT FROM OLD.operator_id THEN 'moved'
        ELSE 'password changed' END;
BEGIN
    UPDATE login_session
       SET ended_at = coalesce(
               nullif(current_setting('app.now', true), '')::timestamptz, clock_timestamp()),
           end_cause = cause, data = ''
     WHERE member_id = NEW.id AND ended_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER end_sessions AFTER UPDATE ON staff_staffmember FOR EACH ROW
    WHEN (NOT NEW.is_active AND OLD.is_active
          OR NEW.role IS DISTINCT FROM OLD.role
          OR NEW.operator_id IS DISTINCT FROM OLD.operator_id
          OR NEW.password_changed_at IS DISTINCT FROM OLD.password_changed_at)
    EXECUTE FUNCTION end_sessions_of_changed_staff();
"""


class Migration(migrations.Migration):
    dependencies = [("login", "0001_initial"), ("staff", "0004_login"), ("audit", "0002_walls")]
    operations = [
        migrations.RunSQL(
            [
                tenancy.isolate("login_session", visible=f"{_MY_OWN} OR key_hash = {_LOGIN}"),
                *(tenancy.isolate(table, visible=_MY_OWN) for table in _OF_MEMBERS),
                tenancy.isolate("login_loginpolicy", visible=_MINE),
                tenancy.isolate("login_provideridentity", visible=_MINE),
                tenancy.isolate(
                    "login_identityprovider",
                    visible=f"{_MINE} OR slug = {_LOGIN} OR {_LOGIN} = ANY (domains)",
                    writable=_MINE,
                ),
                # Anybody may ask for a link; only the platform's worker sees who did.
                tenancy.isolate("login_resetrequest", visible=tenancy.IS_PLATFORM, writable="true"),
                tenancy.audited("login_loginpolicy"),
                tenancy.audited("login_identityprovider", hidden=("sealed_client_secret",)),
                tenancy.audited("login_provideridentity", ignored=("last_used_at",)),
                tenancy.audited(
                    "login_authenticatorapp",
                    hidden=("sealed_secret",),
                    ignored=("last_step", "last_used_at"),
                ),
                tenancy.audited(
                    "login_securitykey",
                    hidden=("credential_id", "credential"),
                    ignored=("sign_count", "last_used_at"),
                ),
                _END_SESSIONS,
            ]
        ),
    ]
