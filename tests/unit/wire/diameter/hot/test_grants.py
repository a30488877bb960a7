"""CCAs from templates are, octet for octet, those that names would give. Seeds are in the names."""

import random

import pytest

from tests.unit.wire.diameter.hot.requests import a_full_ccr, a_full_gx_ccr
from wispgate.wire.diameter.answers import Origin, Result, answer_to, experimental
from wispgate.wire.diameter.hot import gx
from wispgate.wire.diameter.hot.credit_control import decode_ccr
from wispgate.wire.diameter.hot.grants import (
    CreditControlAnswers,
    encode_octets_service,
    encode_service,
    final_unit,
    grant_octets,
    grant_seconds,
    grant_units,
    quota_holding_time,
    time_threshold,
    unit_threshold,
    volume_threshold,
)
from wispgate.wire.diameter.message import AvpItem, decode_message, encode_avps
from wispgate.wire.diameter.types import decode_time

ORIGIN = Origin("ocs.example", "example")
ANSWERS = CreditControlAnswers(ORIGIN)
CHANGE_AT = 0xEC_00_00_00


def generic_cca(raw: bytes, result: Result | int, avps: list[AvpItem]) -> bytes:
    message = decode_message(raw)
    common: list[AvpItem] = [
        ("Auth-Application-Id", message.header.application_id),
        ("CC-Request-Type", message.get_int("CC-Request-Type")),
        ("CC-Request-Number", message.get_int("CC-Request-Number")),
    ]
    return answer_to(message, result, ORIGIN, [*common, *avps])


@pytest.mark.parametrize("result_code", [2001, 4010, 5030, 3004])
def test_a_cca_of_one_result_equals_the_generic_one(result_code: int) -> None:
    raw = a_full_ccr()
    ccr = decode_ccr(raw)
    assert ccr is not None

    cca = ANSWERS.encode_cca(ccr, result_code)

    assert cca == generic_cca(raw, result_code, [])


def test_a_cca_of_gx_equals_the_generic_one() -> None:
    raw = a_full_gx_ccr()
    ccr = gx.decode_ccr(raw)
    assert ccr is not None
    answers = CreditControlAnswers(ORIGIN, 16777238)
    more: list[AvpItem] = [("Charging-Rule-Install", [("Charging-Rule-Name", b"gold")])]

    cca = answers.encode_cca(ccr, 2001, encode_avps(more))

    assert cca == generic_cca(raw, 2001, more)


@pytest.mark.parametrize(
    "result",
    [
        experimental(5140),
        Result(5004, failed_avp=encode_avps([("Rating-Group", 1)]), error_message="no"),
        Result(3007),
    ],
)
def test_a_result_of_any_kind_equals_the_generic_one(result: Result) -> None:
    raw = a_full_ccr()
    ccr = decode_ccr(raw)
    assert ccr is not None
    common = encode_avps([("Auth-Application-Id", 4)])

    answer = ANSWERS.encode_result(ccr, result)

    assert answer == answer_to(decode_message(raw), result, ORIGIN, [common])


def test_the_usual_service_is_that_of_the_pieces() -> None:
    pieces = encode_service(
        grant_octets(10**10),
        rating_group=10,
        validity_seconds=3600,
        result_code=2001,
        more=volume_threshold(10**6),
    )

    usual = encode_octets_service(
        10**10,
        rating_group=10,
        validity_seconds=3600,
        result_code=2001,
        more=volume_threshold(10**6),
    )

    assert usual == pieces


GRANTS: list[tuple[bytes, list[AvpItem]]] = [
    (b"", []),
    (grant_octets(0), [("CC-Total-Octets", 0)]),
    (grant_octets(2**64 - 1), [("CC-Total-Octets", 2**64 - 1)]),
    (grant_units(3), [("CC-Service-Specific-Units", 3)]),
    (grant_seconds(60), [("CC-Time", 60)]),
]


@pytest.mark.parametrize(("octets", "unit"), GRANTS)
def test_granted_units_equal_the_generic_ones(octets: bytes, unit: list[AvpItem]) -> None:
    expected = encode_avps([("Granted-Service-Unit", unit)]) if unit else b""

    assert octets == expected


@pytest.mark.parametrize(
    ("octets", "unit"),
    [
        (grant_octets(5, tariff_change_at=CHANGE_AT), ("CC-Total-Octets", 5)),
        (grant_units(5, tariff_change_at=CHANGE_AT), ("CC-Service-Specific-Units", 5)),
        (grant_seconds(5, tariff_change_at=CHANGE_AT), ("CC-Time", 5)),
    ],
)
def test_units_before_a_tariff_change_equal_the_generic_ones(octets: bytes, unit: AvpItem) -> None:
    change: AvpItem = ("Tariff-Time-Change", decode_time(CHANGE_AT.to_bytes(4, "big")))

    assert octets == encode_avps([("Granted-Service-Unit", [change, unit])])


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (volume_threshold(1), ("Volume-Quota-Threshold", 1)),
        (time_threshold(2), ("Time-Quota-Threshold", 2)),
        (unit_threshold(3), ("Unit-Quota-Threshold", 3)),
        (quota_holding_time(4), ("Quota-Holding-Time", 4)),
        (final_unit(0), ("Final-Unit-Indication", [("Final-Unit-Action", 0)])),
        (
            final_unit(1, redirect=(2, "http://portal.example/")),
            ("Final-Unit-Indication", [
                ("Final-Unit-Action", 1),
                ("Redirect-Server", [
                    ("Redirect-Address-Type", 2),
                    ("Redirect-Server-Address", "http://portal.example/"),
                ]),
            ]),
        ),
        (
            final_unit(2, filter_ids=["garden"], restriction_rules=["permit out ip from any to any"]),
            ("Final-Unit-Indication", [
                ("Final-Unit-Action", 2),
                ("Restriction-Filter-Rule", "permit out ip from any to any"),
                ("Filter-Id", "garden"),
            ]),
        ),
    ],
)  # fmt: skip
def test_marks_of_a_grant_equal_the_generic_ones(octets: bytes, expected: AvpItem) -> None:
    assert octets == encode_avps([expected])


@pytest.mark.parametrize("seed", [20261128])
def test_services_of_any_make_equal_the_generic_ones(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, and nobody's secret
    raw = a_full_ccr()
    ccr = decode_ccr(raw)
    assert ccr is not None

    for _ in range(500):
        services = [_any_service(chance) for _ in range(chance.randrange(4))]
        cca = ANSWERS.encode_cca(ccr, 2001, b"".join(octets for octets, _ in services))
        assert cca == generic_cca(raw, 2001, [avps for _, avps in services])


def _any_service(chance: random.Random) -> tuple[bytes, AvpItem]:
    """One Multiple-Services-Credit-Control both ways."""
    granted, unit = chance.choice(GRANTS)
    rating_group = chance.choice([None, 0, 10, 2**32 - 1])
    validity = chance.choice([None, 0, 3600])
    identifiers = chance.choice([[], [1], [1, 2]])
    threshold = chance.choice([None, 5])
    octets = encode_service(
        granted,
        rating_group=rating_group,
        validity_seconds=validity,
        service_identifiers=identifiers,
        result_code=2001,
        more=b"" if threshold is None else volume_threshold(threshold),
    )
    avps: list[AvpItem] = [("Granted-Service-Unit", unit)] if unit else []
    avps += [("Service-Identifier", identifier) for identifier in identifiers]
    avps += [] if rating_group is None else [("Rating-Group", rating_group)]
    avps += [] if validity is None else [("Validity-Time", validity)]
    avps.append(("Result-Code", 2001))
    avps += [] if threshold is None else [("Volume-Quota-Threshold", threshold)]
    return octets, ("Multiple-Services-Credit-Control", avps)
