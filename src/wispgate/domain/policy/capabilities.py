"""What packet cores really do, as data: one row per kind and version of core.

The row is chosen when a peer is added. A new version of a core is a new row with its evidence.
An acknowledgement proves nothing; these rows say which means has an effect.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from wispgate.kernel.errors import NotFound


class Effect(StrEnum):
    """What should become different for a line on the network.

    CHANGE_ACCESS where and over what it may be served. TAKE_AWAY data of its subscription that is
    no more (an APN), the rest being as it was.
    """

    STOP = "stop"
    RESTORE = "restore"
    SLOW_DOWN = "slow_down"
    SPEED_UP = "speed_up"
    REFILL = "refill"
    WALLED_GARDEN = "walled_garden"
    CHANGE_ACCESS = "change_access"
    TAKE_AWAY = "take_away"


class Means(StrEnum):
    """A way to bring an effect about; those named next only wait for the occasion."""

    GX_RULES = "gx_rules"
    GX_QOS = "gx_qos"
    GX_RELEASE = "gx_release"
    SY_NOTIFY = "sy_notify"
    GY_REAUTHORISE = "gy_reauthorise"
    GY_NEXT_REPORT = "gy_next_report"
    S6A_IDR = "s6a_idr"
    S6A_DSR = "s6a_dsr"
    S6A_CLR_WITHDRAW = "s6a_clr_withdraw"
    S6A_CLR_REATTACH = "s6a_clr_reattach"
    NEXT_ATTACH = "next_attach"
    RADIUS_COA = "radius_coa"
    RADIUS_DISCONNECT = "radius_disconnect"
    RADIUS_NEXT_AUTHENTICATION = "radius_next_authentication"


Ladders = dict[Effect, tuple[Means, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreProfile:
    """How one kind of core behaves, from `min_version` up to before `before_version`.

    ula_always_full               Subscription-Data in every ULA, refusals included
    knows_barring                 acts on Subscriber-Status and ODB of an IDR
    sends_purge                   a detach is told by PUR
    sends_rating_group            each MSCC names one; else one MSCC for the default bearer
    wants_default_rule            takes a rule for the default bearer; else it would make another
    final_unit_ends_session       any Final-Unit-Indication, whatever its action
    refuse_at_command_level       4012 only inside the MSCC of CCA-I harms it
    honours_gy_reauthorisation    a CCR-U follows a Gy RAR
    sends_gx_updates              CCR-U on Gx, usage monitoring included
    honours_gx_qos                QoS-Information in a RAR takes effect
    speed_drops_session           a change of speed now costs the phone a moment without session
    validity_seconds              how long a grant is good at most, so that a report is near
    has_fixed_wish                asks for the same small amount each time, whatever is used: the
                                  plan's slice is granted instead, or it reports all the time
    """

    name: str
    title: str
    min_version: str = ""
    before_version: str = ""
    evidence: str
    ula_always_full: bool = False
    knows_barring: bool = True
    sends_purge: bool = True
    sends_rating_group: bool = True
    wants_default_rule: bool = True
    final_unit_ends_session: bool = False
    refuse_at_command_level: bool = False
    honours_gy_reauthorisation: bool = True
    sends_gx_updates: bool = True
    honours_gx_qos: bool = True
    speed_drops_session: bool = False
    validity_seconds: int = 3600
    has_fixed_wish: bool = False
    ladders: Ladders = field(default_factory=dict)


_RADIUS: tuple[Means, ...] = (
    Means.RADIUS_COA,
    Means.RADIUS_DISCONNECT,
    Means.RADIUS_NEXT_AUTHENTICATION,
)
_RADIUS_STOP: tuple[Means, ...] = (Means.RADIUS_DISCONNECT, Means.RADIUS_NEXT_AUTHENTICATION)

GENERIC_3GPP = CoreProfile(
    name="generic3gpp",
    title="Any 3GPP core",
    evidence="TS 29.212 v12.6, 29.272 v15.2, 32.299 v12.6; what an unknown client is taken for",
    ladders={
        Effect.STOP: (
            Means.GX_RELEASE,
            Means.S6A_IDR,
            Means.S6A_CLR_WITHDRAW,
            Means.GY_REAUTHORISE,
            Means.GY_NEXT_REPORT,
            *_RADIUS_STOP,
            Means.NEXT_ATTACH,
        ),
        Effect.RESTORE: (
            Means.S6A_IDR,
            Means.GX_RULES,
            Means.GX_QOS,
            Means.GY_REAUTHORISE,
            Means.RADIUS_COA,
            Means.RADIUS_NEXT_AUTHENTICATION,
            Means.NEXT_ATTACH,
        ),
        Effect.SLOW_DOWN: (
            Means.GX_RULES,
            Means.GX_QOS,
            Means.SY_NOTIFY,
            Means.S6A_IDR,
            Means.S6A_CLR_REATTACH,
            Means.GY_NEXT_REPORT,
            *_RADIUS,
            Means.NEXT_ATTACH,
        ),
        Effect.SPEED_UP: (
            Means.GX_RULES,
            Means.GX_QOS,
            Means.SY_NOTIFY,
            Means.S6A_IDR,
            Means.S6A_CLR_REATTACH,
            *_RADIUS,
            Means.NEXT_ATTACH,
        ),
        Effect.REFILL: (
            Means.GY_REAUTHORISE,
            Means.GY_NEXT_REPORT,
            *_RADIUS,
            Means.NEXT_ATTACH,
        ),
        Effect.WALLED_GARDEN: (
            Means.GX_RULES,
            Means.GY_REAUTHORISE,
            Means.GY_NEXT_REPORT,
            Means.S6A_CLR_REATTACH,
            *_RADIUS,
            Means.NEXT_ATTACH,
        ),
        Effect.CHANGE_ACCESS: (Means.S6A_IDR, Means.S6A_CLR_REATTACH, Means.NEXT_ATTACH),
        Effect.TAKE_AWAY: (Means.S6A_DSR, Means.S6A_IDR, Means.NEXT_ATTACH),
    },
)

OPEN5GS_2_7 = CoreProfile(
    name="open5gs",
    title="Open5GS",
    min_version="2.7",
    before_version="2.8",
    evidence="captured with 2.7.7; source read mid-2026",
    ula_always_full=True,
    knows_barring=False,
    sends_purge=False,
    sends_rating_group=False,
    wants_default_rule=False,
    final_unit_ends_session=True,
    refuse_at_command_level=True,
    honours_gy_reauthorisation=False,
    sends_gx_updates=False,
    honours_gx_qos=False,
    speed_drops_session=True,
    validity_seconds=300,
    has_fixed_wish=True,
    ladders={
        # Barring flags alone change nothing; CLR type 2 detaches and ends Gx and Gy.
        Effect.STOP: (Means.S6A_CLR_WITHDRAW, Means.GY_NEXT_REPORT, Means.NEXT_ATTACH),
        Effect.RESTORE: (Means.S6A_IDR, Means.NEXT_ATTACH),
        # The eNodeB enforces the UE-AMBR and learns it at idle to active, or at attach.
        Effect.SLOW_DOWN: (Means.S6A_CLR_REATTACH, Means.NEXT_ATTACH),
        Effect.SPEED_UP: (Means.S6A_CLR_REATTACH, Means.NEXT_ATTACH),
        # It answers a Gy RAR with success and does nothing; a short validity brings the CCR-U.
        Effect.REFILL: (Means.GY_NEXT_REPORT, Means.NEXT_ATTACH),
        Effect.WALLED_GARDEN: (Means.S6A_CLR_REATTACH, Means.NEXT_ATTACH),
        # It knows no barring; a phone that comes anew is admitted, or not, by us.
        Effect.CHANGE_ACCESS: (Means.S6A_CLR_REATTACH, Means.NEXT_ATTACH),
        # It takes a whole list of APNs by IDR; a DSR it has no handler for.
        Effect.TAKE_AWAY: (Means.S6A_IDR, Means.NEXT_ATTACH),
    },
)

CORE_PROFILES = (GENERIC_3GPP, OPEN5GS_2_7)


def get_core_profile(name: str) -> CoreProfile:
    """The row of that name; raises NotFound."""
    for profile in CORE_PROFILES:
        if profile.name == name:
            return profile
    raise NotFound("core profile", name)


def suggest_core_profile(*, has_rating_group: bool, has_purged: bool) -> CoreProfile:
    """What a peer's behaviour looks like; a suggestion for a person, never a choice."""
    return GENERIC_3GPP if has_rating_group or has_purged else OPEN5GS_2_7
