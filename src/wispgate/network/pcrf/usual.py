"""The usual Gx CCR, from the hot codec.

Says what `requests.policy_request_of` says of the same octets; a test holds them against each
other. Whatever is at fault gives None and is left to it.
"""

from typing import Final
from uuid import UUID

from wispgate.network.pcrf.requests import (
    PolicyRequest,
    RequestType,
    best_identity,
    common_features,
    framed_address,
    location_in,
)
from wispgate.wire.diameter.hot.gx import HotGxCcr

_TYPES: Final = {int(kind): kind for kind in RequestType}


def read_hot(ccr: HotGxCcr, core_id: UUID) -> PolicyRequest | None:
    """What a CCR says; None if anything in it is at fault."""
    kind = _TYPES.get(ccr.request_type)
    if kind is None:
        return None
    access = ccr.access
    try:
        address = framed_address(ccr.framed_ip_address, ccr.framed_ipv6_prefix)
    except ValueError:
        return None
    return PolicyRequest(
        session_id=ccr.session_id,
        origin_host=ccr.origin_host or "",
        origin_realm=ccr.origin_realm or "",
        type=kind,
        number=ccr.request_number,
        identity=best_identity(ccr.subscription_ids, core_id),
        apn=access.called_station_id.lower() if access.called_station_id else None,
        framed_address=address,
        visited_plmn=access.sgsn_mcc_mnc,
        rat_type=ccr.rat_type,
        features=_features(ccr),
        has_network_requests=bool(ccr.network_request_support),
        user_location=location_in(access.user_location_info),
    )


def _features(ccr: HotGxCcr) -> tuple[tuple[int, int], ...]:
    lists = [
        (features.feature_list_id, common_features(features.feature_list_id, features.feature_list))
        for features in ccr.supported_features
    ]
    return tuple(entry for entry in lists if entry[1])
