"""How many statements a page costs, whatever it lists: pinned, so that growth is noticed."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.unit.web.console.world import Seat, World

# Each page begins with session, member of staff, operator and role.
PINNED = {
    "/": 16,
    "/sims/": 6,
    "/sims/?q=8949": 6,
    "/sims/{card}/": 11,
    "/sims/{card}/trace/": 18,
    "/sims/{card}/suspend/": 9,
    "/sims/import/": 4,
    "/lines/": 8,
    "/lines/46701000001/": 20,
    "/subscribers/": 6,
    "/subscribers/{subscriber}/": 10,
    "/subscribers/{subscriber}/top_up_wallet/": 6,
    "/subscribers/{subscriber}/new-line/": 9,
    "/sessions/": 11,
    "/sessions/?q=4670": 12,
    "/sessions/pgw1;0/": 13,
    "/pushes/": 7,
    "/devices/": 6,
    "/numbers/": 8,
    "/numbers/?state=reserved": 8,
    "/messages/": 8,
    "/plans/": 6,
    "/plans/gold/": 7,
    "/peers/": 7,
    "/activity/": 6,
    "/search/?q=4670": 7,
    "/help/": 4,
}


def test_pages_cost_as_many_statements_as_pinned(world: World, alpha: Seat, admin: Client):
    names = what_is_busy(world, alpha, admin)

    counts = {path: count_statements(admin, path.format(**names)) for path in PINNED}

    assert counts == PINNED


def test_what_refreshes_every_few_seconds_costs_less(world: World, alpha: Seat, admin: Client):
    what_is_busy(world, alpha, admin)
    headers = {"HX-Request": "true"}

    counts = {path: count_statements(admin, path, headers) for path in ("/", "/?charts=1")}

    assert counts == {"/": 11, "/?charts=1": 6}


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
