"""Showing a card's PIN and PUK on its page: asked why, answered once, kept nowhere."""

import asyncio
from typing import Any

import pytest
from django.test import Client

from tests.harness.databases import TestDatabase
from tests.unit.web.console.conftest import logged_in, text_of
from tests.unit.web.console.world import Seat, World
from wispgate.business.approvals import services as approvals
from wispgate.business.audit import queries as audit
from wispgate.business.inventory import services as inventory
from wispgate.business.operators import scope as scopes
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.network.hss.key_holders import HeldKeys
from wispgate.network.hss.puks import answer_requests
from wispgate.store.hot import HotStore

CARD, PUK, PIN, ADM = "8900100000000000990", "73519246", "4711", "98127364"
HOLDER, STRANGER = OpeningKey(b"\x07" * 32), OpeningKey(b"\x55" * 32)
PAGE = f"/sims/{CARD}/codes/"


@pytest.fixture
def card(world: World, alpha: Seat) -> str:
    row = f"{CARD},001010000000099,{'ab' * 16},{'cd' * 16},{PUK},{ADM},{PIN}"
    with scopes.within(world.tenant(alpha)):
        inventory.import_sims(f"iccid,imsi,ki,opc,puk1,adm1,pin1\n{row}\n".encode(), name="coded")
    return CARD


def the_node_answers(world: World, key: OpeningKey = HOLDER) -> None:
    """What the Diameter process does every second, as its own role of the database."""

    async def once() -> None:
        async with HotStore(world.database.dsn("network")) as store:
            await answer_requests(store, HeldKeys([key]), clock=world.clock)

    asyncio.run(once())


def asked(client: Client, reason: str = "ticket 12: PIN mistyped") -> str:
    """The address that the page polls."""
    answer = client.post(PAGE, {"reason": reason})
    assert answer.status_code == 302
    return answer["Location"]


def entries(world: World, alpha: Seat, action: str) -> list[tuple[str, str, str]]:
    with scopes.within(world.tenant(alpha)):
        rows = audit.find_entries(audit.Search(action=action, object_type="inventory_sim"))
    return [(row.actor, row.reason, row.message) for row in rows]


def test_the_page_of_a_card_leads_to_its_codes_for_those_who_may(
    world: World, alpha: Seat, admin: Client, viewer: Client, card: str
):
    plain = world.cards(alpha, 1)[0]

    assert PAGE in admin.get(f"/sims/{card}/").content.decode()
    assert PAGE not in viewer.get(f"/sims/{card}/").content.decode()
    assert "not in the file it came in" in text_of(admin.get(f"/sims/{plain}/"))
    assert "This card came without PIN and PUK" in text_of(admin.get(f"/sims/{plain}/codes/"))


def test_the_codes_are_shown_once_and_no_cache_may_keep_them(
    world: World, alpha: Seat, admin: Client, card: str
):
    address = asked(admin)
    waiting = admin.post(address, headers={"HX-Request": "true"})
    looked_at = admin.get(address)
    the_node_answers(world)

    shown = admin.post(address, headers={"HX-Request": "true"})
    again = admin.post(address, headers={"HX-Request": "true"})

    page = shown.content.decode()
    assert "Asking the authentication function" in waiting.content.decode()
    assert PUK in page
    assert PIN in page
    assert ADM not in page
    assert "no-store" in shown["Cache-Control"]
    assert PUK not in again.content.decode()
    assert "answered already" in again.content.decode()
    # An address alone shows nothing, whoever finds it in a history.
    assert 'hx-trigger="every 1s"' in looked_at.content.decode()
    assert PUK not in admin.get(address).content.decode()
    assert entries(world, alpha, "read") == [
        (alpha.admin, "ticket 12: PIN mistyped", "looked at the PIN and PUK")
    ]


def test_a_silent_authentication_function_is_said_and_the_question_waits(
    world: World, admin: Client, card: str
):
    address = asked(admin)
    world.clock.advance(seconds=10)

    late = admin.post(address)
    the_node_answers(world)
    then = admin.post(address)

    assert "does not answer. Your question is kept" in text_of(late)
    assert 'name="reason" value="ticket 12: PIN mistyped"' in late.content.decode()
    assert PUK in text_of(then)


def test_a_function_without_the_key_is_an_error_with_a_way_on(
    world: World, alpha: Seat, admin: Client, card: str
):
    address = asked(admin)
    the_node_answers(world, STRANGER)

    failed = admin.post(address)

    assert "could not answer: the keys cannot be reached" in text_of(failed)
    assert "Ask again" in text_of(failed)
    assert entries(world, alpha, "refused")


@pytest.mark.parametrize("reason", ["", " x "])
def test_without_a_reason_nothing_is_asked_and_the_refusal_is_kept(
    world: World, alpha: Seat, admin: Client, card: str, reason: str
):
    refused = admin.post(PAGE, {"reason": reason})

    assert refused.status_code == 409
    assert "say why you need to see it" in text_of(refused)
    assert entries(world, alpha, "read") == []
    assert len(entries(world, alpha, "refused")) == 1


def test_with_four_eyes_who_asked_may_look_for_an_hour_after_somebody_else_allowed_it(
    world: World, alpha: Seat, admin: Client, card: str
):
    second = logged_in(world.a_member("second@alpha.example", "admin", "alpha"))
    with scopes.within(world.tenant(alpha)):
        approvals.set_rule("sim.codes", is_on=True)

    request = admin.post(PAGE, {"reason": "ticket 12"})["Location"]
    before = entries(world, alpha, "read")
    second.post(f"{request}approve/", {"key": "k"})
    address = asked(admin, "ticket 12")
    the_node_answers(world)
    shown = admin.post(address)
    of_second = second.post(PAGE, {"reason": "me too"})
    world.clock.advance(hours=2)
    later = logged_in(alpha.admin).post(PAGE, {"reason": "ticket 13"})

    assert request.startswith("/approvals/")
    assert before == []
    assert PUK in text_of(shown)
    assert of_second["Location"].startswith("/approvals/")
    assert later["Location"].startswith("/approvals/")


def test_a_question_of_somebody_else_is_not_answered(
    world: World, alpha: Seat, admin: Client, card: str, database: TestDatabase
):
    other = logged_in(world.a_member("second@alpha.example", "admin", "alpha"))
    address = asked(admin)
    the_node_answers(world)

    answers: dict[str, Any] = {
        "another": other.post(address),
        "nobody's": admin.post(f"{PAGE}nonsense/"),
    }

    assert all(PUK not in one.content.decode() for one in answers.values())
