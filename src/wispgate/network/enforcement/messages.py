"""The request that a push becomes: CLR and IDR on S6a, RAR on Gx and Gy."""

from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from wispgate.domain.policy.access import NO_FEATURES, NodeFeatures, OperatorBar, bar_bits
from wispgate.domain.policy.capabilities import CoreProfile, Effect, Means
from wispgate.domain.policy.decisions import Admitted, decide_admission
from wispgate.domain.policy.profile import NetworkProfile
from wispgate.network.enforcement.ladder import (
    CLR_INITIAL_ATTACH,
    CLR_MME_UPDATE,
    CLR_SGSN_UPDATE,
    LEAVE_NODE,
    Cores,
    Node,
    find_core,
)
from wispgate.network.enforcement.ladder import Places as _Places
from wispgate.network.transport.requests import OutgoingRequest
from wispgate.store.pushes import GxSeen, Picture, PushRow, RegistrationSeen
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.answers import Origin
from wispgate.wire.diameter.message import AvpItem

# Cancellation-Type (section 7.3.24).
_MME_UPDATE: Final = 0
_SGSN_UPDATE: Final = 1
_SUBSCRIPTION_WITHDRAWAL: Final = 2
_INITIAL_ATTACH: Final = 4
# CLR-Flags: the S6a indicator, and Reattach-Required (TS 29.272 section 7.3.152).
_S6A_INDICATOR: Final = 1
_REATTACH_REQUIRED: Final = 2
_BARRED: Final = 1
# DSR-Flags (section 7.3.25): PDN subscription contexts, to an SGSN PDP contexts.
_PDN_CONTEXTS_WITHDRAWN: Final = 1 << 3
_PDP_CONTEXTS_WITHDRAWN: Final = 1 << 6
_AUTHORIZE_ONLY: Final = 0
_UE_SUBSCRIPTION_REASON: Final = 1
_NO_STATE_MAINTAINED: Final = 1
_LOW_12_BITS: Final = 0xFFF
_LOW_20_BITS: Final = 0xFFFFF

_CANCELLATIONS: Final[dict[str, tuple[int, int]]] = {
    CLR_MME_UPDATE: (_MME_UPDATE, 0),
    CLR_SGSN_UPDATE: (_SGSN_UPDATE, 0),
    CLR_INITIAL_ATTACH: (_INITIAL_ATTACH, 0),
    Means.S6A_CLR_WITHDRAW: (_SUBSCRIPTION_WITHDRAWAL, 0),
    Means.S6A_CLR_REATTACH: (_SUBSCRIPTION_WITHDRAWAL, _REATTACH_REQUIRED),
}


class SubscriptionData(Protocol):
    """The HSS's: all that a serving node enforces."""

    def __call__(
        self, profile: NetworkProfile, *, msisdn: str | None, features: NodeFeatures
    ) -> AvpItem: ...


class GatewayPolicy(Protocol):
    """The PCRF's: all that a gateway enforces for a session."""

    def __call__(
        self, admitted: Admitted, core: CoreProfile, *, has_rules: bool
    ) -> list[AvpItem]: ...


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How the functions above say a profile; `main` hands it down."""

    subscription_data: SubscriptionData
    gateway_policy: GatewayPolicy


@dataclass(frozen=True, slots=True)
class Draft:
    """A push with all that its request is made of."""

    push: PushRow
    picture: Picture
    origin: Origin
    cores: Cores


def draft_request(draft: Draft, vocabulary: Vocabulary) -> OutgoingRequest | None:
    """The request, from what is wanted at this moment; None if there is nothing to ask any more."""
    push = draft.push
    if push.means in _CANCELLATIONS:
        return _cancel_location(draft)
    match push.means:
        case Means.S6A_IDR:
            return _insert_subscriber_data(draft, vocabulary)
        case Means.S6A_DSR:
            return _delete_subscriber_data(draft)
        case _:
            return _draft_for_session(draft, vocabulary)


def _draft_for_session(draft: Draft, vocabulary: Vocabulary) -> OutgoingRequest | None:
    match draft.push.means:
        case Means.GX_RELEASE:
            return _gx_request(draft, [("Session-Release-Cause", _UE_SUBSCRIPTION_REASON)])
        case Means.GX_RULES | Means.GX_QOS:
            return _change_session(draft, vocabulary)
        case Means.GY_REAUTHORISE:
            return _session_request(draft, commands.APPLICATION_CREDIT_CONTROL, [])
        case _:
            return None


def _cancel_location(draft: Draft) -> OutgoingRequest | None:
    push = draft.push
    registration = _registration_of(draft)
    if push.effect == LEAVE_NODE and registration is not None:
        return None
    cancellation_type, flags = _CANCELLATIONS[push.means]
    is_sgsn = registration is not None and registration.node == "sgsn"
    if cancellation_type == _SUBSCRIPTION_WITHDRAWAL and not is_sgsn:
        flags |= _S6A_INDICATOR
    avps: list[AvpItem] = [("User-Name", push.imsi), ("Cancellation-Type", cancellation_type)]
    if flags:
        avps.append(("CLR-Flags", flags))
    return _s6a_request(draft, commands.COMMAND_CANCEL_LOCATION, avps)


def _registration_of(draft: Draft) -> RegistrationSeen | None:
    """The card's registration with the push's target; None if it has none there."""
    push = draft.push
    return next(
        (
            r
            for r in draft.picture.registrations
            if r.is_current and r.imsi == push.imsi and r.host.lower() == push.target_host.lower()
        ),
        None,
    )


def _insert_subscriber_data(draft: Draft, vocabulary: Vocabulary) -> OutgoingRequest:
    push, picture = draft.push, draft.picture
    data: AvpItem
    if push.effect == Effect.STOP:
        bars = {OperatorBar.ALL_PACKET_SERVICES, *picture.wanted.node_bars}
        data = (
            "Subscription-Data",
            [("Subscriber-Status", _BARRED), ("Operator-Determined-Barring", bar_bits(bars))],
        )
    else:
        registration = _registration_of(draft)
        features = registration.features if registration else NO_FEATURES
        data = vocabulary.subscription_data(
            picture.wanted, msisdn=picture.msisdn, features=features
        )
    avps: list[AvpItem] = [("User-Name", push.imsi), data]
    return _s6a_request(draft, commands.COMMAND_INSERT_SUBSCRIBER_DATA, avps)


def _delete_subscriber_data(draft: Draft) -> OutgoingRequest | None:
    """The APNs that the node still has and the line has no more (section 5.2.2.2).

    None if it has lost the phone meanwhile.
    """
    push, registration = draft.push, _registration_of(draft)
    if registration is None or not push.contexts:
        return None
    is_mme = registration.node == "mme"
    flags = _PDN_CONTEXTS_WITHDRAWN if is_mme else _PDP_CONTEXTS_WITHDRAWN
    avps: list[AvpItem] = [
        ("User-Name", push.imsi),
        ("DSR-Flags", flags),
        *(("Context-Identifier", context) for context in push.contexts),
    ]
    return _s6a_request(draft, commands.COMMAND_DELETE_SUBSCRIBER_DATA, avps)


def _change_session(draft: Draft, vocabulary: Vocabulary) -> OutgoingRequest | None:
    session = _session_of(draft)
    if session is None:
        return None
    admission = decide_admission(
        draft.picture.wanted, apn=session.apn, visited_plmn=session.visited_plmn
    )
    if not isinstance(admission, Admitted):
        return None
    core = find_core(draft.cores, _Places((), (session,), ()))
    has_rules = draft.push.means == Means.GX_RULES
    return _gx_request(draft, vocabulary.gateway_policy(admission, core, has_rules=has_rules))


def _session_of(draft: Draft) -> GxSeen | None:
    return next((s for s in draft.picture.gx if s.session_id == draft.push.session_id), None)


def _s6a_request(draft: Draft, command: int, avps: list[AvpItem]) -> OutgoingRequest:
    push = draft.push
    low, high = push.push_id.int & 0xFFFF_FFFF, push.push_id.int >> 96
    common: list[AvpItem] = [
        ("Session-Id", f"{_origin(draft).host};{high};{low};{push.first_attempt}"),
        (
            "Vendor-Specific-Application-Id",
            [
                ("Vendor-Id", commands.VENDOR_3GPP),
                ("Auth-Application-Id", commands.APPLICATION_S6A),
            ],
        ),
        ("Auth-Session-State", _NO_STATE_MAINTAINED),
        *_route(draft),
    ]
    return _outgoing(draft, commands.APPLICATION_S6A, command, [*common, *avps])


def _gx_request(draft: Draft, avps: list[AvpItem]) -> OutgoingRequest:
    return _session_request(draft, commands.APPLICATION_GX, avps)


def _session_request(draft: Draft, application: int, avps: list[AvpItem]) -> OutgoingRequest:
    common: list[AvpItem] = [
        ("Session-Id", draft.push.session_id or ""),
        ("Auth-Application-Id", application),
        *_route(draft),
        ("Re-Auth-Request-Type", _AUTHORIZE_ONLY),
    ]
    return _outgoing(draft, application, commands.COMMAND_RE_AUTH, [*common, *avps])


def _route(draft: Draft) -> list[AvpItem]:
    push, origin = draft.push, _origin(draft)
    node = draft.cores.get((push.core_id, push.next_hop), Node("", ""))
    return [
        ("Origin-Host", origin.host),
        ("Origin-Realm", origin.realm),
        ("Destination-Host", push.target_host),
        ("Destination-Realm", push.target_realm or node.realm),
    ]


def _origin(draft: Draft) -> Origin:
    """A repetition is of whoever sent it first: by that name it is known as one."""
    push = draft.push
    return Origin(push.sent_host, push.sent_realm) if push.is_repeated else draft.origin


def _outgoing(draft: Draft, application: int, command: int, avps: list[AvpItem]) -> OutgoingRequest:
    """What left before and has no answer may have arrived (RFC 6733 sections 3 and 5.5.4)."""
    push = draft.push
    return OutgoingRequest(
        application,
        command,
        avps,
        is_repeated=push.is_repeated,
        end_to_end=end_to_end_of(push.push_id, push.first_attempt),
    )


def end_to_end_of(push_id: UUID, first_attempt: int) -> int:
    """The End-to-End Identifier of a push, the same in every process that sends it again.

    Made as RFC 6733 section 3 has it, of what UUIDv7 has in it: the low twelve bits of the second,
    and twenty that are random.
    """
    second = (push_id.int >> 80) // 1000
    return (second & _LOW_12_BITS) << 20 | push_id.int + first_attempt & _LOW_20_BITS
