"""The left rail, by task. A new page of the console adds its line here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.urls import reverse


@dataclass(frozen=True, slots=True)
class RailItem:
    """One line of the rail. `key` is the letter after `g` that jumps there."""

    title: str
    icon: str
    page: str
    key: str
    permission: str = ""


RAIL: Sequence[tuple[str, Sequence[RailItem]]] = (
    ("", (RailItem("Home", "home", "home", "h"),)),
    (
        "Customers",
        (
            RailItem("Subscribers", "group", "subscribers", "c", "subscriber.read"),
            RailItem("Messages", "chat", "messages", "m", "message.read"),
        ),
    ),
    (
        "Lines",
        (
            RailItem("Lines", "smartphone", "lines", "l", "line.read"),
            RailItem("Mass acts", "checklist", "mass_acts", "z", "subscription.mass"),
            RailItem("Live sessions", "wifi", "sessions", "o", "session.read"),
        ),
    ),
    (
        "SIMs & numbers",
        (
            RailItem("SIMs", "sim_card", "sims", "s", "sim.read"),
            RailItem("Import SIMs", "upload_file", "sim_import", "i", "sim.import"),
            RailItem("Numbers", "dialpad", "numbers", "n", "number.read"),
            RailItem("Devices", "devices", "devices", "d", "equipment.read"),
        ),
    ),
    ("Catalogue", (RailItem("Plans", "sell", "plans", "t", "plan.read"),)),
    (
        "Network",
        (
            RailItem("Peers", "hub", "peers", "p", "peer.read"),
            RailItem("Registrations", "cell_tower", "registrations", "w", "line.read"),
            RailItem("Authentication log", "how_to_reg", "authentications", "j", "line.read"),
            RailItem("Pushes", "send", "pushes", "u", "push.read"),
            RailItem("Traces", "radio_button_checked", "traces", "x", "trace.read"),
        ),
    ),
    (
        "Settings",
        (
            RailItem("Settings", "settings", "settings", "e", "operator.read"),
            RailItem("MVNOs", "lan", "mvnos", "v", "allotment.read"),
            RailItem("Logins", "passkey", "logins", "k", "login.read"),
            RailItem("Service accounts", "smart_toy", "programs", "b", "token.read"),
            RailItem("Operators", "apartment", "tenants", "r", "operator.create"),
            RailItem("Requests", "approval", "approvals", "q", "approval.read"),
            RailItem("Staff", "badge", "staff", "f", "staff.read"),
            RailItem("Roles", "admin_panel_settings", "roles", "y", "role.read"),
        ),
    ),
    ("Reports", (RailItem("Activity", "history", "activity", "a", "audit.read"),)),
)


@dataclass(frozen=True, slots=True)
class ShownItem:
    item: RailItem
    address: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class ShownGroup:
    title: str
    items: Sequence[ShownItem]


def shown(path: str, may: Callable[[str], bool]) -> Sequence[ShownGroup]:
    """The rail as one person sees it on the page at `path`."""
    allowed = [
        (title, [item for item in items if not item.permission or may(item.permission)])
        for title, items in RAIL
    ]
    addresses = {
        item.page: reverse(f"console:{item.page}") for _title, items in allowed for item in items
    }
    current = _longest_start(path, list(addresses.values()))
    return [
        ShownGroup(
            title,
            [
                ShownItem(item, addresses[item.page], addresses[item.page] == current)
                for item in items
            ],
        )
        for title, items in allowed
        if items
    ]


def _longest_start(path: str, addresses: Sequence[str]) -> str:
    """The address that `path` lies under; home only for itself."""
    fitting = [a for a in addresses if path == a or (a != "/" and path.startswith(a))]
    return max(fitting, key=len, default="")
