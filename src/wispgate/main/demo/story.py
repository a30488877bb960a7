"""Who the demo's customers are and what they did: the same at every founding."""

from dataclasses import dataclass
from random import Random
from typing import Final

GIB: Final = 10**9

# Code, name, price, and the terms of a `PlanDefinition`.
PLANS: Final = (
    (
        "start-5", "Start 5 GB", "8.00",
        {
            "data_octets": 5 * GIB, "speed_up_bps": 5_000_000, "speed_down_bps": 20_000_000,
            "slice_octets": 20_000_000, "validity_time_seconds": 120,
        },
    ),
    (
        "smart-40", "Smart 40 GB", "19.00",
        {
            "data_octets": 40 * GIB, "speed_up_bps": 10_000_000, "speed_down_bps": 50_000_000,
            "at_exhaustion": "throttle", "throttled_up_bps": 256_000,
            "throttled_down_bps": 512_000, "slice_octets": 50_000_000,
            "validity_time_seconds": 120,
        },
    ),
    (
        "endless", "Endless", "39.00",
        {
            "speed_up_bps": 25_000_000, "speed_down_bps": 100_000_000,
            "slice_octets": 100_000_000, "validity_time_seconds": 120,
        },
    ),
)  # fmt: skip

_GIVEN: Final = [
    "Amal",
    "Brook",
    "Chipo",
    "Dana",
    "Eun-ji",
    "Farid",
    "Grete",
    "Hana",
    "Ifeoma",
    "Jonas",
    "Kavita",
    "Lars",
    "Mireille",
    "Noor",
    "Oksana",
    "Pablo",
    "Quynh",
    "Rosa",
    "Samir",
    "Tove",
    "Ulla",
    "Viktor",
    "Wanjiru",
    "Ximena",
    "Yara",
]
_FAMILY: Final = [
    "Haddad",
    "Larsen",
    "Moyo",
    "Petrov",
    "Park",
    "Rahimi",
    "Sommer",
    "Tanaka",
    "Okafor",
    "Weber",
    "Rao",
    "Nilsen",
    "Dubois",
    "Aziz",
    "Bondar",
    "Vega",
    "Tran",
    "Conti",
    "Saleh",
    "Berg",
]
_COMPANIES: Final = ("Northwind Logistics", "Harbour Hotels", "Blue Pine Forestry")

CUSTOMERS: Final = 50
PHONES: Final = 20
SPARE_CARDS: Final = 10
DAYS: Final = 14
_FIRST_LATE: Final = 34
# How busy the network is in each hour of a day. A line is used every third hour.
_BUSY: Final = (4, 3, 2, 1, 1, 2, 4, 6, 7, 7, 8, 8, 9, 8, 8, 9, 10, 11, 12, 13, 13, 12, 9, 6)
_EVERY_HOURS: Final = 3


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer with one line. `fate` is active, pending, or a reason of suspension."""

    name: str
    party: str
    msisdn: str
    plan: str
    fate: str
    # On which of the days the line was activated; the oldest is 0.
    joined_day: int
    # Octets that the line used on each of the days, the oldest first.
    daily_octets: tuple[int, ...]


def customers() -> list[Customer]:
    """The demo's customers; the first `PHONES` of them have a phone that is on."""
    random = Random(4711)  # noqa: S311 (a story, no secret)
    return [_customer(number, random) for number in range(CUSTOMERS)]


def _customer(number: int, random: Random) -> Customer:
    plan = PLANS[(0, 1, 1, 2)[number % 4]][0]
    is_company = number % 17 == 11
    name = (
        _COMPANIES[number // 17 % len(_COMPANIES)]
        if is_company
        else f"{_GIVEN[number % len(_GIVEN)]} {_FAMILY[number * 7 % len(_FAMILY)]}"
    )
    typical = {"start-5": 120_000_000, "smart-40": 1_100_000_000, "endless": 2_500_000_000}[plan]
    days = tuple(int(typical * random.uniform(0.2, 1.8)) for _ in range(DAYS))
    return Customer(
        name=name,
        party="organization" if is_company else "person",
        msisdn=f"1555010{number + 1:04d}",
        plan=plan,
        fate=_fate(number),
        joined_day=_joined_day(number),
        daily_octets=days,
    )


def share_of(customer: Customer, hour: int) -> float:
    """What part of a day's octets the customer uses in an hour of it."""
    turn = int(customer.msisdn) % _EVERY_HOURS
    if hour % _EVERY_HOURS != turn:
        return 0.0
    return _BUSY[hour] / sum(_BUSY[turn::_EVERY_HOURS])


def _joined_day(number: int) -> int:
    """Most are there from the first day; the others come one by one, the last of them yesterday."""
    late = number - _FIRST_LATE
    return 0 if late < 0 else 1 + late * (DAYS - 2) // (CUSTOMERS - 1 - _FIRST_LATE)


def _fate(number: int) -> str:
    if number < PHONES:
        return "active"
    fates = {23: "overdue", 27: "lost_sim", 31: "pending", 37: "overdue", 41: "customer_request"}
    return fates.get(number, "active")
