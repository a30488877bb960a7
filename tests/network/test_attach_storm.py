"""Four hundred phones at once, as after a power cut: a small copy of `bench.bench_storm`."""

import asyncio

from tests.harness.databases import TestDatabase
from tests.harness.network import MME_HOST, PATIENCE, Rows, an_mme
from tests.network.dialogue import air, result_of, sqn_of, ulr, vectors_of
from wispgate.network.transport.node import DiameterNode
from wispgate.simulator.diameter import DiameterClient
from wispgate.wire.diameter.message import Message

PHONES = 400
HOSTS = [MME_HOST, *(f"mme{number}.epc.test" for number in range(1, 4))]


async def attach(mme: DiameterClient, imsi: str) -> tuple[Message, Message]:
    """What one phone is answered, step after step."""
    authentication = await air(mme, imsi)
    return authentication, await ulr(mme, imsi)


async def test_four_hundred_phones_attach_at_once(
    node: DiameterNode, rows: Rows, database: TestDatabase
) -> None:
    rows.add_peers(HOSTS[1:])
    cards = rows.add_cards(f"00101{number:010d}" for number in range(1, PHONES + 1))
    mmes = [await an_mme(node, host) for host in HOSTS]

    async with asyncio.timeout(PATIENCE * 6):
        answers = await asyncio.gather(
            *(attach(mmes[n % len(mmes)], card.imsi) for n, card in enumerate(cards))
        )

    assert {result_of(answer) for pair in answers for answer in pair} == {2001}
    numbers = []
    for card, (authentication, registration) in zip(cards, answers, strict=True):
        ((rand, xres, autn, _),) = vectors_of(authentication)
        assert len(xres) == 8
        numbers.append(sqn_of(card, autn, rand))
        assert registration.find_avp("Subscription-Data") is not None
    with database.admin() as connection:
        kept = dict(connection.execute("SELECT imsi, sqn FROM hot_00.authentication").fetchall())
        places = connection.execute(
            "SELECT mme_host, count(*) FROM every_registration GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert [kept[card.imsi] for card in cards] == numbers
    assert places == [(host, PHONES // len(HOSTS)) for host in sorted(HOSTS)]
    for mme in mmes:
        await mme.close()
