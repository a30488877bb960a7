"""Through whom a node is reached: itself where it is a peer, else who routes its realm (a DRA)."""

from dataclasses import replace
from uuid import UUID

from wispgate.network.enforcement.ladder import Cores
from wispgate.store.pushes import NewPush

_EVERY_REALM = "*"


def with_next_hop(cores: Cores, push: NewPush) -> NewPush:
    """The push with the peer that its target is reached through now."""
    hop = find_next_hop(
        cores, push.core_id, host=push.target_host, realm=push.target_realm, usual=push.next_hop
    )
    return push if hop == push.next_hop else replace(push, next_hop=hop)


def find_next_hop(cores: Cores, core_id: UUID, *, host: str, realm: str, usual: str) -> str:
    """The host as a peer, else the best router of its realm, else `usual`.

    Of several routers: one for this very realm before one for all, a connected one before others,
    then by name.
    """
    name = host.lower()
    if not name or (core_id, name) in cores:
        return name or usual
    routers = [
        (_EVERY_REALM in node.routed_realms and realm.lower() not in node.routed_realms,
         not node.is_connected, identity)
        for (core, identity), node in cores.items()
        if core == core_id and {realm.lower(), _EVERY_REALM} & set(node.routed_realms)
    ]  # fmt: skip
    return min(routers)[2] if routers else usual
