"""Proving the chains: every block against its signature, and every row against its block.

Run as the database role worker, which sees all operators' rows. Nothing is changed. Blocks of one
chain are read in order; the first thing that does not fit ends that chain's check with its name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wispgate.business.audit import chain, sources
from wispgate.business.audit.chain import Entry, Header, VerifyingKey
from wispgate.business.audit.comparison import Damage, Difference, first_difference
from wispgate.business.audit.models import AuditEntry, SealBlock, SealCursor, SealMark
from wispgate.business.audit.sealing import header_of
from wispgate.business.audit.sources import Source, after, through
from wispgate.business.operators import scope as scopes
from wispgate.kernel.errors import InvalidValue

Place = tuple[int, UUID]


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing wrong in a chain. `place` counts the chain's rows from 1."""

    damage: Damage
    block: int
    place: int
    row: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was checked of a chain: rows and blocks, from which row on, and what is wrong."""

    chain: str
    blocks: int
    rows: int
    first_place: int
    finding: Finding | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """What to check: with which keys, from when on, and against which kept checkpoints."""

    keys: Sequence[VerifyingKey]
    now: datetime
    since: datetime | None = None
    anchors: Sequence[Header] = ()


class _Broken(Exception):
    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text)
        self.finding = finding


def verify(ask: Ask, *, with_audit: bool = True, with_ledgers: bool = True) -> Iterator[Report]:
    """One report for each chain, and for whatever belongs to a chain that is gone."""
    with scopes.within(scopes.Scope(now=ask.now, is_platform=True)):
        wanted = [sources.audit()] if with_audit else []
        wanted += sources.ledgers() if with_ledgers else []
    for source in wanted:
        yield from _verify_source(source, ask)


def _verify_source(source: Source, ask: Ask) -> Iterator[Report]:
    with scopes.within(scopes.Scope(now=ask.now, is_platform=True)):
        names = _chains_of(source)
        anchors = {one.chain: one for one in ask.anchors if _belongs(one.chain, source)}
        marks = {one.chain: one for one in SealMark.objects.filter(chain__startswith=source.name)}
    for name, operator_id in names.items():
        with scopes.within(scopes.Scope(now=ask.now, is_platform=True)):
            check = _Check(source, name, operator_id, ask)
            yield check.run(anchors.get(name), marks.get(name))
    for name in sorted(anchors.keys() - names.keys()):
        yield _of_missing_chain(anchors[name], ask)
    if ask.since is None:
        with scopes.within(scopes.Scope(now=ask.now, is_platform=True)):
            yield from _of_rows_without_chain(source, names)


def _belongs(chain_name: str, source: Source) -> bool:
    return chain_name.rpartition("/")[0] == source.name


def _chains_of(source: Source) -> dict[str, UUID | None]:
    """Chains of a source, by name; `ledger/hot_00` is no beginning of another source's name."""
    rows = SealBlock.objects.filter(chain__startswith=f"{source.name}/").order_by("chain")
    return dict(rows.values_list("chain", "operator_id").distinct())


@dataclass(slots=True)
class _Check:
    """The walk along one chain."""

    source: Source
    name: str
    operator_id: UUID | None
    ask: Ask
    blocks: int = 0
    rows: int = 0
    first_place: int = 0

    def run(self, anchor: Header | None, mark: SealMark | None) -> Report:
        note, finding = "", None
        try:
            kept_from = self._begin(mark)
            last = self._walk(kept_from)
            self._compare_with_anchor(anchor, last)
            self._look_behind(last)
        except _Broken as broken:
            finding = broken.finding
        if mark is not None:
            note = f"begins after block {mark.number}: what is older was removed by retention"
        return Report(self.name, self.blocks, self.rows, self.first_place, finding, note)

    def _begin(self, mark: SealMark | None) -> int:
        """The number of the last block whose rows were removed by right; 0 for none."""
        if mark is None:
            return 0
        text = chain.mark_text(mark.chain, mark.number, mark.at)
        if not chain.is_signed(text, mark.key, mark.signature, self.ask.keys):
            self._fail(Damage.NOT_SIGNED, text="the mark that rows were removed by right")
        return mark.number

    def _walk(self, kept_from: int) -> SealBlock | None:
        last: SealBlock | None = None
        blocks = SealBlock.objects.filter(chain=self.name).order_by("number")
        first = self._first_number(kept_from)
        for block in blocks.filter(number__gte=first - 1 if first > 1 else 1).iterator(50):
            self._check_header(block, last, is_first=block.number in (kept_from, first - 1))
            if block.number >= first and block.number > kept_from:
                self._check_rows(block, last)
            elif block.number == kept_from:
                self._check_nothing_left(block)
            last = block
        return last

    def _first_number(self, kept_from: int) -> int:
        """Where to begin: after what was removed, or with the first block of the time asked for."""
        first = kept_from + 1
        if self.ask.since is not None:
            young = SealBlock.objects.filter(chain=self.name, sealed_at__gte=self.ask.since)
            number = young.order_by("number").values_list("number", flat=True).first()
            newest = SealBlock.objects.filter(chain=self.name).order_by("-number")
            first = max(first, number or newest.values_list("number", flat=True)[0] + 1)
        return first

    def _check_header(self, block: SealBlock, last: SealBlock | None, *, is_first: bool) -> None:
        header = header_of(block)
        expected = last.number + 1 if last else 1
        if block.number != expected and not (is_first and last is None):
            self._fail(
                Damage.DELETED, block=expected, place=last.rows_before + last.rows + 1 if last else 1,
                text=f"block {expected} of seals is missing",
            )  # fmt: skip
        if not chain.is_signed(header.text, header.key, header.signature, self.ask.keys):
            self._fail(
                Damage.NOT_SIGNED, block=block.number, place=block.rows_before + 1, text="the block"
            )
        before = header_of(last) if last else None
        if before and (header.previous, header.rows_before) != (before.hash, before.rows_after):
            self._fail(
                Damage.SEAL_CHANGED, block=block.number, place=block.rows_before + 1,
                text="the block does not follow the one before it",
            )  # fmt: skip

    def _check_rows(self, block: SealBlock, last: SealBlock | None) -> None:
        sealed = self._sealed(block)
        start = (last.last_xid, last.last_id) if last else chain.BEGINNING
        found = self._found(start, sealed[-1].place, most=len(sealed) + 1, form=block.form)
        self.first_place = self.first_place or block.rows_before + 1
        difference = first_difference(sealed, found)
        if difference is not None:
            self._fail_at(block, self._placed(difference, sealed, block))
        self.blocks += 1
        self.rows += len(sealed)

    def _sealed(self, block: SealBlock) -> list[Entry]:
        try:
            entries = chain.unpack(bytes(block.entries or b""))
        except InvalidValue:
            entries = []
        root = chain.root_of(entries, id_is_number=self.source.id_is_number)
        is_whole = len(entries) == block.rows and root == block.root
        if not is_whole or entries[-1].place != (block.last_xid, block.last_id):
            self._fail(
                Damage.SEAL_CHANGED, block=block.number, place=block.rows_before + 1,
                text="the digests of the block are not those that were signed",
            )  # fmt: skip
        return entries

    def _found(self, start: Place, end: Place, *, most: int, form: int) -> list[Entry]:
        rows = self.source.read(
            "read_chain", operator_id=self.operator_id, form=form, most=most, with_text=False,
            **after(start), **through(end),
        )  # fmt: skip
        return [sources.entry_of(row) for row in rows]

    def _placed(
        self, difference: Difference, sealed: Sequence[Entry], block: SealBlock
    ) -> Difference:
        """A row that is gone from its block may stand elsewhere, or may have been the last."""
        if difference.damage is not Damage.DELETED:
            return difference
        was = sealed[difference.index]
        elsewhere = self.source.read("find_sealed", form=block.form, **sources.one(was.id))
        if any(bytes(row["digest"]) == was.digest for row in elsewhere):
            return Difference(Damage.REORDERED, difference.index, was.id)
        if elsewhere:
            return Difference(Damage.UPDATED, difference.index, was.id)
        is_tail = not self._rows_after(was.place)
        return Difference(Damage.TRUNCATED if is_tail else Damage.DELETED, difference.index, was.id)

    def _rows_after(self, place: Place) -> bool:
        return bool(self._found(place, _reached(self.source), most=1, form=chain.FORM))

    def _check_nothing_left(self, block: SealBlock) -> None:
        """Before the mark no row may be."""
        end = (block.last_xid, block.last_id)
        left = self._found(chain.BEGINNING, end, most=1, form=block.form)
        if left:
            self._fail(
                Damage.INSERTED, block=block.number, row=self.source.shown_id(left[0].id),
                text="a row stands where all rows were removed",
            )  # fmt: skip

    def _compare_with_anchor(self, anchor: Header | None, last: SealBlock | None) -> None:
        """A checkpoint kept elsewhere knows blocks that the database may have lost."""
        if anchor is None:
            return
        if not chain.is_signed(anchor.text, anchor.key, anchor.signature, self.ask.keys):
            self._fail(Damage.NOT_SIGNED, block=anchor.number, text="a checkpoint kept elsewhere")
        if last is None or last.number < anchor.number:
            reached = last.rows_before + last.rows if last else 0
            self._fail(
                Damage.TRUNCATED, block=anchor.number, place=reached + 1,
                text=f"a checkpoint knows {anchor.rows_after} rows, the chain has {reached}",
            )  # fmt: skip
        known = SealBlock.objects.filter(chain=self.name, number=anchor.number).first()
        if known is not None and header_of(known).hash != anchor.hash:
            self._fail(
                Damage.SEAL_CHANGED, block=anchor.number, place=anchor.rows_before + 1,
                text="a checkpoint knows this block otherwise",
            )  # fmt: skip

    def _look_behind(self, last: SealBlock | None) -> None:
        """Rows behind the last block that the sealer has passed were put there afterwards."""
        if last is None:
            return
        start = (last.last_xid, last.last_id)
        late = self._found(start, _reached(self.source), most=1, form=chain.FORM)
        if late:
            self._fail(
                Damage.INSERTED, block=last.number, place=last.rows_before + last.rows + 1,
                row=self.source.shown_id(late[0].id), text="a row that was never sealed",
            )  # fmt: skip

    def _fail_at(self, block: SealBlock, difference: Difference) -> None:
        self._fail(
            difference.damage,
            block=block.number,
            place=block.rows_before + difference.index + 1,
            row=self.source.shown_id(difference.id),
            text=f"the row was {difference.damage}",
        )

    def _fail(
        self, damage: Damage, *, text: str, block: int = 0, place: int = 0, row: str = ""
    ) -> None:
        raise _Broken(Finding(damage, block, place, row, text))


def _reached(source: Source) -> Place:
    """How far the sealer has come: behind it rows may wait to be sealed."""
    cursor = SealCursor.objects.filter(source=source.name).first()
    return (cursor.xid, cursor.last_id) if cursor else chain.BEGINNING


def _of_missing_chain(anchor: Header, ask: Ask) -> Report:
    """A checkpoint of a chain that the database does not have: lost, or its operator's removed."""
    operator_id = anchor.chain.rpartition("/")[2]
    removal = AuditEntry.objects.filter(
        operator_id=None, action="delete", object_type="operators_operator", object_id=operator_id
    )
    with scopes.within(scopes.Scope(now=ask.now, is_platform=True)):
        entry = removal.first()
    if entry is not None:
        note = f"its operator was removed, as entry {entry.id} of the platform's audit says"
        return Report(anchor.chain, 0, 0, 0, note=note)
    lost = f"a checkpoint knows {anchor.rows_after} rows, the chain is gone"
    return Report(anchor.chain, 0, 0, 0, Finding(Damage.TRUNCATED, anchor.number, 1, "", lost))


def _of_rows_without_chain(source: Source, names: Mapping[str, object]) -> Iterator[Report]:
    """Rows that the sealer has passed, of an operator of whom it never sealed any."""
    for row in source.read("count_chains", **through(_reached(source))):
        name = chain.chain_name(source.name, row["operator_id"])
        if name not in names:
            text = f"{row['rows']} rows that were never sealed"
            yield Report(name, 0, 0, 0, Finding(Damage.INSERTED, 0, 1, "", text))
