"""Sealing: every few seconds the worker puts what was written since into blocks, and signs them.

Only rows below the oldest running transaction are taken, so their order is final. The row of a
source's cursor is the lock: one sealer at a time, another one passes by. Blocks and cursor are one
transaction, so a crash leaves all of a batch or nothing, and the next turn goes on from there.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from wispgate.business.audit import chain, sources
from wispgate.business.audit.chain import Entry, Header, SigningKey
from wispgate.business.audit.errors import SealingBroken
from wispgate.business.audit.models import SealBlock, SealCursor
from wispgate.business.audit.sources import Source
from wispgate.business.operators import hot
from wispgate.business.operators import scope as scopes

BATCH = 2000
# Batches of one source in one turn: the worker has other things to do.
BATCHES_PER_TURN = 20
# An idle source's cursor is not written at every turn.
_IDLE = timedelta(seconds=20)


def seal(key: SigningKey, *, now: datetime, batch: int = BATCH) -> int:
    """One turn over all sources; how many rows were sealed. Runs as the database role worker."""
    scope = scopes.Scope(now=now, is_platform=True)
    with scopes.within(scope):
        every = sources.every()
    sealed = 0
    for source in every:
        for _ in range(BATCHES_PER_TURN):
            with scopes.within(scope):
                taken = _seal_batch(source, key, now=now, most=batch)
            sealed += taken
            if taken < batch:
                break
    return sealed


def _seal_batch(source: Source, key: SigningKey, *, now: datetime, most: int) -> int:
    cursor = _lock(source, now)
    if cursor is None:
        return 0
    place = (cursor.xid, cursor.last_id)
    _require_behind(source, cursor.xid)
    rows = source.read("read_unsealed", form=chain.FORM, most=most, **sources.after(place))
    for operator_id, entries in _by_operator(rows).items():
        _append(source, operator_id, entries, key, now=now)
    if rows:
        place = sources.entry_of(rows[-1]).place
    if rows or now - cursor.sealed_through_at >= _IDLE:
        _move(cursor, source, place, now=now)
    return len(rows)


def _require_behind(source: Source, xid: int) -> None:
    """Rows written now would never be sealed if they came to stand before the cursor."""
    if hot.run("is_place_ahead", xid=xid)[0]["is_ahead"]:
        raise SealingBroken(
            f"{source.name} is sealed further than this server has counted its transactions: the "
            f"database was restored; run `wispgate migrate`, then start again",
            source=source.name,
        )


def _lock(source: Source, now: datetime) -> SealCursor | None:
    """The source's cursor, locked; None where another sealer has it."""
    rows = SealCursor.objects.filter(source=source.name)
    found = rows.select_for_update(skip_locked=True).first()
    if found is None and not rows.exists():
        xid, last_id = chain.BEGINNING
        first = SealCursor(source=source.name, xid=xid, last_id=last_id, sealed_through_at=now)
        SealCursor.objects.bulk_create([first], ignore_conflicts=True)
        found = rows.select_for_update(skip_locked=True).first()
    return found


def _by_operator(rows: Sequence[dict[str, Any]]) -> dict[UUID | None, list[Entry]]:
    grouped: dict[UUID | None, list[Entry]] = defaultdict(list)
    for row in rows:
        grouped[row["operator_id"]].append(sources.entry_of(row))
    return grouped


def _append(
    source: Source,
    operator_id: UUID | None,
    entries: list[Entry],
    key: SigningKey,
    *,
    now: datetime,
) -> None:
    name = chain.chain_name(source.name, operator_id)
    last = SealBlock.objects.filter(chain=name).order_by("-number").first()
    if last is not None and (last.last_xid, last.last_id) >= entries[0].place:
        raise SealingBroken(
            f"the chain {name} is sealed beyond what comes next: its cursor, or the count of the "
            f"database's transactions, was set back; `wispgate verify` tells more",
            chain=name,
        )
    header = chain.next_header(
        header_of(last) if last else None, name, entries, id_is_number=source.id_is_number, now=now
    )
    _insert(key.sign(header), operator_id, entries)


def _insert(header: Header, operator_id: UUID | None, entries: list[Entry]) -> None:
    SealBlock.objects.create(
        operator_id=operator_id,
        chain=header.chain,
        number=header.number,
        form=header.form,
        rows_before=header.rows_before,
        rows=header.rows,
        last_xid=entries[-1].xid,
        last_id=entries[-1].id,
        entries=chain.pack(entries),
        previous=header.previous,
        root=header.root,
        sealed_at=header.sealed_at,
        key=header.key,
        signature=header.signature,
    )


def _move(cursor: SealCursor, source: Source, place: tuple[int, UUID], *, now: datetime) -> None:
    """What is still to be sealed, or waits for a long transaction, says how far we are."""
    waiting = source.read("oldest_unsealed", **sources.after(place))[0]["at"]
    cursor.xid, cursor.last_id = place
    cursor.sealed_through_at = min(now, waiting or now)
    cursor.save()


def header_of(block: SealBlock) -> Header:
    return Header(
        chain=block.chain,
        number=block.number,
        form=block.form,
        rows_before=block.rows_before,
        rows=block.rows,
        previous=block.previous,
        root=block.root,
        sealed_at=block.sealed_at,
        key=block.key,
        signature=block.signature,
    )


def heads(*, now: datetime) -> Sequence[Header]:
    """The newest block of every chain: the checkpoints to be kept elsewhere."""
    with scopes.within(scopes.Scope(now=now, is_platform=True)):
        newest = SealBlock.objects.order_by("chain", "-number").distinct("chain")
        return [header_of(block) for block in newest.defer("entries")]
