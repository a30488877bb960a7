"""The simulated MME against the product's own node and database, in virtual time."""

from datetime import timedelta
from random import Random

import pytest

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import MME_HOST, NOW, REALM, Rows, a_node
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.domain.policy.profile import Barring
from wispgate.kernel.plmn import Plmn
from wispgate.simulator.clocks import VirtualTime
from wispgate.simulator.dialects import OPEN5GS
from wispgate.simulator.epc import EpcSettings, SimulatedEpc

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
