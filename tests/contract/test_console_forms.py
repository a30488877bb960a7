"""Every address of the console refuses a form that another site could have sent."""

from uuid import UUID

from django.test import Client

from tests.unit.business.world import World
from wispgate.web.console.urls import _PAGES


def addresses() -> list[str]:
    """All of the console's addresses, with something in the place of each name."""
    made = []
    for page in _PAGES:
        route = str(page.pattern)
        for name in page.pattern.converters:
            for kind in ("str", "path", "int"):
                route = route.replace(f"<{kind}:{name}>", "x")
            route = route.replace(f"<uuid:{name}>", str(UUID(int=9)))
        made.append(f"/{route}")
    return made


def test_no_form_is_taken_without_its_token(world: World) -> None:
    browser = Client(enforce_csrf_checks=True)
    known = addresses()

    answers = {address: browser.post(address).status_code for address in known}

    assert len(known) > 30
    assert {address: status for address, status in answers.items() if status != 403} == {}
