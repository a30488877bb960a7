"""Lists: tabs by state, a search, pages of fifty rows. The address holds all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest

from wispgate.web.console.visits import plain_text

ROWS = 50
# Beyond this a search is better than paging on.
MAX_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a list asks for."""

    state: str
    text: str
    page: int

    @property
    def offset(self) -> int:
        return (self.page - 1) * ROWS

    def query(self, **changed: str | int) -> str:
        """The same list with something changed; a change of anything else leads to page one."""
        wanted = {"state": self.state, "q": self.text, **changed}
        return "?" + urlencode({name: value for name, value in wanted.items() if value})


@dataclass(frozen=True, slots=True)
class Tab:
    title: str
    count: int
    address: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Pager:
    first: int
    last: int
    total: int
    previous: str
    next: str


def asked(request: HttpRequest, states: Sequence[str] = ()) -> Asked:
    """Reads a list's address. What it does not understand counts as not asked."""
    page = request.GET.get("page", "")
    state = request.GET.get("state", "")
    return Asked(
        state=state if state in states else "",
        text=plain_text(request.GET.get("q", ""))[:80],
        page=min(max(int(page), 1), MAX_PAGE) if page.isascii() and page.isdigit() else 1,
    )


def tabs(asked: Asked, counts: Mapping[str, int], states: Sequence[str]) -> list[Tab]:
    """All, then one per state, each with its count."""
    every = Tab("all", sum(counts.values()), asked.query(state=""), is_current=not asked.state)
    return [every, *(tab(asked, state, counts.get(state, 0)) for state in states)]


def tab(asked: Asked, state: str, count: int) -> Tab:
    title = state.replace("_", " ")
    return Tab(title, count, asked.query(state=state), is_current=asked.state == state)


def total(tabs: Sequence[Tab]) -> int:
    """How many rows the current tab has."""
    return next(tab.count for tab in tabs if tab.is_current)


def pager(asked: Asked, *, shown: int, total: int) -> Pager:
    last = asked.offset + shown
    return Pager(
        first=asked.offset + 1 if shown else 0,
        last=last,
        total=total,
        previous=asked.query(page=asked.page - 1) if asked.page > 1 else "",
        next=asked.query(page=asked.page + 1) if last < total else "",
    )
