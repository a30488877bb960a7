"""Taking a vendor's file into stock: all of it or nothing, secrets sealed before they are kept."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from wispgate.business.inventory.cardfile import Findings, read_card_file
from wispgate.business.inventory.cardvalues import Card
from wispgate.business.inventory.errors import ImportRefused, RowProblem
from wispgate.business.inventory.events import SimsImported
from wispgate.business.inventory.lifecycle import SimState
from wispgate.business.inventory.models import Sim, SimBatch
from wispgate.business.operators import ids, locks, outbox
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.domain.authentication.sealing import SealingKey, seal
from wispgate.kernel.errors import InvalidValue, Misconfigured
from wispgate.kernel.identifiers import Imsi

# Rows per statement: far below PostgreSQL's 65535 parameters.
_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file. `batch_id` is None where no new card came in."""

    imported: int
    duplicates: int
    batch_id: UUID | None = None
    is_dry_run: bool = False
    warnings: tuple[RowProblem, ...] = ()
    total_warnings: int = 0


@dataclass(frozen=True, slots=True)
class _Placed:
    """A card, the row that it came in, and the core that its IMSI belongs to."""

    row: int
    card: Card = field(repr=False)
    core_id: UUID


def import_sims(content: bytes, *, name: str, is_dry_run: bool = False) -> ImportReport:
    """Takes a CSV file into stock. Raises ImportRefused, with all that is wrong, or takes it all.

    Rows that are in stock already, with the very same data, count as duplicates.
    """
    if not name.strip() or len(name) > 120:
        raise InvalidValue("a batch has a name of 1 to 120 characters", field="name")
    operator_id = scopes.current_operator_id()
    file = read_card_file(content)
    placed = _place(file.cards, operator_id, file.errors)
    with transaction.atomic():
        locks.hold(f"sim import:{operator_id}")
        fresh = _leave_out_known(placed, file.errors)
        if file.errors.total:
            raise ImportRefused(file.errors.problems, total=file.errors.total)
        batch_id = None
        duplicates = len(placed) - len(fresh)
        if fresh and not is_dry_run:
            digest = hashlib.sha256(content).hexdigest()
            batch = _create_batch(name.strip(), digest, (len(fresh), duplicates), file.warnings)
            _store(fresh, batch, operator_id)
            batch_id = batch.id
    return ImportReport(
        len(fresh),
        duplicates,
        batch_id,
        is_dry_run,
        tuple(file.warnings.problems),
        file.warnings.total,
    )


def _place(cards: Sequence[tuple[int, Card]], operator_id: UUID, errors: Findings) -> list[_Placed]:
    ranges = operators.list_imsi_ranges(operator_id)
    placed: list[_Placed] = []
    for row, card in cards:
        imsi = Imsi(card.imsi)
        core_id = next((r.core_id for r in ranges if r.holds(imsi)), None)
        if core_id is None:
            errors.add(row, "imsi", card.imsi, "no IMSI range of this operator holds it")
        else:
            placed.append(_Placed(row, card, core_id))
    return placed


def _leave_out_known(placed: Sequence[_Placed], errors: Findings) -> list[_Placed]:
    """The cards that are new. One that is there with other data is an error."""
    fresh: list[_Placed] = []
    for start in range(0, len(placed), _CHUNK):
        chunk = placed[start : start + _CHUNK]
        by_iccid = {
            iccid: bytes(fingerprint)
            for iccid, fingerprint in Sim.objects.filter(
                iccid__in=[one.card.iccid for one in chunk]
            ).values_list("iccid", "fingerprint")
        }
        imsis = set(
            Sim.objects.filter(imsi__in=[one.card.imsi for one in chunk]).values_list(
                "core_id", "imsi"
            )
        )
        fresh.extend(one for one in chunk if _is_new(one, by_iccid, imsis, errors))
    return fresh


def _is_new(
    one: _Placed, by_iccid: dict[str, bytes], imsis: set[tuple[UUID, str]], errors: Findings
) -> bool:
    known = by_iccid.get(one.card.iccid)
    if known is not None:
        if known != one.card.fingerprint():
            errors.add(one.row, "iccid", one.card.iccid, "it is in stock with other data")
        return False
    if (one.core_id, one.card.imsi) in imsis:
        errors.add(one.row, "imsi", one.card.imsi, "another card in stock has it")
        return False
    return True


def _create_batch(name: str, digest: str, counts: tuple[int, int], warnings: Findings) -> SimBatch:
    scope = scopes.current()
    batch = SimBatch(
        id=ids.new_id(scope.now),
        operator_id=scopes.current_operator_id(),
        name=name,
        file_sha256=digest,
        imported=counts[0],
        duplicates=counts[1],
        warnings=warnings.total,
        imported_at=scope.now,
        imported_by=scope.actor.name,
    )
    batch.save(force_insert=True)
    event = SimsImported(
        operator_id=batch.operator_id,
        occurred_at=scope.now,
        batch_id=batch.id,
        imported=batch.imported,
        duplicates=batch.duplicates,
    )
    outbox.publish(event)
    return batch


def _store(fresh: Sequence[_Placed], batch: SimBatch, operator_id: UUID) -> None:
    key, now = _sealing_key(), scopes.current().now
    sims = (_sim(one, batch.id, operator_id, now=now, key=key) for one in fresh)
    Sim.objects.bulk_create(sims, batch_size=_CHUNK)


def _sim(one: _Placed, batch_id: UUID, operator_id: UUID, *, now: datetime, key: SealingKey) -> Sim:
    card = one.card
    codes = card.encoded_codes()
    return Sim(
        id=ids.new_id(now),
        operator_id=operator_id,
        core_id=one.core_id,
        batch_id=batch_id,
        iccid=card.iccid,
        imsi=card.imsi,
        form=card.form,
        eid=card.eid,
        algorithm=card.keys.algorithm.value,
        sealed_key=seal(key, card.keys.encode(), bound_to=card.iccid),
        sealed_codes=seal(key, codes, bound_to=card.iccid) if codes else None,
        fingerprint=card.fingerprint(),
        state=SimState.STOCK,
        state_changed_at=now,
        state_cause="imported",
        has_check_digit_warning=card.has_check_digit_warning,
        created_at=now,
    )


def _sealing_key() -> SealingKey:
    text = settings.WISPGATE_VAULT_PUBLIC_KEY
    if not text:
        raise Misconfigured("there is no vault key to seal with", option="vault_public_key")
    return SealingKey.from_text(text)
