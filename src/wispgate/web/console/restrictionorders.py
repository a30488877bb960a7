"""Orders of a line that take something away from it, give it back, or pin its addresses."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from wispgate.business.subscriptions import services as subscriptions
from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.restrictions import RestrictionName
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.units import format_bps, parse_bps
from wispgate.web.console import telling
from wispgate.web.console.fields import Field, Option, Reader
from wispgate.web.console.linepage import LinePage
from wispgate.web.console.ordering import Order, Prepared

# What each profile is called, and what it does in the network.
PROFILES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "slow": ("slow", "at most the speeds below"),
        "walled_garden": ("walled garden", "only the page below can be reached"),
        "no_data": ("no data", "barred from all packet services (ODB)"),
        "no_roaming": ("no roaming", "refused outside its home network"),
        "home_country_only": ("home country only", "refused in other countries"),
        "no_home_access_abroad": (
            "no home gateways abroad", "in other networks none of our own APNs"
        ),
        "no_visited_access": ("no visited gateways", "no APN of a visited network"),
    }
)  # fmt: skip
_REASONS: Mapping[str, str] = MappingProxyType(dict(subscriptions.SuspensionReason.choices))
_FREE = ("Nothing is charged or credited.",)


def _restrict_fields(_page: LinePage) -> Sequence[Field]:
    profiles = [Option(name, label, note) for name, (label, note) in PROFILES.items()]
    reasons = [Option(value, label) for value, label in _REASONS.items()]
    return [
        Field(name="profile", label="Restriction", kind="select", value="slow", options=profiles),
        Field(name="reason", label="For", kind="select", value="overdue", options=reasons),
        Field(
            name="down",
            label="Speed down",
            value="64 kbit/s",
            is_required=False,
            hint="Of the restriction slow.",
        ),
        Field(name="up", label="Speed up", value="64 kbit/s", is_required=False),
        Field(name="page", label="Page of the walled garden", is_required=False,
              hint="With https:// in front."),
        Field(name="note", label="Note", is_required=False),
    ]  # fmt: skip


def _restrict(page: LinePage, reader: Reader) -> Prepared | None:
    profile, reason, note = reader.text("profile"), reader.text("reason"), reader.text("note")
    if profile not in PROFILES:
        reader.errors["profile"] = "choose a restriction"
    if reason not in _REASONS:
        reader.errors["reason"] = "choose a reason"
    speed = _read_speed(reader) if profile == "slow" else None
    address = reader.text("page") if profile == "walled_garden" else ""
    if profile == "walled_garden" and not address.startswith(("http://", "https://")):
        reader.errors["page"] = "a page begins with http:// or https://"
    if reader.errors:
        return None
    label, does = PROFILES[profile]
    told = f"{label.capitalize()}: {does}."
    if speed is not None:
        told = f"At most {format_bps(speed.down_bps)} down and {format_bps(speed.up_bps)} up."
    return Prepared(
        button=f"Restrict to {label}" if profile == "slow" else f"Restrict: {label}",
        done=f"Restricted: {label}.",
        network=[told, "The line stays on; what it has open learns of it by a push."],
        money=_FREE,
        messages=telling.nothing(page.line.subscriber.name),
        perform=lambda _key: subscriptions.restrict(
            page.line.id, profile=profile, reason=reason, note=note, speed=speed,
            walled_garden_url=address,
        ),
    )  # fmt: skip


def _read_speed(reader: Reader) -> Speed | None:
    up, down = reader.read("up", _speed, 0), reader.read("down", _speed, 0)
    return Speed(up, down) if up and down else None


def _speed(text: str) -> int:
    bps = parse_bps(text)
    if bps < 1:
        raise InvalidValue("a speed, such as 64 kbit/s")
    return bps


def _lift_fields(page: LinePage) -> Sequence[Field]:
    options = [
        Option(f"{row['profile']} {row['reason']}", f"{PROFILES[row['profile']][0]}, "
               f"{_REASONS[row['reason']]}")
        for row in page.line.restrictions
    ]  # fmt: skip
    return [Field(name="which", label="Restriction", kind="choice", options=options)]


def _lift(page: LinePage, reader: Reader) -> Prepared | None:
    profile, _, reason = reader.text("which").partition(" ")
    if not any(
        (row["profile"], row["reason"]) == (profile, reason) for row in page.line.restrictions
    ):
        reader.errors["which"] = "choose a restriction that is on"
        return None
    label = PROFILES[profile][0]
    rest = len(page.line.restrictions) - 1
    told = "Others go on to hold." if rest else "The plan alone rules again, by a push."
    return Prepared(
        button=f"Lift: {label}",
        done=f"Lifted: {label}.",
        network=[told],
        money=_FREE,
        messages=telling.nothing(page.line.subscriber.name),
        perform=lambda _key: subscriptions.unrestrict(
            page.line.id, profile=RestrictionName(profile), reason=reason
        ),
    )


def _address_fields(page: LinePage) -> Sequence[Field]:
    there = ", ".join(f"{apn} {address}" for apn, address in page.line.static_addresses.items())
    hint = "APN and address, with commas between: internet 10.9.0.7. None lets the gateway choose."
    return [Field(name="addresses", label="Static addresses", value=there, hint=hint,
                  is_required=False)]  # fmt: skip


def _set_addresses(page: LinePage, reader: Reader) -> Prepared | None:
    nothing: dict[str, str] = {}
    wanted = reader.read("addresses", _addresses, nothing)
    if reader.errors:
        return None
    told = [f"In {apn} it always gets {address}." for apn, address in wanted.items()]
    if page.definition is None or not page.definition.has_static_addresses:
        told.append("Its plan allows no static addresses: until it does, the gateway chooses.")
    return Prepared(
        button="Set addresses" if wanted else "Let the gateway choose",
        done="The addresses are set." if wanted else "The gateway chooses.",
        network=told or ["The gateway chooses an address at the next session."],
        money=_FREE,
        messages=telling.nothing(page.line.subscriber.name),
        perform=lambda _key: subscriptions.set_static_addresses(page.line.id, addresses=wanted),
    )


def _addresses(text: str) -> dict[str, str]:
    parts = [part.split() for part in text.split(",") if part.strip()]
    if any(len(part) != 2 for part in parts):
        raise InvalidValue("an APN and an address, such as internet 10.9.0.7")
    wanted = {part[0]: part[1] for part in parts}
    subscriptions.parse_addresses(wanted)
    return wanted


def _is_there(page: LinePage) -> bool:
    return bool(page.line.state != "terminated")


ROWS = (
    Order(
        name="restrict",
        permission="subscription.suspend",
        verb="Restrict",
        icon="do_not_disturb_on",
        is_possible=_is_there,
        fields=_restrict_fields,
        prepare=_restrict,
        is_harmful=True,
    ),
    Order(
        name="unrestrict",
        permission="subscription.resume",
        verb="Lift a restriction",
        icon="check_circle",
        is_possible=lambda page: _is_there(page) and bool(page.line.restrictions),
        fields=_lift_fields,
        prepare=_lift,
    ),
    Order(
        name="set_addresses",
        permission="subscription.device",
        verb="Set addresses",
        icon="lan",
        is_possible=_is_there,
        fields=_address_fields,
        prepare=_set_addresses,
    ),
)
