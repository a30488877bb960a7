"""The usual AIR and ULR, from the hot codec.

Says what `requests` says of the same octets; a test holds them against each other. Whatever is
at fault gives None and is left to it: there is one place that knows what to refuse, and why.
"""

from functools import lru_cache
from typing import Final

from wispgate.domain.authentication.sqn import (
    ResynchronisationRequest,
    find_resynchronisation_request,
)
from wispgate.domain.authentication.vectors import decide_vector_count
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.identifiers import Imsi
from wispgate.kernel.plmn import Plmn
from wispgate.network.hss.requests import (
    LocationRequest,
    ServingNode,
    features_in,
    is_identity,
    plausible_imei,
)
from wispgate.network.hss.resynchronisations import VectorRequest
from wispgate.network.transport.applications import RemotePeer
from wispgate.wire.diameter.commands import VENDOR_3GPP
from wispgate.wire.diameter.hot.s6a import HotAir, HotUlr, WantedVectors

# Networks in whose range our phones are; an entry is small.
_PLMNS_KEPT: Final = 1024


def read_air(air: HotAir, peer: RemotePeer) -> VectorRequest | None:
    """What an AIR asks for; None if anything in it is at fault."""
    host = air.origin_host or ""
    if not is_identity(host):
        return None
    eutran, utran = air.eutran, air.utran
    try:
        resynchronisations = [
            found
            for wanted in (eutran, utran)
            if wanted is not None and (found := _resynchronisation(wanted)) is not None
        ]
        if len(resynchronisations) > 1:
            return None
        return VectorRequest(
            core_id=peer.core_id,
            imsi=Imsi(air.user_name or ""),
            serving_node=host,
            plmn=plmn_of(air.visited_plmn_id or b""),
            eutran_vectors=_count(eutran) if eutran is not None or utran is None else 0,
            utran_vectors=_count(utran) if utran is not None else 0,
            resynchronisation=resynchronisations[0] if resynchronisations else None,
        )
    except InvalidValue:
        return None


def read_ulr(ulr: HotUlr) -> LocationRequest | None:
    """What a ULR says; None if anything in it is at fault."""
    host, realm = ulr.origin_host or "", ulr.origin_realm or ""
    if not (is_identity(host) and is_identity(realm)):
        return None
    try:
        asked = LocationRequest(
            imsi=Imsi(ulr.user_name or ""),
            host=host,
            realm=realm,
            plmn=plmn_of(ulr.visited_plmn_id or b""),
            rat_type=ulr.rat_type,
            imei=None if ulr.terminal is None else plausible_imei(ulr.terminal.imei),
            flags=ulr.ulr_flags,
            features=features_in(
                (one.feature_list_id, one.feature_list)
                for one in ulr.supported_features
                if one.vendor_id in (None, VENDOR_3GPP)
            ),
        )
    except InvalidValue:
        return None
    # An SGSN has a number beside, which the hot codec does not read.
    return asked if asked.node is ServingNode.MME else None


@lru_cache(maxsize=_PLMNS_KEPT)
def plmn_of(octets: bytes) -> Plmn:
    """Visited-PLMN-Id. Raises InvalidValue."""
    return Plmn.decode(octets)


def _count(wanted: WantedVectors | None) -> int:
    number = None if wanted is None else wanted.number
    return decide_vector_count(1 if number is None else number)


def _resynchronisation(wanted: WantedVectors) -> ResynchronisationRequest | None:
    octets = wanted.resynchronization
    return None if octets is None else find_resynchronisation_request(octets)
