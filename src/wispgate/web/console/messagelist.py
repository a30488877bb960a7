"""Messages: what subscribers were told, and of which line."""

from django.http import HttpResponse

from wispgate.web.console import hotreads, listing, reads
from wispgate.web.console.pages import page, show_live
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Sentence, counted


@page("message.read")
def messages(visit: Visit) -> HttpResponse:
    asked = listing.asked(visit.request)
    lines = hotreads.find_lines(asked.text) if asked.text else None
    rows, total = reads.list_messages(asked, lines), reads.count_messages(asked.text, lines)
    holders = reads.lines_by_id({row.line_id for row in rows if row.line_id})
    accounts = reads.subscribers_by_account({row.account_id for row in rows})
    context = {
        "title": "Messages",
        "answer": _answer(total) if not asked.text else [],
        "asked": asked,
        "rows": [(row, holders.get(row.line_id), accounts.get(row.account_id)) for row in rows],
        "pager": listing.pager(asked, shown=len(rows), total=total),
    }
    return show_live(visit, "messages.html", "part/messages.html", context)


def _answer(total: int) -> Sentence:
    if not total:
        return ["Nobody was told anything yet."]
    return [f"{counted(total, 'message')}. They stand here; no channel sends them further yet."]
