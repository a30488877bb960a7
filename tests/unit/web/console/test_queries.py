"""How many statements a page costs, whatever it lists: pinned, so that growth is noticed."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.unit.web.console.world import Seat, World

# Each page begins with session, member of staff, operator, role and
# how many requests wait.
PINNED = {
    "/": 18,
    "/sims/": 8,
    "/sims/?q=8949": 8,
    "/sims/{card}/": 14,
    "/sims/{card}/trace/": 20,
    "/sims/{card}/suspend/": 12,
    "/sims/import/": 6,
    "/lines/": 10,
    "/lines/46701000001/": 23,
    "/subscribers/": 8,
    "/subscribers/{subscriber}/": 12,
    "/subscribers/{subscriber}/top_up_wallet/": 8,
    "/subscribers/{subscriber}/new-line/": 11,
    "/sessions/": 13,
    "/sessions/?q=4670": 14,
    "/sessions/pgw1;0/": 15,
    "/pushes/": 9,
    "/devices/": 8,
    "/numbers/": 10,
    "/numbers/?state=reserved": 10,
    "/messages/": 10,
    "/plans/": 8,
    "/plans/gold/": 9,
    "/peers/": 9,
    "/traces/": 7,
    "/registrations/": 11,
    "/authentications/": 8,
    "/activity/": 8,
    "/search/?q=4670": 9,
    "/help/": 6,
}


def test_pages_cost_as_many_statements_as_pinned(world: World, alpha: Seat, admin: Client):
    names = what_is_busy(world, alpha, admin)

    counts = {path: count_statements(admin, path.format(**names)) for path in PINNED}

    assert counts == PINNED


def test_what_refreshes_every_few_seconds_costs_less(world: World, alpha: Seat, admin: Client):
    what_is_busy(world, alpha, admin)
    headers = {"HX-Request": "true"}

    counts = {path: count_statements(admin, path, headers) for path in ("/", "/?charts=1")}

    assert counts == {"/": 12, "/?charts=1": 7}


def count_statements(client: Client, address: str, headers: dict[str, str] | None = None) -> int:
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address, headers=headers)
    assert answer.status_code == 200
    return sum(not query["sql"].startswith(BOOKKEEPING) for query in captured)


BOOKKEEPING = ("SET LOCAL", "BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


def what_is_busy(world: World, seat: Seat, client: Client) -> dict[str, str]:
    """Several of everything: a statement for each of them would show."""
    cards = world.cards(seat, 8)
    world.a_plan(seat)
    world.a_plan(seat, "other")
    for number, card in enumerate(cards[:5]):
        line_id = world.an_active_line(
            seat, card, name=f"Ana {number}", msisdn=f"4670100000{number}"
        )
        world.bought(seat, line_id)
        world.a_registration(line_id)
        world.used(world.a_session(line_id, session_id=f"pgw1;{number}"), 1000)
        world.a_push(line_id, state="in_effect")
        world.told(seat, line_id)
    for number in range(4):
        world.a_peer(f"mme{number}.example.org")
        world.a_connection(f"mme{number}.example.org")
    line = client.get("/lines/46701000001/").context["line"]
    return {"card": cards[0], "subscriber": line.subscriber_id}
