"""What is done when an act needs a second person: it is asked for, and its request is shown."""

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse

from wispgate.business.approvals import services as approvals
from wispgate.business.approvals.errors import ApprovalNeeded
from wispgate.business.staff import looking
from wispgate.web.console.pages import go_to
from wispgate.web.console.visits import Visit


def ask(visit: Visit, needed: ApprovalNeeded) -> HttpResponse:
    """Keeps the request. Outside of what its service had begun."""
    with looking.doing():
        kept = approvals.ask(needed.asked)
    said = f"{kept.title}: asked for. Nothing is done until somebody else approves it."
    messages.success(visit.request, said)
    if not visit.may("approval.read"):
        return go_to("home")
    # A form that htmx sent would take the page into its own place.
    if "HX-Request" in visit.request.headers:
        address = reverse("console:approval", args=[kept.id])
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return go_to("approval", key=str(kept.id))
