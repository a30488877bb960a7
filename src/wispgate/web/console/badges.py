"""States as people see them: a word, an icon and a tone. Never colour alone.

Tones: good (proven), attention, harm, off, plain. Red is for harm only: a suspended SIM is
attention, a refused connection is harm.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Badge:
    word: str
    icon: str
    tone: str


_SIM = {
    "stock": Badge("stock", "inventory_2", "off"),
    "assigned": Badge("assigned", "link", "plain"),
    "activated": Badge("activated", "check_circle", "good"),
    "suspended": Badge("suspended", "pause_circle", "attention"),
    "retired": Badge("retired", "block", "off"),
}
_LINE = {
    "draft": Badge("draft", "edit_note", "off"),
    "pending": Badge("pending", "hourglass_empty", "plain"),
    "active": Badge("active", "check_circle", "good"),
    "suspended": Badge("suspended", "pause_circle", "attention"),
    "terminated": Badge("terminated", "block", "off"),
}
_PEER = {
    "open": Badge("open", "link", "good"),
    "suspect": Badge("suspect", "warning", "attention"),
    "calling": Badge("calling", "send", "attention"),
    "silent": Badge("lost touch", "sync_problem", "attention"),
    "closed": Badge("closed", "link_off", "off"),
    "never": Badge("never connected", "link_off", "off"),
    "disabled": Badge("disabled", "block", "off"),
}
_PRESENCE = {
    "online": Badge("online", "wifi", "good"),
    "last_seen": Badge("last seen", "schedule", "attention"),
    "registered": Badge("registered", "cell_tower", "good"),
    "purged": Badge("purged", "signal_cellular_off", "off"),
    "absent": Badge("not registered", "signal_cellular_off", "off"),
}
_SESSION = {
    "open": Badge("open", "wifi", "good"),
    "silent": Badge("silent", "sync_problem", "attention"),
    "closed": Badge("ended", "wifi_off", "off"),
}
_TOKEN = {
    "good": Badge("can be used", "check_circle", "good"),
    "expired": Badge("expired", "event_busy", "off"),
    "revoked": Badge("revoked", "block", "off"),
    "asleep": Badge("owner disabled", "pause_circle", "attention"),
}
# An acknowledgement proves nothing, so it is not green.
_PUSH = {
    "asked": Badge("asked", "schedule", "plain"),
    "waiting_for_peer": Badge("waiting for peer", "hourglass_empty", "attention"),
    "sent": Badge("sent", "send", "plain"),
    "acknowledged": Badge("acknowledged, not yet in effect", "done", "plain"),
    "in_effect": Badge("in effect", "check_circle", "good"),
    "failed": Badge("failed", "error", "harm"),
    "superseded": Badge("superseded", "block", "off"),
}
_PLAN = {
    "draft": Badge("draft", "edit_note", "off"),
    "active": Badge("on sale", "check_circle", "good"),
    "retired": Badge("retired", "block", "off"),
}
_NUMBER = {
    "reserved": Badge("reserved", "bookmark", "plain"),
    "quarantine": Badge("quarantine", "hourglass_empty", "off"),
    "ported_out": Badge("ported out", "logout", "off"),
}
_OPERATOR = {
    "active": Badge("on", "check_circle", "good"),
    "suspended": Badge("suspended", "pause_circle", "attention"),
}
_COLOUR = {
    "black": Badge("black", "block", "harm"),
    "grey": Badge("grey", "visibility", "attention"),
    "white": Badge("white", "check_circle", "good"),
}
_TRACE = {
    "running": Badge("running", "radio_button_checked", "good"),
    "stopped": Badge("stopped", "stop_circle", "off"),
    "full": Badge("full", "inventory_2", "attention"),
    "over": Badge("over", "check", "off"),
}
_MASS = {
    "draft": Badge("nothing done yet", "edit_note", "off"),
    "queued": Badge("waits for its turn", "hourglass_empty", "plain"),
    "running": Badge("under way", "sync", "plain"),
    "stopped": Badge("stopped", "stop_circle", "attention"),
    "done": Badge("done", "check_circle", "good"),
    "discarded": Badge("forgotten", "delete", "off"),
}
_MASS_ROW = {
    "waiting": Badge("left", "hourglass_empty", "off"),
    "done": Badge("done", "check_circle", "good"),
    "refused": Badge("refused", "do_not_disturb_on", "attention"),
}
_FINDING = {
    "broken": Badge("broken", "error", "harm"),
    "attention": Badge("look at it", "warning", "attention"),
    "good": Badge("good", "check_circle", "good"),
}
_RESTRICTION = {
    "slow": Badge("slow", "speed", "attention"),
    "walled_garden": Badge("walled garden", "fence", "attention"),
    "no_data": Badge("no data", "block", "attention"),
    "no_roaming": Badge("no roaming", "flight", "attention"),
    "home_country_only": Badge("home country only", "flight", "attention"),
    "no_home_access_abroad": Badge("no home gateways abroad", "flight", "attention"),
    "no_visited_access": Badge("no visited gateways", "flight", "attention"),
}
# Who asks again and again for what it may not have is no harm done; a wrong key is.
_REFUSAL = {
    "unknown_subscriber": Badge("unknown IMSI", "help", "attention"),
    "withdrawn": Badge("line ended", "block", "off"),
    "suspended": Badge("suspended", "pause_circle", "attention"),
    "no_plan": Badge("no plan", "sell", "attention"),
    "rat_not_allowed": Badge("radio barred", "block", "attention"),
    "operator_barred": Badge("barred", "block", "attention"),
    "roaming_not_allowed": Badge("roaming not allowed", "flight", "attention"),
    "apn_not_allowed": Badge("APN not in the plan", "block", "attention"),
    "device_not_allowed": Badge("locked to other devices", "phonelink_lock", "attention"),
    "out_of_credit": Badge("out of credit", "money_off", "attention"),
    "rating_failed": Badge("no tariff for it", "sell", "attention"),
    "resynchronised": Badge("resynchronised", "sync", "plain"),
    "forged_resynchronisation": Badge("key not confirmed", "key_off", "harm"),
}
_ACTION = {
    "insert": Badge("created", "add_circle", "plain"),
    "update": Badge("changed", "edit", "plain"),
    "delete": Badge("deleted", "delete", "plain"),
    "refused": Badge("refused", "do_not_disturb_on", "attention"),
    "login": Badge("logged in", "login", "plain"),
    "read": Badge("read a secret", "key", "attention"),
}
_APPROVAL = {
    "asked": Badge("waits", "hourglass_empty", "attention"),
    "done": Badge("done", "check_circle", "good"),
    "refused": Badge("refused", "block", "off"),
    "expired": Badge("expired", "timer_off", "off"),
    "failed": Badge("failed", "error", "harm"),
}
_ACCESS = {
    "active": Badge("works here", "check_circle", "good"),
    "disabled": Badge("let in no more", "block", "off"),
}
_ROLE = {
    "ready": Badge("as delivered", "inventory_2", "plain"),
    "changed": Badge("changed here", "edit", "attention"),
    "own": Badge("own", "person", "plain"),
}
_RISK = {
    "read": Badge("sees", "visibility", "off"),
    "change": Badge("changes", "edit", "plain"),
    "money": Badge("moves money", "payments", "attention"),
    "harm": Badge("cuts off or ends", "warning", "harm"),
    "secret": Badge("lets in, or sees what is hidden", "key", "harm"),
}

BADGES: Mapping[str, Mapping[str, Badge]] = MappingProxyType(
    {
        "sim": _SIM,
        "line": _LINE,
        "peer": _PEER,
        "presence": _PRESENCE,
        "session": _SESSION,
        "push": _PUSH,
        "token": _TOKEN,
        "plan": _PLAN,
        "number": _NUMBER,
        "operator": _OPERATOR,
        "colour": _COLOUR,
        "trace": _TRACE,
        "mass": _MASS,
        "mass_row": _MASS_ROW,
        "action": _ACTION,
        "finding": _FINDING,
        "refusal": _REFUSAL,
        "restriction": _RESTRICTION,
        "approval": _APPROVAL,
        "access": _ACCESS,
        "role": _ROLE,
        "risk": _RISK,
    }
)


def badge_of(kind: str, state: str) -> Badge:
    """A state that no table knows is shown by its own word."""
    return BADGES[kind].get(state, Badge(state, "help", "plain"))
