"""Stored answers: what is kept is what comes back; the laid-out octets are the dictionary's."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wispgate.domain.charging.requests import ChargeRequest, RequestKind, ServiceGroup
from wispgate.domain.plan.exhaustion import Block, FinalAction
from wispgate.domain.plan.tariff import UnitKind
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.money import Money
from wispgate.network.ocs.answers import build_answer
from wispgate.network.ocs.stored import StoredAnswer, StoredGroup
from wispgate.network.ocs.translation import CreditControl
from wispgate.wire.diameter.answers import Origin, answer_to
from wispgate.wire.diameter.header import FLAG_PROXIABLE, FLAG_REQUEST, Header
from wispgate.wire.diameter.message import AvpItem, decode_message, encode_message

ORIGIN = Origin("ocs.epc.test", "epc.test")
UNIT_NAMES = {
    UnitKind.OCTETS: ("CC-Total-Octets", "Volume-Quota-Threshold"),
    UnitKind.SECONDS: ("CC-Time", "Time-Quota-Threshold"),
    UnitKind.MESSAGES: ("CC-Service-Specific-Units", "Unit-Quota-Threshold"),
}
FINALS = (
    Block(),
    Block(FinalAction.REDIRECT, "http://topup.example/ä"),
    Block(FinalAction.RESTRICT_ACCESS, filter_ids=("one", "two")),
)
U32 = st.integers(0, 2**32 - 1)
GROUPS = st.builds(
    StoredGroup,
    rating_group=st.none() | U32,
    result_code=st.sampled_from([2001, 4012, 5031]),
    unit=st.sampled_from(list(UNIT_NAMES)),
    units=st.none() | U32,
    validity_seconds=U32,
    threshold_units=U32,
    tariff_change_at=st.none() | st.just(datetime(2026, 11, 23, 20, tzinfo=UTC)),
    final=st.none() | st.sampled_from(FINALS),
)
ANSWERS = st.builds(
    StoredAnswer,
    result_code=st.sampled_from([2001, 4010, 4012, 5002, 5012]),
    groups=st.lists(GROUPS, max_size=3).map(tuple),
    cost=st.none() | st.decimals(0, 10**9, places=6).map(lambda d: Money(Decimal(d), "EUR")),
    is_enough=st.none() | st.booleans(),
)


@given(ANSWERS)
def test_a_stored_answer_comes_back_as_it_was(answer: StoredAnswer) -> None:
    assert StoredAnswer.decode(answer.encode()) == answer


def test_an_answer_of_another_version_is_refused() -> None:
    data = StoredAnswer(result_code=2001).encode()

    with pytest.raises(InvalidValue):
        StoredAnswer.decode(b"\x7f" + data[1:])


@given(st.lists(GROUPS, max_size=3, unique_by=lambda g: g.rating_group), st.booleans())
def test_the_octets_of_an_answer_are_those_of_the_dictionary(
    groups: list[StoredGroup], is_initial: bool
) -> None:
    kind, number = (1, 0) if is_initial else (2, 7)
    session: list[AvpItem] = [("Session-Id", "gw;1;2"), ("Proxy-Info", [
        ("Proxy-Host", "dra.epc.test"), ("Proxy-State", b"abc"),
    ])]  # fmt: skip
    header = Header(FLAG_REQUEST | FLAG_PROXIABLE, 272, 4, 5, 6)
    message = decode_message(encode_message(header, session))
    asked = CreditControl(
        type=kind,
        charge=ChargeRequest(
            session_id="gw;1;2",
            number=number,
            kind=RequestKind.INITIAL if is_initial else RequestKind.UPDATE,
            groups=tuple(ServiceGroup(g.rating_group) for g in groups),
        ),
        identities=(),
        services={groups[0].rating_group: (3, 4)} if groups else {},
    )

    octets = build_answer(
        message, ORIGIN, asked, StoredAnswer(result_code=2001, groups=tuple(groups))
    )

    expected: list[AvpItem] = [
        ("Auth-Application-Id", 4), ("CC-Request-Type", kind), ("CC-Request-Number", number),
        *([("CC-Session-Failover", 1)] if is_initial else []),
        *(group_avps(group, asked) for group in groups),
    ]  # fmt: skip
    assert octets == answer_to(message, 2001, ORIGIN, expected)


def group_avps(group: StoredGroup, asked: CreditControl) -> AvpItem:
    counter, threshold = UNIT_NAMES[group.unit]
    avps: list[Any] = []
    if group.units is not None:
        change = group.tariff_change_at
        units: list[Any] = [] if change is None else [("Tariff-Time-Change", change)]
        avps.append(("Granted-Service-Unit", [*units, (counter, group.units)]))
    avps += [("Service-Identifier", i) for i in asked.service_ids_of(group.rating_group)]
    if group.rating_group is not None:
        avps.append(("Rating-Group", group.rating_group))
    if group.validity_seconds:
        avps.append(("Validity-Time", group.validity_seconds))
    if group.final is not None:
        avps.append(("Final-Unit-Indication", final_avps(group.final)))
    if group.threshold_units:
        avps.append((threshold, group.threshold_units))
    return ("Multiple-Services-Credit-Control", [*avps, ("Result-Code", group.result_code)])


def final_avps(final: Block) -> list[Any]:
    actions = list(FinalAction)
    avps: list[Any] = [("Final-Unit-Action", actions.index(final.final_action))]
    avps += [("Filter-Id", name) for name in final.filter_ids]
    if final.redirect_url:
        server = [("Redirect-Address-Type", 2), ("Redirect-Server-Address", final.redirect_url)]
        avps.append(("Redirect-Server", server))
    return avps
