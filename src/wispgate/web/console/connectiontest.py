"""The self-test of EPC connections, as `wispgate diagnose` runs it."""

from django.conf import settings
from django.http import HttpResponse

from wispgate.business.diagnosis import services as diagnosis
from wispgate.kernel.errors import InvalidValue
from wispgate.web.console.pages import page, show
from wispgate.web.console.visits import Visit, plain_text
from wispgate.web.console.wording import Sentence, counted


@page("peer.read", of_operator=False)
def connection_test(visit: Visit) -> HttpResponse:
    """Of all peers, or of the one and the phone that the address names."""
    identity = plain_text(visit.request.GET.get("peer", ""))[:255]
    imsi = plain_text(visit.request.GET.get("imsi", "")).strip()[:20]
    problem, examined = "", []
    try:
        if not imsi or visit.may("line.read"):
            listeners = settings.WISPGATE_LISTENERS()
            examined = diagnosis.examine(listeners, identity=identity, imsi=imsi)
        else:
            problem = "your role may not look at lines"
    except InvalidValue as error:
        problem = error.message
    return show(
        visit,
        "connection_test.html",
        title="Test the connection",
        answer=_answer(examined),
        identity=identity,
        imsi=imsi,
        problem=problem,
        examined=examined,
    )


def _answer(examined: list[diagnosis.Examination]) -> Sentence:
    if len(examined) == 1:
        return [examined[0].summary]
    broken = sum(each.is_broken for each in examined)
    if not examined:
        return []
    if not broken:
        return [f"{counted(len(examined), 'connection')} tested, and none is broken."]
    return [f"{broken} of {counted(len(examined), 'connection')} broken: see what to do with each."]
