"""The usual Credit-Control-Request in brief: what decides its answer, and what it reports.

Most requests of a plan's customers ask in the same words. Their `key` is equal, and so is what
they get, as long as line and session are as foreseen; only what they used differs.
"""

from functools import lru_cache
from typing import NamedTuple

from wispgate.domain.charging.requests import MAX_REPORTED_UNITS, total_octets
from wispgate.domain.plan.tariff import UnitKind
from wispgate.network.ocs.translation import find_address, find_unit, plmn_of
from wispgate.wire.diameter.hot.credit_control import HotCcr
from wispgate.wire.diameter.hot.subscriber import Access
from wispgate.wire.diameter.hot.units import ServiceCredit, Units

_INITIAL = 1
_TERMINATION = 3
_IMSI = 1

# Rating group, wish (None: nothing is asked for, 0: the server decides), Service-Identifiers.
GroupKey = tuple[int | None, int | None, tuple[int, ...]]
# CC-Request-Type, visited network, groups in their order.
Key = tuple[int, str, tuple[GroupKey, ...]]


class Brief(NamedTuple):
    """`used` are the octets of each group of the key. `framed_address` goes with a CCR-I alone."""

    key: Key
    used: tuple[int, ...]
    imsi: str
    apn: str
    framed_address: str | None

    @property
    def visited_plmn(self) -> str:
        return self.key[1]


def brief_of(ccr: HotCcr) -> Brief | None:
    """None for what only the whole translation understands, or refuses."""
    kind = ccr.request_type
    if not _INITIAL <= kind <= _TERMINATION or not _counts_octets(ccr.service_context_id or ""):
        return None
    imsi = ccr.find_subscription(_IMSI)
    if imsi is None or not (imsi.isascii() and imsi.isdigit()) or not ccr.session_id:
        return None
    services = ccr.services
    if not services and (ccr.requested is not None or ccr.used):
        return None
    groups, used = [], []
    for credit in services:
        octets = _octets_of(credit.used)
        if octets < 0:
            return None
        groups.append(_group_of(credit, kind))
        used.append(octets)
    if len(groups) > 1 and len({group[0] for group in groups}) < len(groups):
        return None
    return _brief(ccr.access, kind, imsi, tuple(groups), tuple(used))


def _brief(
    access: Access | None,
    kind: int,
    imsi: str,
    groups: tuple[GroupKey, ...],
    used: tuple[int, ...],
) -> Brief:
    if access is None:
        return Brief((kind, "", groups), used, imsi, "", None)
    address = None
    if kind == _INITIAL and access.pdp_addresses:
        address = find_address(access.pdp_addresses[0])
    apn = (access.called_station_id or "").lower()
    return Brief((kind, plmn_of(access.sgsn_mcc_mnc or ""), groups), used, imsi, apn, address)


@lru_cache(maxsize=256)
def _counts_octets(service_context_id: str) -> bool:
    return find_unit(service_context_id) is UnitKind.OCTETS


def _octets_of(reports: list[Units]) -> int:
    """What was used; -1 where a report is no usage."""
    octets = 0
    for units in reports:
        count = _count(units)
        if count > MAX_REPORTED_UNITS:
            return -1
        octets += count
    return octets


def _group_of(credit: ServiceCredit, kind: int) -> GroupKey:
    wanted: int | None = None
    if kind == _TERMINATION:
        pass
    elif credit.requested is not None:
        wanted = _count(credit.requested)
    elif kind == _INITIAL or not credit.used:
        wanted = 0  # nothing said: the server decides how much
    return credit.rating_group, wanted, tuple(credit.service_identifiers)


def _count(units: Units) -> int:
    return total_octets(units.total_octets, uplink=units.input_octets, downlink=units.output_octets)
