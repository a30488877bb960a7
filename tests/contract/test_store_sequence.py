"""The batch statement for sequence numbers does what the domain's functions say."""

import random
from dataclasses import dataclass
from uuid import UUID

import pytest

from tests.harness.databases import TestDatabase
from tests.harness.network import NOW
from wispgate.domain.authentication import sqn as sequence
from wispgate.domain.authentication.errors import SequenceExhausted
from wispgate.domain.authentication.milenage import Milenage
from wispgate.domain.authentication.sqn import (
    DELTA,
    IND_BITS,
    SEQ_MAX,
    SQN_MAX,
    MacFailure,
    NotNeeded,
    ResynchronisationRequest,
    Resynchronised,
    conceal,
)
from wispgate.store.hot import HotStore, Partition

CORE = UUID(int=1)
CARD = Milenage(bytes(range(16)), bytes(range(16, 32)))
STATES = 400


@dataclass(frozen=True)
class Case:
    imsi: str
    sqn: int
    ind: int
    vectors: int
    resync: int | None
    resyncs: int


def draw(chance: random.Random, number: int) -> Case:
    seq = chance.choice(
        (0, 1, chance.randrange(1 << 20), chance.randrange(SEQ_MAX), SEQ_MAX - chance.randrange(8))
    )
    near = seq + chance.choice((-DELTA, -DELTA - 1, -DELTA + 1, DELTA, -1, 0, 1, 2, -5, 5))
    seq_ms = chance.choice((near, near, chance.randrange(SEQ_MAX), SEQ_MAX, 0))
    resync = (max(0, min(SEQ_MAX, seq_ms)) << IND_BITS) | chance.randrange(32)
    return Case(
        imsi=f"{number:015}",
        sqn=seq << IND_BITS | chance.randrange(32),
        ind=chance.randrange(32),
        vectors=chance.randint(1, 5),
        resync=chance.choice((None, resync, resync)),
        resyncs=chance.randrange(5),
    )


def expected(case: Case) -> tuple[int | None, int]:
    """The first number given out, or None, and the one kept afterwards."""
    sqn = case.sqn
    if case.resync is not None:
        rand = bytes(16)
        asked = ResynchronisationRequest(rand, conceal(CARD, rand, case.resync))
        match sequence.resynchronise(CARD, asked, sqn=sqn):
            case Resynchronised(sqn=sqn_ms):
                sqn = sqn_ms
            case NotNeeded():
                pass
            case MacFailure():
                raise AssertionError("the card's own proof holds")
    first: int | None = None
    for _ in range(case.vectors):
        try:
            sqn = sequence.next_sqn(sqn, case.ind)
        except SequenceExhausted:
            return first, SQN_MAX
        first = first if first is not None else sqn
    return first, sqn


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
async def test_numbers_are_issued_as_the_domain_decides(database: TestDatabase, seed: int) -> None:
    print(f"seed {seed}")  # noqa: T201 (shown where it fails)
    chance = random.Random(seed)  # noqa: S311 (a test that can be repeated)
    cases = [draw(chance, number) for number in range(STATES)]
    put(database, cases)
    asked = chance.sample(cases, len(cases))

    async with HotStore(database.dsn("network")) as store:
        rows = await issue(store.public, asked)

    issued = {asked[row["ordinality"] - 1]: row for row in rows}
    kept = kept_numbers(database)
    assert len(issued) == STATES
    for case in cases:
        first, last = expected(case)
        given = issued[case]["first_sqn"]
        assert (case, given if given <= SQN_MAX else None) == (case, first)
        assert (case, kept[case.imsi][0]) == (case, last)
        resyncs = 0 if case.resync is None else case.resyncs + 1
        assert issued[case]["resyncs"] == kept[case.imsi][1] == resyncs


async def test_a_card_that_nobody_has_is_left_out(database: TestDatabase) -> None:
    chance = random.Random(1)  # noqa: S311 (a test that can be repeated)
    known, unknown = draw(chance, 1), draw(chance, 2)
    put(database, [known])

    async with HotStore(database.dsn("network")) as store:
        rows = await issue(store.public, [unknown, known])

    assert [row["ordinality"] for row in rows] == [2]


async def issue(partition: Partition, cases: list[Case]) -> list[dict[str, int]]:
    rows = await partition.fetch(
        "issue_sequence_numbers",
        {
            "core_ids": [CORE for _ in cases],
            "imsis": [case.imsi for case in cases],
            "vectors": [case.vectors for case in cases],
            "inds": [case.ind for case in cases],
            "resync_sqns": [case.resync for case in cases],
            "nodes": ["mme" for _ in cases],
            "plmns": ["001-01" for _ in cases],
            "now": NOW,
        },
    )
    return [dict(row) for row in rows]


def put(database: TestDatabase, cases: list[Case]) -> None:
    with database.admin() as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO hot_00.authentication (core_id, imsi, operator_id, account_id, line_id,"
            " iccid, sealed_key, sqn, consecutive_resyncs)"
            " VALUES (%s, %s, %s, %s, gen_random_uuid(), '1', '', %s, %s)",
            [(CORE, case.imsi, CORE, CORE, case.sqn, case.resyncs) for case in cases],
        )


def kept_numbers(database: TestDatabase) -> dict[str, tuple[int, int]]:
    with database.admin() as connection:
        rows = connection.execute(
            "SELECT imsi, sqn, consecutive_resyncs FROM hot_00.authentication"
        ).fetchall()
    return {imsi: (sqn, resyncs) for imsi, sqn, resyncs in rows}
