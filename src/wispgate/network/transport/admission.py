"""Who may connect: the allow-list of the cores, by identity, address and application."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from wispgate.domain.policy.capabilities import GENERIC_3GPP, get_core_profile
from wispgate.kernel.errors import NotFound
from wispgate.kernel.plmn import Plmn
from wispgate.network.transport.applications import APPLICATION_IDS, RemotePeer
from wispgate.wire.diameter.capabilities import Capabilities
from wispgate.wire.diameter.results import ResultCode


@dataclass(frozen=True, slots=True)
class Admitted:
    peer: RemotePeer


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """`reason` is for our log and console; the other side gets the result code only."""

    result_code: ResultCode
    reason: str


def decide_admission(
    remote: Capabilities, address: str, allowed: Sequence[Mapping[str, Any]]
) -> Admitted | NotAdmitted:
    """Looks a Capabilities-Exchange-Request up in the rows of `find_peers` for its identity."""
    if not allowed:
        return NotAdmitted(ResultCode.UNKNOWN_PEER, f"{remote.origin_host} is no peer of any core")
    here = [row for row in allowed if _is_within(address, row["addresses"])]
    if not here:
        places = ", ".join(place for row in allowed for place in row["addresses"])
        return NotAdmitted(
            ResultCode.UNKNOWN_PEER,
            f"{remote.origin_host} may connect from {places}, not from {address}",
        )
    realm = remote.origin_realm.lower()
    row = next((row for row in here if row["realm"].lower() == realm), None)
    if row is None:
        expected = ", ".join(row["realm"] for row in here)
        return NotAdmitted(
            ResultCode.UNKNOWN_PEER,
            f"{remote.origin_host} says realm {remote.origin_realm}, its core expects {expected}",
        )
    peer = _peer(row)
    spoken = {application.application_id for application in remote.applications}
    if not remote.is_relay and not spoken & peer.application_ids:
        return NotAdmitted(
            ResultCode.NO_COMMON_APPLICATION,
            f"{remote.origin_host} announces none of {', '.join(row['applications'])}",
        )
    return Admitted(peer)


def _peer(row: Mapping[str, Any]) -> RemotePeer:
    return RemotePeer(
        core_id=row["core_id"],
        core=row["core"],
        identity=row["identity"],
        realm=row["realm"],
        profile=_core_profile(row["profile"]),
        home_plmns=tuple(Plmn.parse(plmn) for plmn in row["plmns"]),
        unknown_imsi=row["unknown_imsi"],
        application_ids=frozenset(APPLICATION_IDS[name] for name in row["applications"]),
    )


def _core_profile(name: str) -> str:
    """How the core behaves; one that this version has no row for is taken for full 3GPP."""
    try:
        return get_core_profile(name).name
    except NotFound:
        return GENERIC_3GPP.name


def _is_within(address: str, places: Sequence[str]) -> bool:
    seen = _plain(ip_address(address))
    return any(seen in ip_network(place, strict=False) for place in places)


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
