"""Forms of the settings page: names, brand, domains, taxes, series. Credentials are not among
them: a form is asked for by GET, and an address is no place for a secret."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from wispgate.business.operators import settings, tenants
from wispgate.business.operators.models import NumberingSeries, Operator
from wispgate.business.tenants import services
from wispgate.kernel.errors import InvalidValue
from wispgate.web.console.fields import Field, Option, Reader, positive
from wispgate.web.console.ordering import Order, Prepared

_NETWORK = ["Nothing changes in the network."]
_MONEY = ["Nothing is charged or credited."]
_NOBODY = ["Nobody is told."]


@dataclass(frozen=True, slots=True)
class ShownSettings:
    """Everything that an operator has set."""

    operator: Any
    host: str
    brand: Any
    domains: Sequence[Any]
    rates: Sequence[Any]
    series: Sequence[Any]
    gateways: Sequence[Any]
    zones: Sequence[Any] = ()


def _prepared(
    button: str,
    done: str,
    perform: Callable[[str], object],
    *,
    network: Sequence[str] = _NETWORK,
    money: Sequence[str] = _MONEY,
) -> Prepared:
    return Prepared(
        button=button, done=done, network=network, money=money, messages=_NOBODY, perform=perform
    )


def _name_fields(shown: ShownSettings) -> Sequence[Field]:
    one = shown.operator
    hint = "Codes of two letters with commas; the first is the usual one."
    return [
        Field(name="name", label="Name", value=one.name),
        Field(name="currency", label="Currency", value=one.currency,
              hint="Can be changed until somebody has an account."),
        Field(name="time_zone", label="Time zone", value=one.time_zone),
        Field(name="languages", label="Languages", value=", ".join(one.languages), hint=hint),
    ]  # fmt: skip


def _names(shown: ShownSettings, reader: Reader) -> Prepared | None:
    name, zone = reader.text("name"), reader.text("time_zone")
    currency, languages = reader.text("currency"), reader.text("languages").split(",")
    reader.read("time_zone", tenants.require_time_zone, None)
    reader.read("currency", tenants.require_currency, None)
    if not name:
        reader.errors["name"] = "this is needed"
    if reader.errors:
        return None

    def perform(_key: str) -> None:
        tenants.rename(name=name)
        tenants.set_currency(currency)
        settings.set_languages(languages)
        if zone != shown.operator.time_zone:
            services.set_time_zone(zone)

    is_new_zone = zone != shown.operator.time_zone
    network = ["Every line counts its days and hours in the new time zone."] if is_new_zone else []
    return _prepared("Save", "Saved.", perform, network=network or _NETWORK)


def _suspension_fields(shown: ShownSettings) -> Sequence[Field]:
    notes = {
        "hard": "Nothing works until it attaches again; some phones stay silent until restarted.",
        "soft": "It stays registered and is back as soon as it asks for a session.",
    }
    kinds = tuple(Option(*one, note=notes[one[0]]) for one in Operator.UsualSuspension.choices)
    return [
        Field(name="kind", label="A suspended phone is", kind="choice", options=kinds,
              value=shown.operator.usual_suspension),
    ]  # fmt: skip


def _suspension(_shown: ShownSettings, reader: Reader) -> Prepared | None:
    kind = reader.text("kind")
    if kind not in Operator.UsualSuspension.values:
        reader.errors["kind"] = "choose one"
        return None
    return _prepared(
        f"Suspend {kind} as a rule", f"From now on {kind}, unless another is chosen.",
        lambda _key: settings.set_usual_suspension(kind),
        network=["Lines that are suspended already stay as they are."],
    )  # fmt: skip


_BRAND = (
    ("display_name", "Name that customers see", ""),
    ("legal_name", "Legal name", ""),
    ("postal_address", "Postal address", ""),
    ("tax_number", "Tax number", ""),
    ("main_colour", "Main colour", "Such as #1f6feb."),
    ("accent_colour", "Accent colour", "Bars, charts and frames. Empty: the main colour's."),
    ("support_email", "E-mail for help", ""),
    ("support_phone", "Telephone for help", ""),
    ("support_url", "Page for help", "With https:// in front."),
)


def _brand_fields(shown: ShownSettings) -> Sequence[Field]:
    return [
        Field(
            name=name,
            label=label,
            hint=hint,
            value=getattr(shown.brand, name, "") or (shown.operator.name if name == "display_name" else ""),
            is_required=name == "display_name",
        )
        for name, label, hint in _BRAND
    ]  # fmt: skip


def _brand(_shown: ShownSettings, reader: Reader) -> Prepared | None:
    given = {name: reader.text(name) for name, _, _ in _BRAND}
    for name, text in given.items():
        try:
            settings.check_brand_text(name, text)
        except InvalidValue as error:
            reader.errors[name] = error.message
    if reader.errors:
        return None
    return _prepared(
        "Save the brand", "The brand is saved.", lambda _key: settings.set_brand(**given)
    )


def _domain(_shown: ShownSettings, reader: Reader) -> Prepared | None:
    name = reader.text("name")
    if not name:
        reader.errors["name"] = "this is needed"
        return None
    return _prepared(f"Add {name}", f"{name} leads here.", lambda _key: settings.add_domain(name))


def _domain_options(shown: ShownSettings) -> Sequence[Field]:
    options = tuple(Option(one.name, one.name) for one in shown.domains)
    return [Field(name="name", label="Domain", kind="select", options=options)]


def _drop_domain(_shown: ShownSettings, reader: Reader) -> Prepared | None:
    name = reader.text("name")
    return _prepared(
        f"Remove {name}", f"{name} is removed.", lambda _key: settings.remove_domain(name)
    )


def _tax_fields(_shown: ShownSettings) -> Sequence[Field]:
    return [
        Field(name="code", label="Code", hint="Small letters, such as vat."),
        Field(name="name", label="Name on the invoice", hint="Such as VAT."),
        Field(name="percent", label="Percent", hint="Such as 25 or 24.5."),
        Field(name="valid_from", label="First day", hint="Such as 2026-07-01."),
        Field(name="valid_until", label="First day without it", is_required=False),
    ]


def _tax(_shown: ShownSettings, reader: Reader) -> Prepared | None:
    percent = reader.read("percent", _decimal, Decimal(0))
    first = reader.read("valid_from", _day, None)
    last = reader.read("valid_until", _day, None) if reader.text("valid_until") else None
    code, name = reader.text("code"), reader.text("name")
    if reader.errors or first is None:
        return None
    return _prepared(
        f"Add {name} {percent} %", f"{name} {percent} % is added.",
        lambda _key: settings.add_tax_rate(
            code=code, name=name, percent=percent, valid_from=first, valid_until=last
        ),
        money=[f"Documents from {first} on are taxed with it. Older ones stay as they are."],
    )  # fmt: skip


def _end_tax_fields(shown: ShownSettings) -> Sequence[Field]:
    options = tuple(
        Option(str(one.id), f"{one.name} {one.percent.normalize():f} % from {one.valid_from}")
        for one in shown.rates
    )
    return [
        Field(name="rate", label="Rate", kind="select", options=options),
        Field(name="valid_until", label="First day without it", hint="Such as 2026-07-01."),
    ]


def _end_tax(shown: ShownSettings, reader: Reader) -> Prepared | None:
    until = reader.read("valid_until", _day, None)
    rate = next((one for one in shown.rates if str(one.id) == reader.text("rate")), None)
    if rate is None:
        reader.errors["rate"] = "choose a rate"
    if until is None or rate is None:
        return None
    return _prepared(
        f"End it on {until}", f"{rate.name} ends on {until}.",
        lambda _key: settings.end_tax_rate(rate.id, valid_until=until),
        money=[f"Documents from {until} on are not taxed with it."],
    )  # fmt: skip


def _zone_fields(_shown: ShownSettings) -> Sequence[Field]:
    return [
        Field(name="name", label="Name", hint="Small letters, such as nordic."),
        Field(name="networks", label="Networks", most=2000,
              hint="MCCs and networks with commas: 244, 242-01."),
    ]  # fmt: skip


def _zone(shown: ShownSettings, reader: Reader) -> Prepared | None:
    name = reader.text("name")
    networks = [part for part in reader.text("networks").replace(",", " ").split() if part]
    if not name:
        reader.errors["name"] = "this is needed"
    if not networks:
        reader.errors["networks"] = "this is needed"
    if reader.errors:
        return None
    is_new = name not in {one.name for one in shown.zones}
    told = "Plans can name it." if is_new else "Lines whose plan names it follow, by a push."
    return _prepared(
        f"Add the zone {name}" if is_new else f"Change the zone {name}", f"{name} is set.",
        lambda _key: services.put_roaming_zone(name=name, networks=networks), network=[told],
    )  # fmt: skip


def _zone_options(shown: ShownSettings) -> Sequence[Field]:
    options = tuple(Option(one.name, one.name) for one in shown.zones)
    return [Field(name="name", label="Zone", kind="select", options=options)]


def _drop_zone(_shown: ShownSettings, reader: Reader) -> Prepared | None:
    name = reader.text("name")
    return _prepared(
        f"Remove {name}", f"{name} is removed.",
        lambda _key: services.remove_roaming_zone(name),
        network=["Plans that name it allow no roaming by that any more."],
    )  # fmt: skip


def _series_fields(_shown: ShownSettings) -> Sequence[Field]:
    kinds = tuple(Option(value, label) for value, label in NumberingSeries.Kind.choices)
    return [
        Field(name="kind", label="Documents", kind="select", value="invoice", options=kinds),
        Field(name="prefix", label="Begins with", is_required=False, hint="Such as INV-."),
        Field(name="digits", label="Digits", kind="digits", value="6"),
        Field(name="first_number", label="First number", kind="digits", value="1"),
        Field(name="is_yearly", label="Begin again every year, with the year in it", kind="check",
              value="on", is_required=False),
    ]  # fmt: skip


def _series(_shown: ShownSettings, reader: Reader) -> Prepared | None:
    digits = reader.read("digits", positive, 6)
    first = reader.read("first_number", positive, 1)
    given: dict[str, Any] = {
        "kind": reader.text("kind"), "prefix": reader.text("prefix"), "digits": digits,
        "first_number": first, "is_yearly": bool(reader.text("is_yearly")),
    }  # fmt: skip
    if reader.errors:
        return None
    sample = NumberingSeries(**given).number(1, year=2026)
    return _prepared(
        f"Number them like {sample}", f"The first is {sample}.",
        lambda _key: settings.set_series(**given),
        money=["Documents that have a number keep it."],
    )  # fmt: skip


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidValue("a day is like 2026-07-01") from None


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise InvalidValue("a number such as 24.5") from None
    if not (value.is_finite() and 0 <= value <= 100):
        raise InvalidValue("0 to 100")
    return value


def _row(name: str, verb: str, icon: str, fields: Any, prepare: Any, *, needs: str = "") -> Order:
    return Order(
        name=name, permission="operator.update", verb=verb, icon=icon, fields=fields,
        is_possible=lambda shown: not needs or bool(getattr(shown, needs)), prepare=prepare,
    )  # fmt: skip


_DOMAIN = [Field(name="name", label="Domain name", hint="Such as my.example.org.")]
_ROWS = (
    _row("names", "Change names", "edit", _name_fields, _names),
    _row("brand", "Change the brand", "palette", _brand_fields, _brand),
    _row("add_domain", "Add a domain", "language", lambda _shown: _DOMAIN, _domain),
    _row("remove_domain", "Remove a domain", "link_off", _domain_options, _drop_domain, needs="domains"),
    _row("add_tax", "Add a tax rate", "percent", _tax_fields, _tax),
    _row("end_tax", "End a tax rate", "event_busy", _end_tax_fields, _end_tax, needs="rates"),
    _row("add_zone", "Set a roaming zone", "public", _zone_fields, _zone),
    _row("remove_zone", "Remove a roaming zone", "public_off", _zone_options, _drop_zone, needs="zones"),
    _row("suspension", "Suspend hard or soft", "block", _suspension_fields, _suspension),
    _row("series", "Number documents", "tag", _series_fields, _series),
)  # fmt: skip

ORDERS: Mapping[str, Order] = MappingProxyType({row.name: row for row in _ROWS})
