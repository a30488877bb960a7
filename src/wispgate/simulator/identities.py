"""Who the simulated core is, where its node listens, and the connections that follow from it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from wispgate.kernel.plmn import Plmn
from wispgate.simulator.dialects import GENERIC_3GPP, Dialect
from wispgate.simulator.link import Endpoint, Link
from wispgate.wire.diameter.capabilities import Application
from wispgate.wire.diameter.commands import (
    APPLICATION_CREDIT_CONTROL,
    APPLICATION_GX,
    APPLICATION_S6A,
    VENDOR_3GPP,
)
from wispgate.wire.diameter.message import Message

_S6A: Final = Application(APPLICATION_S6A, VENDOR_3GPP)
_GX: Final = Application(APPLICATION_GX, VENDOR_3GPP)
_GY: Final = Application(APPLICATION_CREDIT_CONTROL)


@dataclass(frozen=True, slots=True, kw_only=True)
class EpcSettings:
    """Who the core is and where its node listens.

    `smf_host` equal to `mme_host` makes all three applications share one connection.
    `boot` tells cores apart that start at the same instant: it goes into Session-Ids.
    `origin_state_id` greater than that of an earlier core of these names says that it lost what it
    had (RFC 6733 section 8.16); without one it says nothing.
    `default_rating_group` is that of traffic that names none; the Open5GS dialect has no groups.
    """

    address: str
    port: int
    realm: str
    mme_host: str
    smf_host: str
    plmn: Plmn
    destination_realm: str = ""
    dialect: Dialect = GENERIC_3GPP
    default_rating_group: int = 1
    boot: int = 0
    patience: float = 10.0
    origin_state_id: int | None = None


def make_links(settings: EpcSettings, serve: Callable[[Message], bytes]) -> dict[str, Link]:
    """One connection per identity, not yet open."""
    wanted: dict[str, list[Application]] = {settings.mme_host: [_S6A]}
    wanted.setdefault(settings.smf_host, []).extend([_GX, _GY])
    endpoint = Endpoint(
        settings.address, settings.port, settings.patience, settings.origin_state_id
    )
    return {
        host: Link(host, settings.realm, applications=applications, endpoint=endpoint, serve=serve)
        for host, applications in wanted.items()
    }
