"""The equipment register over real sockets: TS 29.272 section 6.2.1, by clause."""

from uuid import UUID

import psycopg
import pytest

from tests.harness.network import HOST, MME_HOST, NOW, REALM, Card, Rows, new_id
from wispgate.domain.policy.profile import NetworkProfile
from wispgate.simulator.diameter import DiameterClient
from wispgate.store import tenancy
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.header import FLAG_PROXIABLE, FLAG_REQUEST, Header
from wispgate.wire.diameter.message import AvpItem, Message, decode_message, encode_message
from wispgate.wire.diameter.validation import check_answer

IMSI = "001010000000001"
DEVICE = "35693803564380"
WHITE, BLACK, GREY = 0, 1, 2


@pytest.fixture
def rows(rows: Rows) -> Rows:
    with rows.database.connect("web") as connection:
        connection.execute(tenancy.set_local({"app.platform": "on", "app.actor": "test"}))
        connection.execute("UPDATE operators_peer SET applications = '{s6a,s13}'")
    return rows


def put_on_list(rows: Rows, first: str, last: str, colour: str, *, owner: UUID | None) -> None:
    settings = {"app.operator": str(owner or ""), "app.platform": "" if owner else "on"}
    with rows.database.connect("web") as connection:
        connection.execute(tenancy.set_local(settings))
        connection.execute(
            "INSERT INTO inventory_equipmentrange VALUES (%s, %s, %s, %s, '', %s, %s)",
            (new_id(), first, last, colour, NOW, owner),
        )


def set_unknown_device(rows: Rows, value: str) -> None:
    with rows.database.connect("web") as connection:
        connection.execute(tenancy.set_local({"app.platform": "on", "app.actor": "test"}))
        connection.execute("UPDATE operators_core SET unknown_device = %s", (value,))


def lock_to(rows: Rows, card: Card, *devices: str) -> None:
    with rows.connect() as connection:
        found = connection.execute(
            "SELECT profile::text FROM hot_00.line WHERE line_id = %s", (card.line_id,)
        ).fetchone()
        assert found is not None
        profile = NetworkProfile.decode(found[0])
        text = profile.encode().replace('"version"', f'"device_lock":{list(devices)!r},"version"')
        connection.execute(
            "UPDATE hot_00.line SET profile = %s WHERE line_id = %s",
            (text.replace("'", '"'), card.line_id),
        )


def seen(rows: Rows) -> list[tuple[str, str]]:
    with rows.connect() as connection:
        return connection.execute(
            "SELECT imsi, device FROM hot_00.equipment ORDER BY device"
        ).fetchall()


def events(rows: Rows) -> list[tuple[str, dict[str, str]]]:
    with rows.connect() as connection:
        return connection.execute(
            "SELECT kind, payload FROM hot_00.outbox WHERE kind = 'line.device_changed'"
        ).fetchall()


async def check(
    mme: DiameterClient, device: str | None, *, imsi: str = "", version: str = "01"
) -> Message:
    terminal: list[AvpItem] = [("Software-Version", version)] if version else []
    terminal += [("IMEI", device)] if device is not None else []
    avps: list[AvpItem] = [
        ("Session-Id", f"{MME_HOST};1;{new_id()};app_s13"),
        ("Vendor-Specific-Application-Id", [
            ("Vendor-Id", commands.VENDOR_3GPP),
            ("Auth-Application-Id", commands.APPLICATION_S13),
        ]),
        ("Auth-Session-State", 1),
        ("Origin-Host", MME_HOST),
        ("Origin-Realm", REALM),
        ("Destination-Host", HOST),
        ("Destination-Realm", REALM),
        ("Terminal-Information", terminal),
    ]  # fmt: skip
    if imsi:
        avps.append(("User-Name", imsi))
    answer = await mme.request(commands.APPLICATION_S13, commands.COMMAND_ME_IDENTITY_CHECK, avps)
    assert check_answer(answer) is None
    return answer


async def status(mme: DiameterClient, device: str, *, imsi: str = "") -> int:
    answer = await check(mme, device, imsi=imsi)
    assert answer.get_int("Result-Code") == 2001
    return answer.get_int("Equipment-Status")


async def test_6_2_1_3_a_device_is_told_by_the_list_that_it_is_on(
    rows: Rows, mme: DiameterClient
) -> None:
    put_on_list(rows, "35693803000000", "35693803999999", "grey", owner=rows.operator_id)
    put_on_list(rows, DEVICE, DEVICE, "black", owner=None)

    assert await status(mme, DEVICE) == BLACK
    assert await status(mme, "356938035643810") == GREY
    assert await status(mme, "99999999999999") == WHITE


@pytest.mark.parametrize(("setting", "told"), [("white", 0), ("grey", 2), ("black", 1)])
async def test_a_device_in_no_list_is_what_the_core_takes_it_for(
    rows: Rows, mme: DiameterClient, setting: str, told: int
) -> None:
    set_unknown_device(rows, setting)

    assert await status(mme, DEVICE) == told


async def test_7_4_3_6_a_device_in_no_list_is_unknown_where_the_core_says_so(
    rows: Rows, mme: DiameterClient
) -> None:
    set_unknown_device(rows, "unknown")

    answer = await check(mme, DEVICE)

    assert answer.get_avp("Experimental-Result").members.get_int("Experimental-Result-Code") == 5422
    assert answer.find_avp("Equipment-Status") is None


async def test_a_list_of_another_operator_is_no_matter(rows: Rows, mme: DiameterClient) -> None:
    other = new_id()
    with rows.database.connect("web") as connection:
        connection.execute(tenancy.set_local({"app.platform": "on", "app.actor": "test"}))
        connection.execute(
            "INSERT INTO operators_operator (id, slug, name, kind, currency, time_zone, languages,"
            " created_at) VALUES (%s, 'other', 'Other', 'mno', 'EUR', 'UTC', '{en}', %s)",
            (other, NOW),
        )
    put_on_list(rows, DEVICE, DEVICE, "black", owner=other)
    rows.add_card(IMSI)

    assert await status(mme, DEVICE, imsi=IMSI) == WHITE
    assert await status(mme, DEVICE) == WHITE


async def test_a_locked_line_is_let_in_with_its_own_device_only(
    rows: Rows, mme: DiameterClient
) -> None:
    lock_to(rows, rows.add_card(IMSI), DEVICE)

    assert await status(mme, DEVICE, imsi=IMSI) == WHITE
    assert await status(mme, "35693803564381", imsi=IMSI) == BLACK


async def test_a_card_is_seen_in_its_devices_and_a_change_is_told_once(
    rows: Rows, mme: DiameterClient
) -> None:
    card = rows.add_card(IMSI)
    other = "35693803564381"

    for device in (DEVICE, DEVICE + "9", other, other):
        await status(mme, device, imsi=IMSI)

    assert seen(rows) == [(IMSI, DEVICE), (IMSI, other)]
    assert events(rows) == [
        (
            "line.device_changed",
            {"imsi": IMSI, "device": other, "previous_device": DEVICE},
        )
    ]
    assert card.line_id


async def test_a_guest_is_checked_by_the_platforms_lists(rows: Rows, mme: DiameterClient) -> None:
    put_on_list(rows, DEVICE, DEVICE, "black", owner=None)

    assert await status(mme, DEVICE, imsi="262010000000001") == BLACK
    assert seen(rows) == []


@pytest.mark.parametrize(
    ("device", "imsi", "code"),
    [(None, "", 5005), ("3569380356", "", 5004), (DEVICE, "12", 5004)],
)
async def test_what_is_no_device_or_no_card_is_named(
    mme: DiameterClient, device: str | None, imsi: str, code: int
) -> None:
    answer = await check(mme, device, imsi=imsi)

    assert answer.get_int("Result-Code") == code
    assert answer.find_avp("Failed-AVP") is not None


async def test_another_command_of_the_application_is_not_supported(mme: DiameterClient) -> None:
    header = Header(
        FLAG_REQUEST | FLAG_PROXIABLE, commands.COMMAND_PURGE_UE, commands.APPLICATION_S13, 1, 1
    )
    avps: list[AvpItem] = [("Session-Id", "x;1;1"), ("Origin-Host", MME_HOST)]
    assert decode_message(encode_message(header, avps)).header.command_code

    answer = await mme.request(commands.APPLICATION_S13, commands.COMMAND_PURGE_UE, avps)

    assert answer.get_int("Result-Code") == 3001


def test_the_wall_holds_for_lists(rows: Rows) -> None:
    statement = "INSERT INTO inventory_equipmentrange VALUES (%s, %s, %s, 'black', '', %s, NULL)"
    with rows.database.connect("web") as connection:
        connection.execute(tenancy.set_local_operator(rows.operator_id))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement, (new_id(), DEVICE, DEVICE, NOW))
        connection.rollback()
