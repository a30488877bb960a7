"""Taking a vendor's file into stock: all of it or nothing, secrets sealed before they are kept."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from django.db import transaction

from wispgate.business.approvals import queries as approval_queries
from wispgate.business.approvals import services as approvals
from wispgate.business.approvals.acts import Act, Arguments, Asked
from wispgate.business.inventory.cardfile import NOTHING_IN_COMMON, Findings, read_card_file
from wispgate.business.inventory.cardvalues import read_profile
from wispgate.business.inventory.errors import ImportRefused, RowProblem
from wispgate.business.inventory.events import SimsImported
from wispgate.business.inventory.lifecycle import SimState
from wispgate.business.inventory.models import Sim, SimBatch
from wispgate.business.inventory.sealedcard import SealedCard
from wispgate.business.operators import ids, locks, outbox, vault
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import guards
from wispgate.domain.authentication.sealing import key_id_of
from wispgate.kernel.errors import Conflict, InvalidValue
from wispgate.kernel.identifiers import Imsi

# Rows per statement: far below PostgreSQL's 65535 parameters.
_CHUNK = 1000

IMPORT = "sim.import"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file. `batch_id` is None where no new card came in."""

    imported: int
    duplicates: int
    batch_id: UUID | None = None
    is_dry_run: bool = False
    warnings: tuple[RowProblem, ...] = ()
    total_warnings: int = 0


class _Known(Protocol):
    """What tells whether a card is in stock already."""

    @property
    def iccid(self) -> str: ...

    @property
    def imsi(self) -> str: ...

    def fingerprint(self) -> bytes: ...


CardT = TypeVar("CardT", bound=_Known)


@dataclass(frozen=True, slots=True)
class _Placed(Generic[CardT]):
    """A card, the row that it came in, and the core that its IMSI belongs to."""

    row: int
    card: CardT = field(repr=False)
    core_id: UUID


@dataclass(frozen=True, slots=True)
class _File:
    """What is kept of a file: its name, a hash over it, what was found in it."""

    name: str
    digest: str
    duplicates: int
    warnings: int


def import_sims(
    content: bytes,
    *,
    name: str,
    is_dry_run: bool = False,
    profile: Mapping[str, str] = NOTHING_IN_COMMON,
) -> ImportReport:
    """Takes a CSV file into stock. Raises ImportRefused, with all that is wrong, or takes it all.

    Rows that are in stock already, with the very same data, count as duplicates. Where a second
    person is needed (ApprovalNeeded), the cards wait sealed: nothing of the file is kept in clear.
    `profile` is what the cards have in common (`cardcolumns.PROFILE`); a row may say otherwise.
    """
    if not name.strip() or len(name) > 120:
        raise InvalidValue("a batch has a name of 1 to 120 characters", field="name")
    operator_id = scopes.current_operator_id()
    common = read_profile(profile)
    read = read_card_file(content, common)
    placed = _place(read.cards, operator_id, read.errors)
    with transaction.atomic():
        guards.require("sim.import")
        fresh = _leave_out_known(placed, read.errors, operator_id)
        digest = hashlib.sha256(content).hexdigest()
        file = _File(name.strip(), digest, len(placed) - len(fresh), read.warnings.total)
        batch_id = None
        if fresh and not is_dry_run:
            key = vault.sealing_key()
            sealed = [_Placed(one.row, SealedCard.of(one.card, key), one.core_id) for one in fresh]
            approvals.require_second_person(_to_import(sealed, file, common))
            batch_id = _take(sealed, file, operator_id)
    return ImportReport(
        len(fresh),
        file.duplicates,
        batch_id,
        is_dry_run,
        tuple(read.warnings.problems),
        read.warnings.total,
    )


def acts() -> list[Act]:
    """Registered when the app is ready."""
    return [Act(IMPORT, "Take cards into stock", "sim.import", _import_sealed)]


def _require_known_key(cards: Sequence[SealedCard]) -> None:
    """Cards may have waited while the vault's key was replaced."""
    for key_id in {key_id_of(card.sealed_key).hex() for card in cards}:
        if not vault.is_known(key_id):
            raise Conflict(f"the cards were sealed with key {key_id}, which is retired meanwhile")


def list_waiting_keys() -> Collection[str]:
    """Ids of the keys that cards are sealed with which wait for a second person."""
    waiting = approval_queries.list_waiting_arguments(IMPORT)
    cards = (SealedCard.decode(card) for given in waiting for _, card in given["cards"])
    return {key_id_of(card.sealed_key).hex() for card in cards}


def _to_import(
    sealed: Sequence[_Placed[SealedCard]], file: _File, common: Mapping[str, str]
) -> Asked:
    return Asked(
        act=IMPORT,
        arguments={**asdict(file), "cards": [[one.row, one.card.encode()] for one in sealed]},
        title=f"Take {len(sealed)} cards of “{file.name}” into stock",
        words=[
            f"{len(sealed)} cards with their keys come into stock, from {sealed[0].card.iccid} "
            f"to {sealed[-1].card.iccid}.",
            f"{file.duplicates} rows of the file are in stock already.",
            f"The file's SHA-256 is {file.digest}.",
        ],
        object_type="inventory_simbatch",
        # What is sealed differs each time; the file does not, nor what was said beside it.
        identity=_identity(file.digest, common),
    )


def _identity(digest: str, common: Mapping[str, str]) -> str:
    said = json.dumps([digest, *sorted(common.items())]).encode()
    return hashlib.sha256(said).hexdigest() if common else digest


def _import_sealed(given: Arguments) -> None:
    """What `import_sims` does, with the cards as they were sealed; all is checked anew."""
    operator_id, found = scopes.current_operator_id(), Findings()
    file = _File(given["name"], given["digest"], given["duplicates"], given["warnings"])
    cards = [(row, SealedCard.decode(card)) for row, card in given["cards"]]
    placed = _place(cards, operator_id, found)
    with transaction.atomic():
        guards.require("sim.import")
        _require_known_key([card for _, card in cards])
        fresh = _leave_out_known(placed, found, operator_id)
        if fresh:
            _take(fresh, file, operator_id)


def _place(
    cards: Sequence[tuple[int, CardT]], operator_id: UUID, errors: Findings
) -> list[_Placed[CardT]]:
    ranges = operators.list_imsi_ranges(operator_id)
    placed: list[_Placed[CardT]] = []
    for row, card in cards:
        imsi = Imsi(card.imsi)
        core_id = next((r.core_id for r in ranges if r.holds(imsi)), None)
        if core_id is None:
            errors.add(row, "imsi", card.imsi, "no IMSI range of this operator holds it")
        else:
            placed.append(_Placed(row, card, core_id))
    return placed


def _leave_out_known(
    placed: Sequence[_Placed[CardT]], errors: Findings, operator_id: UUID
) -> list[_Placed[CardT]]:
    """The cards that are new. Raises ImportRefused with what was found so far, and with cards
    that are there with other data."""
    locks.hold(f"sim import:{operator_id}")
    fresh: list[_Placed[CardT]] = []
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
    if errors.total:
        raise ImportRefused(errors.problems, total=errors.total)
    return fresh


def _is_new(
    one: _Placed[CardT],
    by_iccid: dict[str, bytes],
    imsis: set[tuple[UUID, str]],
    errors: Findings,
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


def _take(fresh: Sequence[_Placed[SealedCard]], file: _File, operator_id: UUID) -> UUID:
    batch, now = _create_batch(file, len(fresh)), scopes.current().now
    sims = (_sim(one, batch.id, operator_id, now=now) for one in fresh)
    Sim.objects.bulk_create(sims, batch_size=_CHUNK)
    return batch.id


def _create_batch(file: _File, imported: int) -> SimBatch:
    scope = scopes.current()
    batch = SimBatch(
        id=ids.new_id(scope.now),
        operator_id=scopes.current_operator_id(),
        name=file.name,
        file_sha256=file.digest,
        imported=imported,
        duplicates=file.duplicates,
        warnings=file.warnings,
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


def _sim(one: _Placed[SealedCard], batch_id: UUID, operator_id: UUID, *, now: datetime) -> Sim:
    card = one.card
    return Sim(
        id=ids.new_id(now),
        operator_id=operator_id,
        core_id=one.core_id,
        batch_id=batch_id,
        iccid=card.iccid,
        imsi=card.imsi,
        form=card.form,
        eid=card.eid,
        algorithm=card.algorithm,
        sealed_key=card.sealed_key,
        sealed_codes=card.sealed_codes or None,
        fingerprint=card.fingerprint(),
        state=SimState.STOCK,
        state_changed_at=now,
        state_cause="imported",
        has_check_digit_warning=card.has_check_digit_warning,
        created_at=now,
    )
