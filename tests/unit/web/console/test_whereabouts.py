"""Registrations, the authentication log and the self-test, as pages and over REST."""

import pytest
from django.test import Client

from tests.unit.web.console.conftest import logged_in, text_of
from tests.unit.web.console.world import Seat, World
from wispgate.business.hotplane.models import EveryPolicySession
from wispgate.web.console.presence import NOWHERE, Presence


@pytest.fixture
def line(world: World, alpha: Seat) -> str:
    [card] = world.cards(alpha, 1)
    return str(world.an_active_line(alpha, card, name="Ana", msisdn="46701000001"))


def refuse(world: World, line: str, result: str, *, times: int = 3) -> None:
    world.as_network(
        "INSERT INTO access_log SELECT core_id, imsi, 'authentication', %s, 'mme1.example.org',"
        " '262-01', '', operator_id, line_id, %s, %s, %s FROM hot_00.line WHERE line_id = %s",
        (result, times, world.clock.now(), world.clock.now(), line),
    )


def test_a_registration_stands_in_the_list_and_leads_to_its_line(
    world: World, admin: Client, line: str
) -> None:
    world.a_registration(line)  # type: ignore[arg-type]

    page = admin.get("/registrations/")

    assert "1 phone registered" in text_of(page)
    assert "registered mme1 001-01" in text_of(page)
    assert f"/lines/{line}/" in page.content.decode()
    assert "registered mme1" in text_of(admin.get("/registrations/?q=mme1.example.org"))
    assert "No registration matches" in text_of(admin.get("/registrations/?q=mme2"))


def test_a_registration_without_a_sign_for_long_is_last_seen(
    world: World, alpha: Seat, line: str
) -> None:
    world.a_registration(line)  # type: ignore[arg-type]
    world.clock.advance(hours=13)
    again = logged_in(alpha.admin)

    assert "last seen mme1" in text_of(again.get("/registrations/"))
    assert "Presence last seen" in text_of(again.get("/lines/46701000001/"))


def test_without_registrations_the_list_says_what_belongs_there(admin: Client, alpha: Seat) -> None:
    assert "No phone is registered" in text_of(admin.get("/registrations/"))
    assert "No phone was refused" in text_of(admin.get("/authentications/"))


def test_refusals_are_listed_counted_and_filtered(world: World, admin: Client, line: str) -> None:
    refuse(world, line, "roaming_not_allowed")
    refuse(world, line, "forged_resynchronisation", times=1)

    page = text_of(admin.get("/authentications/"))

    assert "46701000001 authentication roaming not allowed 3" in page
    assert "key not confirmed 1" in page
    assert "key not confirmed" not in text_of(admin.get("/authentications/?q=roaming"))
    assert "No phone was refused" in text_of(admin.get("/authentications/?state=session"))


def test_another_operator_sees_none_of_it(world: World, line: str) -> None:
    other = logged_in(world.an_operator("beta", name="Beta", range_="001012").admin)
    refuse(world, line, "roaming_not_allowed")
    world.a_registration(line)  # type: ignore[arg-type]

    assert "No phone was refused" in text_of(other.get("/authentications/"))
    assert "No phone is registered" in text_of(other.get("/registrations/"))


def test_the_page_of_a_line_tells_how_its_last_authentication_ended(
    world: World, admin: Client, line: str
) -> None:
    world.an_authentication(line)  # type: ignore[arg-type]
    allowed = text_of(admin.get("/lines/46701000001/"))
    world.as_network("UPDATE hot_00.authentication SET last_refusal = %s", ("roaming_not_allowed",))

    refused = text_of(admin.get("/lines/46701000001/"))

    assert "in 001-01 allowed" in allowed
    assert "in 001-01 roaming not allowed" in refused


def test_the_self_test_says_what_is_wrong_with_a_peer(
    world: World, alpha: Seat, admin: Client
) -> None:
    world.a_peer("mme1.example.org")

    page = text_of(admin.get("/peers/test/?peer=mme1.example.org"))

    assert "It does not work: The peer is to use TCP, and we do not listen with TCP." in page
    assert "To do: Set the address that" in page
    assert "Test the connection" in text_of(admin.get("/peers/"))


def test_the_self_test_of_a_phone_names_what_is_no_imsi(
    world: World, alpha: Seat, admin: Client, line: str
) -> None:
    wrong = text_of(admin.get("/peers/test/?imsi=hello"))
    world.a_registration(line)  # type: ignore[arg-type]

    imsi = admin.get("/lines/46701000001/").context["shown"].sim.imsi
    right = text_of(admin.get(f"/peers/test/?imsi={imsi}"))

    assert "IMSI" in wrong
    assert "Registered at mme1.example.org" in right


@pytest.mark.parametrize(
    ("octets", "cell"),
    [
        ("8200f110000100f11000019b01", "cell 1 of eNodeB 411, TAC 1, 001-01"),
        ("8900f1100000", ""),
        ("", ""),
    ],
)
def test_the_cell_of_the_newest_session_is_told_in_words(octets: str, cell: str):
    session = EveryPolicySession(user_location=memoryview(bytes.fromhex(octets)))

    presence = Presence(line=None, registration=None, authentication=None, session=session)

    assert presence.cell == cell
    assert NOWHERE.cell == ""
