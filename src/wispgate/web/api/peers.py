"""/peers: the Diameter nodes that may connect, and those that we call."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from wispgate.business.operators import queries
from wispgate.business.operators import services as operators
from wispgate.web.api.door import BearerToken
from wispgate.web.api.schemas import Closed, Text

router = Router(tags=["network"])

NameText = Annotated[Text, Field(min_length=1, max_length=255)]
Addresses = Annotated[list[Annotated[Text, Field(max_length=49)]], Field(max_length=100)]
ApplicationName = Literal["s6a", "s13", "gx", "gy", "rx", "sy", "rf"]
Applications = Annotated[list[ApplicationName], Field(min_length=1, max_length=10)]
TransportName = Literal["tcp", "tls", "sctp"]
PlaceText = Annotated[Text, Field(max_length=300)]
PemText = Annotated[str, Field(max_length=100_000)]
Realms = Annotated[list[NameText], Field(max_length=100)]


class NewPeer(Closed):
    """`addresses` may be left out where `connect_to` is an address."""

    core: Annotated[Text, Field(max_length=40)]
    identity: NameText
    realm: NameText
    applications: Applications
    addresses: Annotated[Addresses, Field(default_factory=list)]
    profile: Annotated[Text, Field(max_length=40)] = "generic3gpp"
    transport: TransportName = "tcp"
    connect_to: PlaceText = ""
    certificate_authority: PemText = ""
    routed_realms: Annotated[Realms, Field(default_factory=list)]


class PeerChange(Closed):
    """What is left out stays as it is."""

    realm: NameText | None = None
    applications: Applications | None = None
    addresses: Addresses | None = None
    profile: Annotated[Text, Field(max_length=40)] | None = None
    transport: TransportName | None = None
    connect_to: PlaceText | None = None
    certificate_authority: PemText | None = None
    routed_realms: Realms | None = None


class PeerOut(Schema):
    id: UUID
    core: str
    identity: str
    realm: str
    addresses: list[str]
    applications: list[str]
    profile: str
    is_enabled: bool
    transport: str
    connect_to: str
    certificate_authority: str
    routed_realms: list[str]
    created_at: datetime

    @staticmethod
    def show(peer: Any) -> "PeerOut":
        values = {name: getattr(peer, name) for name in PeerOut.model_fields if name != "core"}
        return PeerOut(core=peer.core.name, **values)


@router.get("", auth=BearerToken("peer.read", needs_operator=False), response=list[PeerOut])
def list_peers(request: HttpRequest) -> list[PeerOut]:
    """Diameter nodes of the operator's cores."""
    return [PeerOut.show(peer) for peer in queries.list_peers()]


@router.post("", auth=BearerToken("peer.change", needs_operator=False), response={201: PeerOut})
def create_peer(request: HttpRequest, body: NewPeer) -> PeerOut:
    """Allows a node to connect, or says where to call it."""
    peer_id = operators.add_peer(
        core=body.core,
        identity=body.identity,
        realm=body.realm,
        addresses=body.addresses,
        applications=body.applications,
        profile=body.profile,
        link=operators.Link(
            body.transport, body.connect_to, body.certificate_authority, body.routed_realms
        ),
    )
    return PeerOut.show(queries.get_peer_by_id(peer_id))


@router.get("/{peer_id}", auth=BearerToken("peer.read", needs_operator=False), response=PeerOut)
def get_peer(request: HttpRequest, peer_id: UUID) -> PeerOut:
    return PeerOut.show(queries.get_peer_by_id(peer_id))


@router.patch("/{peer_id}", auth=BearerToken("peer.change", needs_operator=False), response=PeerOut)
def change_peer(request: HttpRequest, peer_id: UUID, body: PeerChange) -> PeerOut:
    """Changes what is given. A connection that would be refused now ends within seconds."""
    return _changed(peer_id, body.model_dump(exclude_unset=True, exclude_none=True))


@router.post(
    "/{peer_id}/disable", auth=BearerToken("peer.change", needs_operator=False), response=PeerOut
)
def disable_peer(request: HttpRequest, peer_id: UUID) -> PeerOut:
    """Sends the node away until it is enabled again."""
    return _changed(peer_id, {"is_enabled": False})


@router.post(
    "/{peer_id}/enable", auth=BearerToken("peer.change", needs_operator=False), response=PeerOut
)
def enable_peer(request: HttpRequest, peer_id: UUID) -> PeerOut:
    return _changed(peer_id, {"is_enabled": True})


@router.delete(
    "/{peer_id}", auth=BearerToken("peer.change", needs_operator=False), response={204: None}
)
def delete_peer(request: HttpRequest, peer_id: UUID) -> None:
    """The node is a stranger from now on."""
    operators.remove_peer(peer_id)


def _changed(peer_id: UUID, changes: dict[str, Any]) -> PeerOut:
    operators.change_peer(peer_id, changes)
    return PeerOut.show(queries.get_peer_by_id(peer_id))
