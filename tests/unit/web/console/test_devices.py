"""The equipment register in the console, and lines that are locked to devices."""

from django.test import Client

from tests.unit.web.console.conftest import text_of
from tests.unit.web.console.world import Seat, World
from wispgate.business.inventory import equipment
from wispgate.business.inventory.models import EquipmentRange
from wispgate.business.operators import scope as scopes

DEVICE = "35693803564380"


def put(admin: Client, devices: str, colour: str = "black", reason: str = "stolen") -> None:
    given = {"range": devices, "colour": colour, "reason": reason}
    assert admin.post("/devices/put/", given).status_code == 302


def test_an_empty_register_says_what_belongs_there(alpha: Seat, admin: Client):
    page = text_of(admin.get("/devices/"))

    assert "every device may be used that its network lets in" in page
    assert "Put devices on a list" in page


def test_a_model_is_barred_with_a_preview_and_found_by_one_of_its_devices(
    alpha: Seat, admin: Client
):
    asked = text_of(admin.get("/devices/put/?range=35693803&colour=black&reason=recalled"))
    put(admin, "35693803", reason="recalled")

    page = text_of(admin.get(f"/devices/?q={DEVICE}"))

    assert "Put 1 000 000 devices on the black list" in asked
    assert "35693803 (TAC)" in page
    assert "recalled" in page


def test_what_is_no_device_and_no_list_is_said_by_field(alpha: Seat, admin: Client):
    answer = admin.get("/devices/put/?range=12&colour=red")

    errors = {field.name for field in answer.context["fields"] if field.error}
    assert errors == {"range", "colour"}


def test_an_entry_is_taken_off_after_a_question(world: World, alpha: Seat, admin: Client):
    put(admin, DEVICE)
    with scopes.within(world.tenant(alpha)):
        entry = EquipmentRange.objects.get()

    asked = text_of(admin.get(f"/devices/{entry.id}/take-off/"))
    answer = admin.post(f"/devices/{entry.id}/take-off/", {})

    assert "Take 1 entry off" in asked
    assert answer.status_code == 302
    assert DEVICE not in text_of(admin.get("/devices/"))


def test_the_platforms_entries_are_seen_and_left_alone(world: World, alpha: Seat, admin: Client):
    with scopes.within(scopes.Scope(now=world.clock.now(), is_platform=True)):
        entry_id = equipment.put_on_list(DEVICE, colour="black", reason="everywhere")

    page = admin.get("/devices/")
    answer = admin.post(f"/devices/{entry_id}/take-off/", {})

    assert "everywhere" in text_of(page)
    assert "Take off" not in text_of(page)
    assert answer.status_code == 404


def test_a_line_is_locked_to_a_device_and_let_go(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)
    line_id = world.an_active_line(alpha, card, name="Ana Silva", msisdn="46701000000")

    asked = text_of(admin.get(f"/lines/{line_id}/lock_devices/?imeis={DEVICE}"))
    admin.post(f"/lines/{line_id}/lock_devices/", {"imeis": DEVICE})
    locked = text_of(admin.get(f"/lines/{line_id}/"))
    admin.post(f"/lines/{line_id}/lock_devices/", {"imeis": ""})
    let_go = text_of(admin.get(f"/lines/{line_id}/"))

    assert "Lock to 1 device" in asked
    assert DEVICE in locked
    assert "Locked to" not in let_go


def test_a_wrong_imei_stays_in_the_form_with_its_fault(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)
    line_id = world.an_active_line(alpha, card, name="Ana Silva", msisdn="46701000000")

    answer = admin.get(f"/lines/{line_id}/lock_devices/?imeis=35693803564380,12")

    [field] = answer.context["fields"]
    assert field.value == "35693803564380,12"
    assert "not an IMEI" in field.error
