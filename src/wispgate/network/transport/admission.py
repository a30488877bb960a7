"""Who may connect: the allow-list of the cores, by identity, address and application."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from wispgate.domain.diagnosis.evidence import KnockCause
from wispgate.domain.policy.capabilities import GENERIC_3GPP, get_core_profile
from wispgate.kernel.errors import NotFound
from wispgate.kernel.plmn import Plmn
from wispgate.network.transport.applications import APPLICATION_IDS, RemotePeer
from wispgate.network.transport.certificates import find_fault
from wispgate.wire.diameter.answers import Origin
from wispgate.wire.diameter.capabilities import Capabilities
from wispgate.wire.diameter.results import ResultCode


@dataclass(frozen=True, slots=True)
class Path:
    """Which way a connection came: what of it proves who the other side is."""

    address: str
    transport: str = "tcp"
    # The other side's certificate (DER); nothing where the transport has none.
    certificate: bytes = b""


@dataclass(frozen=True, slots=True)
class Admitted:
    peer: RemotePeer


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """`reason` is for our log and console; the other side gets the result code only."""

    result_code: ResultCode
    reason: str
    cause: KnockCause


def decide_admission(
    remote: Capabilities, path: Path, allowed: Sequence[Mapping[str, Any]]
) -> Admitted | NotAdmitted:
    """Looks a Capabilities-Exchange-Request up in the rows of `find_peers` for its identity."""
    if not allowed:
        return NotAdmitted(
            ResultCode.UNKNOWN_PEER,
            f"{remote.origin_host} is no peer of any core",
            KnockCause.UNKNOWN_IDENTITY,
        )
    address = path.address
    here = [row for row in allowed if _is_within(address, row["addresses"])]
    if not here:
        places = ", ".join(place for row in allowed for place in row["addresses"])
        return NotAdmitted(
            ResultCode.UNKNOWN_PEER,
            f"{remote.origin_host} may connect from {places}, not from {address}",
            KnockCause.WRONG_ADDRESS,
        )
    realm = remote.origin_realm.lower()
    row = next((row for row in here if row["realm"].lower() == realm), None)
    if row is None:
        expected = ", ".join(row["realm"] for row in here)
        return NotAdmitted(
            ResultCode.UNKNOWN_PEER,
            f"{remote.origin_host} says realm {remote.origin_realm}, its core expects {expected}",
            KnockCause.WRONG_REALM,
        )
    fault = _find_path_fault(row, path)
    if fault:
        is_other_way = path.transport != row["transport"]
        return NotAdmitted(
            ResultCode.UNKNOWN_PEER,
            f"{remote.origin_host}: {fault}",
            KnockCause.WRONG_TRANSPORT if is_other_way else KnockCause.WRONG_CERTIFICATE,
        )
    peer = peer_of(row)
    spoken = {application.application_id for application in remote.applications}
    if not remote.is_relay and not spoken & peer.application_ids:
        return NotAdmitted(
            ResultCode.NO_COMMON_APPLICATION,
            f"{remote.origin_host} announces none of {', '.join(row['applications'])}",
            KnockCause.NO_COMMON_APPLICATION,
        )
    return Admitted(peer)


def _find_path_fault(row: Mapping[str, Any], path: Path) -> str:
    """Why a connection of that kind is not the peer's; "" if it is."""
    expected = row["transport"]
    if path.transport != expected:
        return f"it is to use {expected.upper()}, and came over {path.transport.upper()}"
    if expected != "tls":
        return ""
    return find_fault(path.certificate, row["identity"], row["certificate_authority"])


def peer_of(row: Mapping[str, Any]) -> RemotePeer:
    """A row of `find_peers`."""
    local = Origin(row["local_host"], row["local_realm"]) if row["local_host"] else None
    return RemotePeer(
        core_id=row["core_id"],
        core=row["core"],
        identity=row["identity"],
        realm=row["realm"],
        profile=_core_profile(row["profile"]),
        home_plmns=tuple(Plmn.parse(plmn) for plmn in row["plmns"]),
        unknown_imsi=row["unknown_imsi"],
        application_ids=frozenset(APPLICATION_IDS[name] for name in row["applications"]),
        origin=local,
        routed_realms=tuple(realm.lower() for realm in row["routed_realms"]),
    )


def _core_profile(name: str) -> str:
    """How the core behaves; one that this version has no row for is taken for full 3GPP."""
    try:
        return get_core_profile(name).name
    except NotFound:
        return GENERIC_3GPP.name


def _is_within(address: str, places: Sequence[str]) -> bool:
    seen = plain_address(address)
    return seen is not None and any(seen in ip_network(place, strict=False) for place in places)


def plain_address(address: str) -> IPv4Address | IPv6Address | None:
    """A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d. None for a connection that is gone."""
    if not address:
        return None
    seen = ip_address(address.partition("%")[0])
    mapped = seen.ipv4_mapped if isinstance(seen, IPv6Address) else None
    return mapped or seen
