"""A request in brief says what its whole translation says. Seeds are in the names."""

import random

import pytest

from tests.unit.network.ocs.test_usual import ACCESS, REQUESTS, a_ccr, an_mscc, used
from tests.unit.wire.diameter.hot.mutation import reshaped
from tests.unit.wire.diameter.test_hostile_input import mutated
from wispgate.domain.charging.requests import RequestKind
from wispgate.domain.plan.tariff import UnitKind
from wispgate.network.ocs.brief import Brief, brief_of
from wispgate.network.ocs.foreseen import Foreseen, Memory, MemoryKey
from wispgate.network.ocs.stored import StoredAnswer
from wispgate.network.ocs.usual import read_hot
from wispgate.store.plans import BASIC
from wispgate.wire.diameter.hot.credit_control import decode_ccr
from wispgate.wire.diameter.message import AvpItem

CORE = BASIC[0]


def a_brief(*avps: AvpItem, kind: int = 2, context: str = "32251@3gpp.org") -> Brief | None:
    ccr = decode_ccr(a_ccr(*avps, kind=kind, context=context))
    assert ccr is not None
    return brief_of(ccr)


def agree(raw: bytes) -> bool:
    """Whether there is a brief; if there is, it has been compared with the translation."""
    ccr = decode_ccr(raw)
    brief = None if ccr is None else brief_of(ccr)
    if ccr is None or brief is None:
        return False
    asked = read_hot(ccr)
    charge = asked.charge
    assert (charge.unit, asked.is_command_level) == (UnitKind.OCTETS, False)
    assert brief.key == (
        asked.type,
        charge.visited_plmn,
        tuple(
            (g.rating_group, g.wanted_units, tuple(asked.service_ids_of(g.rating_group)))
            for g in charge.groups
        ),
    )
    assert list(brief.used) == [sum(u.octets for u in g.used) for g in charge.groups]
    assert asked.identities[0] == ("imsi", brief.imsi)
    assert (brief.apn, brief.visited_plmn) == (asked.apn, charge.visited_plmn)
    is_opening = charge.kind is RequestKind.INITIAL
    assert brief.framed_address == (asked.framed_address if is_opening else None)
    return True


def test_requests_in_brief_say_what_their_translation_says() -> None:
    assert sum(agree(raw) for raw in REQUESTS) >= 8


@pytest.mark.parametrize("seed", [20261126, 20261127])
def test_reshaped_requests_in_brief_say_the_same(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, and nobody's secret

    taken = sum(agree(reshaped(chance.choice(REQUESTS), chance)) for _ in range(2_000))

    assert taken > 200


@pytest.mark.parametrize("seed", [20261128])
def test_mutated_requests_in_brief_say_the_same(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, and nobody's secret

    taken = sum(agree(mutated(chance.choice(REQUESTS), chance)) for _ in range(6_000))

    assert taken > 100


@pytest.mark.parametrize(
    ("avps", "kind", "context"),
    [
        ([an_mscc(10, used(5))], 4, "32251@3gpp.org"),
        ([an_mscc(10, used(5))], 2, "32260@3gpp.org"),
        ([used(5)], 2, "32251@3gpp.org"),
        ([an_mscc(10, used(2**51))], 2, "32251@3gpp.org"),
        ([an_mscc(10, used(5)), an_mscc(10, used(5))], 2, "32251@3gpp.org"),
    ],
)
def test_what_needs_the_whole_translation_has_no_brief(
    avps: list[AvpItem], kind: int, context: str
) -> None:
    assert a_brief(*avps, kind=kind, context=context) is None


def test_requests_of_one_wording_have_one_key() -> None:
    one = a_brief(an_mscc(10, ("Requested-Service-Unit", []), used(5)), ACCESS)
    other = a_brief(an_mscc(10, ("Requested-Service-Unit", []), used(9)), ACCESS)

    assert one is not None
    assert other is not None
    assert (one.key, one.used, other.used) == (other.key, (5,), (9,))


def test_a_full_memory_begins_anew() -> None:
    memory = Memory(capacity=2)
    foreseen = Foreseen((), StoredAnswer(2001), b"")
    keys: list[MemoryKey] = [(BASIC, CORE, "any", (2, str(n), ())) for n in range(3)]

    for key in keys:
        memory.keep(key, foreseen)

    assert [memory.find(key) for key in keys] == [None, None, foreseen]
