"""The simulated MME against the product's own node and database, in virtual time."""

from datetime import timedelta
from random import Random

import pytest

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import MME_HOST, NOW, REALM, Rows, a_node, until
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.domain.policy.profile import Barring
from wispgate.kernel.plmn import Plmn
from wispgate.simulator.clocks import VirtualTime
from wispgate.simulator.dialects import OPEN5GS
from wispgate.simulator.epc import EpcSettings, SimulatedEpc
from wispgate.simulator.link import Endpoint, Link
from wispgate.wire.diameter.capabilities import Application
from wispgate.wire.diameter.commands import APPLICATION_GX, COMMAND_CREDIT_CONTROL, VENDOR_3GPP
from wispgate.wire.diameter.message import AvpItem

IMSI = "001010000000001"
SMF_HOST = "smf.epc.test"


@pytest.mark.parametrize(
    ("barring", "cause", "retries"),
    [(Barring.NO_ATTACH, 15, True), (Barring.WITHDRAWN, 8, False)],
)
async def test_a_barred_phone_obeys_the_cause_that_the_product_gives(
    database: TestDatabase, opening_key: OpeningKey,
    barring: Barring, cause: int, retries: bool,
) -> None:  # fmt: skip
    rows = Rows(database, opening_key)
    rows.add_core(profile="open5gs")
    rows.add_peer(SMF_HOST, profile="open5gs", applications=("gx", "gy"))
    card = rows.add_card(IMSI, barring=barring)
    clock = TravellingClock(NOW)
    async with a_node(database, opening_key, clock=clock) as node:
        settings = EpcSettings(
            address="127.0.0.1", port=node.port, realm=REALM, mme_host=MME_HOST,
            smf_host=MME_HOST, plmn=Plmn("001", "01"), dialect=OPEN5GS,
        )  # fmt: skip
        async with SimulatedEpc(settings, time=VirtualTime(clock), random=Random(1)) as epc:  # noqa: S311
            phone = epc.add_ue(IMSI, card.k, card.opc)

            await epc.attach(phone)

            await epc.run(timedelta(hours=1))
    assert not phone.is_attached
    assert phone.last_cause == cause
    assert (phone.next_attempt_at is not None) is retries


async def test_sessions_of_a_core_that_began_anew_are_ended(
    database: TestDatabase, opening_key: OpeningKey
) -> None:
    rows = Rows(database, opening_key)
    rows.add_core()
    rows.add_peer(SMF_HOST, applications=("gx", "gy"))
    rows.add_card(IMSI)
    clock = TravellingClock(NOW)
    async with a_node(database, opening_key, clock=clock) as node:
        for state in (1, 1, 2):
            smf = Link(
                SMF_HOST, REALM, applications=[Application(APPLICATION_GX, VENDOR_3GPP)],
                endpoint=Endpoint("127.0.0.1", node.port, origin_state_id=state),
                serve=lambda _: b"",
            )  # fmt: skip
            await smf.connect()
            if state == 1:
                await open_session(smf)
            else:
                await until(lambda: open_sessions(rows) == 0)
            await smf.close()
            await until(lambda: not node.open_peers)
            clock.advance(minutes=1)
            assert open_sessions(rows) == (1 if state == 1 else 0)


async def open_session(smf: Link) -> None:
    """The same one each time."""
    request: list[AvpItem] = [
        ("Session-Id", f"{SMF_HOST};1;1"),
        ("Auth-Application-Id", APPLICATION_GX),
        ("Origin-Host", SMF_HOST),
        ("Origin-Realm", REALM),
        ("Destination-Realm", REALM),
        ("CC-Request-Type", 1),
        ("CC-Request-Number", 0),
        ("Subscription-Id", [("Subscription-Id-Type", 1), ("Subscription-Id-Data", IMSI)]),
        ("Called-Station-Id", "internet"),
    ]
    _, answer = await smf.request(APPLICATION_GX, COMMAND_CREDIT_CONTROL, request)
    assert answer.get_int("Result-Code") == 2001


def open_sessions(rows: Rows) -> int:
    with rows.database.admin() as connection:
        query = "SELECT count(*) FROM hot_00.policy_session WHERE is_open"
        return int(connection.execute(query).fetchall()[0][0])
