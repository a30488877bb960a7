"""Which lines a mass act is about: named, in a file of identifiers, or by what they have in common."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from wispgate.business.inventory.errors import RowProblem
from wispgate.business.subscriptions.errors import IdentifiersRefused
from wispgate.business.subscriptions.lifecycle import SubscriptionState
from wispgate.business.subscriptions.models import Subscription
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.identifiers import Iccid, Msisdn

# Named one by one in a request of the API; more come in a file, or by what they have in common.
MOST_NAMED = 10_000
# A quarter of a million is a day's work of the worker; whoever wants more says what they share.
MOST_CHOSEN = 250_000
MAX_PROBLEMS = 100
_SHOWN = 60
_KINDS = ("line_id", "iccid", "msisdn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which lines: those that are named, or all that have everything in common that is said."""

    line_ids: Sequence[UUID] = ()
    state: str = ""
    plan_id: UUID | None = None
    subscriber_id: UUID | None = None
    dealer: str = ""

    def __post_init__(self) -> None:
        common = any((self.state, self.plan_id, self.subscriber_id, self.dealer))
        if bool(self.line_ids) == common:
            raise InvalidValue("name lines, or say what they have in common: one of the two")
        if len(self.line_ids) > MOST_CHOSEN:
            raise InvalidValue(f"{MOST_CHOSEN} lines at most are named", field="line_ids")
        if self.state and self.state not in list(SubscriptionState):
            raise InvalidValue(f"no such state: {self.state!r}", field="state")

    def rows(self) -> QuerySet[Subscription]:
        """Lines that are over are chosen by name only."""
        if self.line_ids:
            return _named(self.line_ids)
        found = Subscription.objects.all()
        if self.state != SubscriptionState.TERMINATED:
            found = found.exclude(state=SubscriptionState.TERMINATED)
        wanted = {
            "state": self.state,
            "plan_id": self.plan_id,
            "subscriber_id": self.subscriber_id,
            "subscriber__dealer": self.dealer,
        }
        return found.filter(**{name: value for name, value in wanted.items() if value})


def _named(ids: Sequence[UUID]) -> QuerySet[Subscription]:
    """One parameter, however many they are."""
    return Subscription.objects.filter(id__in=RawSQL("SELECT unnest(%s::uuid[])", [list(ids)]))


@dataclass(frozen=True, slots=True)
class _Named:
    """One identifier of a file. `key` is its plain form, of its `kind`."""

    row: int
    text: str
    kind: str
    key: str


def choose_from_file(content: bytes) -> Chosen:
    """Lines by MSISDN, ICCID or id, one in each row, in a column of that name or the only one.

    Raises IdentifiersRefused with every row that names no line, or one that was named before.
    """
    named, problems = _read(content)
    found = {kind: _find(kind, [one.key for one in named if one.kind == kind]) for kind in _KINDS}
    first: dict[UUID, int] = {}
    for one in named:
        line_id = found[one.kind].get(one.key)
        if line_id is None:
            problems.append(_problem(one, f"no line of yours has this {_WORDS[one.kind]}"))
        elif line_id in first:
            problems.append(_problem(one, f"the same line as in row {first[line_id]}"))
        else:
            first[line_id] = one.row
    if problems:
        problems.sort(key=lambda problem: problem.row)
        raise IdentifiersRefused(problems[:MAX_PROBLEMS], total=len(problems))
    if not first:
        raise InvalidValue("the file names no line", field="file")
    return Chosen(line_ids=list(first))


def _problem(one: _Named, rule: str) -> RowProblem:
    return RowProblem(one.row, _WORDS[one.kind], one.text[:_SHOWN], rule)


_WORDS: Mapping[str, str] = MappingProxyType(
    {"line_id": "line id", "iccid": "ICCID", "msisdn": "MSISDN"}
)


def _read(content: bytes) -> tuple[list[_Named], list[RowProblem]]:
    named: list[_Named] = []
    problems: list[RowProblem] = []
    for row, text in _cells(content):
        try:
            named.append(_Named(row, text, *_understand(text)))
        except InvalidValue as error:
            problems.append(RowProblem(row, "identifier", text[:_SHOWN], error.message))
        if len(named) > MOST_CHOSEN:
            raise InvalidValue(f"a file names {MOST_CHOSEN} lines at most", field="file")
    return named, problems


def _cells(content: bytes) -> Iterable[tuple[int, str]]:
    """The row (from 1, as editors count) and the cell of each row that has one."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidValue("the file is no UTF-8 text", field="file") from None
    head = text.partition("\n")[0]
    delimiter = next((sign for sign in ";\t," if sign in head), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    column: int | None = None
    try:
        for cells in reader:
            if column is None:
                names = [cell.strip().lower().replace(" ", "_") for cell in cells]
                column = next((n for n, name in enumerate(names) if name in _HEADINGS), None)
                if column is not None:
                    continue
                column = _only_column(names)
            cell = cells[column].strip() if column < len(cells) else ""
            if cell or any(each.strip() for each in cells):
                yield reader.line_num, cell
    except csv.Error as error:
        raise InvalidValue(f"row {reader.line_num} is no CSV: {error}", field="file") from None


_HEADINGS = (*_KINDS, "line", "id", "identifier")


def _only_column(names: Sequence[str]) -> int:
    if len(names) > 1:
        told = "one column, or a first row in which one is called line_id, iccid or msisdn"
        raise InvalidValue(told, field="file")
    return 0


def _understand(text: str) -> tuple[str, str]:
    """Which kind of identifier it is, and its plain form."""
    if not text:
        raise InvalidValue("empty")
    if len(text) == 36 and text.count("-") == 4:
        try:
            return "line_id", str(UUID(text))
        except ValueError:
            raise InvalidValue("no id of a line") from None
    bare = "".join(sign for sign in text if sign not in " -.()/")
    if bare.startswith("89") and len(bare) >= 18:
        return "iccid", str(Iccid.parse(bare))
    try:
        return "msisdn", Msisdn(bare.removeprefix("+")).digits
    except InvalidValue:
        raise InvalidValue("neither an MSISDN nor an ICCID nor the id of a line") from None


def _find(kind: str, keys: Sequence[str]) -> dict[str, UUID]:
    return _FINDERS[kind](keys) if keys else {}


def _by_id(keys: Sequence[str]) -> dict[str, UUID]:
    ids = _named([UUID(key) for key in keys]).values_list("id", flat=True)
    return {str(line_id): line_id for line_id in ids}


def _by_iccid(keys: Sequence[str]) -> dict[str, UUID]:
    wanted = RawSQL("SELECT unnest(%s::text[])", [list(keys)])
    rows = Subscription.objects.filter(sim__iccid__in=wanted)
    return dict(rows.values_list("sim__iccid", "id"))


def _by_msisdn(keys: Sequence[str]) -> dict[str, UUID]:
    """A number is its present holder's."""
    wanted = RawSQL("SELECT unnest(%s::text[])", [list(keys)])
    rows = Subscription.objects.filter(msisdn__in=wanted)
    held = rows.exclude(state=SubscriptionState.TERMINATED)
    return dict(held.values_list("msisdn", "id"))


_FINDERS: Mapping[str, Callable[[Sequence[str]], dict[str, UUID]]] = MappingProxyType(
    {"line_id": _by_id, "iccid": _by_iccid, "msisdn": _by_msisdn}
)
