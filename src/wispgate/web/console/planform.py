"""The form of a plan's draft: its fields, what they mean, and what is wrong with each."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from wispgate.business.catalogue.definition import AtExhaustion, PlanDefinition, RadioTechnology
from wispgate.domain.plan.compiled import PdnType
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.money import Money
from wispgate.kernel.units import format_bps, format_octets, parse_bps, parse_octets
from wispgate.web.console.fields import Field, Option, Reader, positive

_MAX_AMOUNT = 10**15
_NO_APNS: tuple[str, ...] = ()
_NO_GROUPS: tuple[int, ...] = ()
_NO_TECHNOLOGIES: tuple[RadioTechnology, ...] = ()
_PDN_LABELS = {
    PdnType.IPV4: "IPv4",
    PdnType.IPV6: "IPv6",
    PdnType.IPV4V6: "IPv4 and IPv6",
    PdnType.IPV4_OR_IPV6: "IPv4 or IPv6",
}
_EXHAUSTIONS = (
    Option("block", "block", "no data until there is more"),
    Option("throttle", "slow down", "at the speeds below"),
    Option("notify", "go on", "at full speed; the subscriber is told"),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A form that was understood."""

    code: str
    name: str
    price: Decimal
    definition: PlanDefinition


def main_fields(currency: str) -> Sequence[Field]:
    return [
        Field(name="name", label="Name", hint="What customers read."),
        Field(name="code", label="Code", hint="Small letters, digits, hyphens: gold-40."),
        Field(
            name="data",
            label="Data",
            value="10 GB",
            is_required=False,
            hint="Such as 40 GB; empty is unlimited.",
        ),
        Field(name="days", label="Days that a purchase lasts", kind="digits", value="30"),
        Field(name="down", label="Speed down", value="50 Mbit/s"),
        Field(name="up", label="Speed up", value="10 Mbit/s"),
        Field(
            name="exhaustion",
            label="When the data is used up",
            kind="choice",
            value="block",
            options=_EXHAUSTIONS,
        ),
        Field(name="slow_down", label="Slowed speed down", value="", is_required=False),
        Field(name="slow_up", label="Slowed speed up", value="", is_required=False),
        Field(name="price", label=f"Price in {currency}", kind="decimal", value="0"),
    ]


def network_fields() -> Sequence[Field]:
    """What most plans leave as it is."""
    return [
        Field(name="apns", label="APNs", value="internet", hint="Separated by commas."),
        Field(name="qci", label="Class of service (QCI)", kind="digits", value="9"),
        Field(name="arp", label="Priority (ARP), 1 is the highest", kind="digits", value="9"),
        Field(
            name="free_groups",
            label="Rating groups that cost nothing",
            is_required=False,
            hint="Separated by commas, such as 100, 200.",
        ),
        Field(name="slice", label="Granted at once", value="50 MB"),
        Field(name="validity", label="Reported at least every, in seconds", value="3600"),
        Field(
            name="roaming", label="Roaming is allowed", kind="check", value="yes", is_required=False
        ),
        Field(
            name="zones",
            label="Only in these roaming zones",
            is_required=False,
            hint="Names from the settings, with commas; empty is anywhere.",
        ),
        Field(
            name="barred",
            label="Radio technologies that it does not open",
            is_required=False,
            hint=f"Of {', '.join(RadioTechnology)}, with commas.",
        ),
        Field(
            name="pdn",
            label="Addresses",
            kind="select",
            value="ipv4",
            options=tuple(Option(kind, _PDN_LABELS[kind]) for kind in PdnType),
        ),
        Field(
            name="static",
            label="A line may have static addresses",
            kind="check",
            value="",
            is_required=False,
        ),
    ]


def values_of(version: Any, definition: PlanDefinition) -> dict[str, str]:
    """The form of a version that the next one begins with."""
    data = definition.data_octets
    return {
        "name": version.name,
        "code": version.plan.code,
        "price": f"{Money(version.price, version.currency).rounded().amount:f}",
        "data": "" if data is None else format_octets(data),
        "days": str(definition.validity_days),
        "down": format_bps(definition.speed_down_bps),
        "up": format_bps(definition.speed_up_bps),
        "exhaustion": definition.at_exhaustion.value,
        "slow_down": _bps(definition.throttled_down_bps),
        "slow_up": _bps(definition.throttled_up_bps),
        "apns": ", ".join(definition.apns),
        "qci": str(definition.qci),
        "arp": str(definition.arp_level),
        "free_groups": ", ".join(str(group) for group in definition.zero_rated_groups),
        "slice": format_octets(definition.slice_octets),
        "validity": str(definition.validity_time_seconds),
        "roaming": "yes" if definition.is_roaming_allowed else "",
        "zones": ", ".join(definition.roaming_zones),
        "barred": ", ".join(definition.barred_rats),
        "pdn": definition.pdn_type.value,
        "static": "yes" if definition.has_static_addresses else "",
    }


def read(reader: Reader, currency: str) -> Draft | None:
    """None where something is wrong; then the reader has it, by field."""
    code = reader.read("code", _code, "")
    name = reader.read("name", _name, "")
    price = reader.read("price", lambda text: _price(text, currency), Decimal(0))
    parts = _parts(reader)
    if reader.errors:
        return None
    try:
        definition = PlanDefinition(**parts)  # type: ignore[arg-type]  # each was read as its type
        return Draft(code, name, price, definition)
    except InvalidValue as error:
        reader.errors[_FORM_FIELDS.get(error.field, "name")] = error.message
        return None


# What a definition calls its parts, as the form does.
_FORM_FIELDS = {
    "throttled_down_bps": "slow_down",
    "data_octets": "data",
    "validity_days": "days",
    "apns": "apns",
    "roaming_zones": "zones",
}


def _parts(reader: Reader) -> dict[str, object]:
    at_exhaustion = reader.read("exhaustion", _exhaustion, AtExhaustion.BLOCK)
    is_slowed = at_exhaustion is AtExhaustion.THROTTLE
    return {
        "data_octets": reader.read("data", lambda text: _octets(text) if text else None, None),
        "validity_days": reader.read("days", positive, 1),
        "speed_down_bps": reader.read("down", _speed, 1),
        "speed_up_bps": reader.read("up", _speed, 1),
        "at_exhaustion": at_exhaustion,
        "throttled_down_bps": reader.read("slow_down", _speed, 1) if is_slowed else None,
        "throttled_up_bps": reader.read("slow_up", _speed, 1) if is_slowed else None,
        "apns": reader.read("apns", _apns, _NO_APNS),
        "qci": reader.read("qci", lambda text: _within(text, 1, 254), 9),
        "arp_level": reader.read("arp", lambda text: _within(text, 1, 15), 9),
        "zero_rated_groups": reader.read("free_groups", _groups, _NO_GROUPS),
        "slice_octets": reader.read("slice", _octets, 1),
        "validity_time_seconds": reader.read("validity", positive, 1),
        "is_roaming_allowed": bool(reader.text("roaming")),
        "roaming_zones": _names(reader.text("zones")),
        "barred_rats": reader.read("barred", _technologies, _NO_TECHNOLOGIES),
        "pdn_type": reader.read("pdn", lambda text: _pdn_type(text or "ipv4"), PdnType.IPV4),
        "has_static_addresses": bool(reader.text("static")),
    }


def _code(text: str) -> str:
    is_plain = text.isascii() and text.replace("-", "").isalnum() and text == text.lower()
    if not (is_plain and text[0] != "-" and len(text) <= 40):
        raise InvalidValue("up to 40 small letters, digits and hyphens")
    return text


def _name(text: str) -> str:
    if not 1 <= len(text) <= 120:
        raise InvalidValue("1 to 120 characters")
    return text


def _price(text: str, currency: str) -> Decimal:
    money = Money.parse(text, currency)
    if money.amount < 0 or money != money.rounded():
        raise InvalidValue(f"nothing or more, with {money.exponent} decimals at most")
    return money.amount


def _octets(text: str) -> int:
    octets = parse_octets(text)
    if not 1 <= octets <= _MAX_AMOUNT:
        raise InvalidValue("from 1 octet to 1000 TB")
    return octets


def _speed(text: str) -> int:
    bps = parse_bps(text)
    if not 1 <= bps <= _MAX_AMOUNT:
        raise InvalidValue("a speed, such as 10 Mbit/s")
    return bps


def _exhaustion(text: str) -> AtExhaustion:
    if text not in list(AtExhaustion):
        raise InvalidValue("choose what happens")
    return AtExhaustion(text)


def _apns(text: str) -> tuple[str, ...]:
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    if not names or len(set(names)) < len(names) or names[0] == "*":
        raise InvalidValue("one APN at least, each once; the first is no wildcard")
    return names


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in text.split(",") if name.strip())


def _technologies(text: str) -> tuple[RadioTechnology, ...]:
    wrong = [name for name in _names(text) if name not in list(RadioTechnology)]
    if wrong:
        raise InvalidValue(f"one of {', '.join(RadioTechnology)}, not {wrong[0]!r}")
    return tuple(RadioTechnology(name) for name in _names(text))


def _pdn_type(text: str) -> PdnType:
    if text not in list(PdnType):
        raise InvalidValue("choose the kind of addresses")
    return PdnType(text)


def _groups(text: str) -> tuple[int, ...]:
    return tuple(positive(part.strip()) for part in text.split(",") if part.strip())


def _within(text: str, first: int, last: int) -> int:
    if not (text.isascii() and text.isdigit() and first <= int(text[:9]) <= last):
        raise InvalidValue(f"a whole number from {first} to {last}")
    return int(text)


def _bps(bps: int | None) -> str:
    return "" if bps is None else format_bps(bps)
