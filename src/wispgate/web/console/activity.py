"""The audit as a list: what happened, newest first."""

from django.http import HttpResponse

from wispgate.web.console import timeline
from wispgate.web.console.pages import page, show
from wispgate.web.console.visits import Visit

LENGTH = 200


@page("audit.read", of_operator=False)
def activity(visit: Visit) -> HttpResponse:
    return show(
        visit, "activity.html", title="Activity", events=timeline.latest(LENGTH), length=LENGTH
    )
