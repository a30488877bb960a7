"""How long an operator's audit is kept, and taking away what is older.

The worker removes whole blocks of a chain, keeps the header of the last one, and signs a mark: the
chain then begins there and still verifies. Everything else that is missing is damage.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection

from wispgate.business.audit import chain, services
from wispgate.business.audit.chain import SigningKey
from wispgate.business.audit.errors import KeptTooShort
from wispgate.business.audit.models import AuditRetention, SealBlock, SealMark
from wispgate.business.audit.sources import AUDIT
from wispgate.business.operators import ids
from wispgate.business.operators import scope as scopes
from wispgate.kernel.errors import InvalidValue

MOST_DAYS = 36_500


def minimum_days() -> int:
    """What the law asks for, as the installation's setting `audit_minimum_days` says."""
    return int(settings.WISPGATE_AUDIT_MINIMUM_DAYS)


def find_keep_days() -> int | None:
    """How many days the scope's operator keeps its audit; None: for ever."""
    operator_id = scopes.current_operator_id()
    found = AuditRetention.objects.filter(operator_id=operator_id).first()
    return found.keep_days if found else None


def set_keep_days(days: int | None) -> None:
    """Keeps the audit of the scope's operator so long; None: for ever. Raises KeptTooShort."""
    operator_id, now = scopes.current_operator_id(), scopes.current().now
    if days is None:
        AuditRetention.objects.filter(operator_id=operator_id).delete()
        return
    if not 1 <= days <= MOST_DAYS:
        raise InvalidValue(f"a number of days from 1 to {MOST_DAYS}", field="keep_days")
    if days < minimum_days():
        raise KeptTooShort(
            f"the audit is kept for at least {minimum_days()} days here",
            keep_days=days,
            minimum_days=minimum_days(),
        )
    AuditRetention.objects.update_or_create(
        operator_id=operator_id,
        defaults={"keep_days": days},
        create_defaults={"id": ids.new_id(now), "keep_days": days},
    )


def apply(key: SigningKey, *, now: datetime) -> int:
    """Takes away what its operator keeps no longer; how many rows. Runs as the role worker."""
    with scopes.within(scopes.Scope(now=now, is_platform=True)):
        wanted = dict(AuditRetention.objects.values_list("operator_id", "keep_days"))
    removed = 0
    for operator_id, days in wanted.items():
        # A minimum that was raised meanwhile rules over what an operator chose before.
        before = now - timedelta(days=max(days, minimum_days()))
        with scopes.within(_scope(operator_id, now)):
            removed += _remove(operator_id, before, key, now=now)
    return removed


def _scope(operator_id: UUID, now: datetime) -> scopes.Scope:
    return scopes.Scope(now=now, operator_id=operator_id, is_platform=True, reason="retention")


def _remove(operator_id: UUID, before: datetime, key: SigningKey, *, now: datetime) -> int:
    name = chain.chain_name(AUDIT, operator_id)
    blocks = SealBlock.objects.filter(chain=name, entries__isnull=False)
    last = blocks.filter(sealed_at__lt=before).order_by("-number").first()
    if last is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prune_audit(%s, %s, %s, %s)",
            [operator_id, last.last_xid, last.last_id.int, before],
        )
        removed = int(cursor.fetchone()[0])
    SealBlock.objects.filter(chain=name, number__lt=last.number).delete()
    SealBlock.objects.filter(id=last.id).update(entries=None)
    mark = SealMark(chain=name, operator_id=operator_id, number=last.number, at=now)
    mark.key = key.verifying_key.name
    mark.signature = key.sign_text(chain.mark_text(name, last.number, now))
    mark.save()
    services.record_removal(
        object_id=str(operator_id),
        message=f"{removed} audit entries from before {before:%Y-%m-%d} were removed",
    )
    return removed
