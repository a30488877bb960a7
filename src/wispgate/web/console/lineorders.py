"""What can be ordered for a line: its SIM, number, plan and data, and its end."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from django.urls import reverse

from wispgate.business.catalogue import queries as catalogue
from wispgate.business.staff import guards
from wispgate.business.subscriptions import services as subscriptions
from wispgate.business.subscriptions.lifecycle import SubscriptionAction, SubscriptionState
from wispgate.business.subscriptions.lifecycle import actions_from as line_actions_from
from wispgate.kernel.identifiers import Iccid, Msisdn
from wispgate.kernel.money import Money
from wispgate.kernel.units import format_octets, parse_octets
from wispgate.web.console import planwords, reads, restrictionorders, telling
from wispgate.web.console.fields import Field, Option, Reader, positive
from wispgate.web.console.linepage import LinePage
from wispgate.web.console.ordering import Order, Prepared
from wispgate.web.console.wording import Link, counted

_SUGGESTED = 50
_NOTHING_PAID = ("Nothing is charged or credited.",)


def _can(page: LinePage, action: SubscriptionAction) -> bool:
    return action in line_actions_from(SubscriptionState(page.line.state))


def _is_served(page: LinePage) -> bool:
    """Its SIM was activated once: it pays for plan and data now, not later."""
    return page.line.state in ("active", "suspended")


def _untold(page: LinePage) -> Sequence[str]:
    return telling.nothing(page.line.subscriber.name)


def _told(page: LinePage, kind: str, payload: Mapping[str, object], plan: str = "") -> list[str]:
    return telling.preview(page.line.subscriber.name, kind, payload, line=page.line, plan=plan)


def paying(page: LinePage, price: Decimal, currency: str) -> tuple[list[str], str]:
    """What a price does to the wallet, and the obstacle where it holds too little."""
    money, free = Money(price, currency), Money(page.wallet or Decimal(0), currency)
    if not price:
        return ["Nothing is charged."], ""
    if free.amount < price:
        return [], f"The wallet has {free}, and this costs {money}"
    return [f"{money} are taken from the wallet: {free} becomes {free - money}."], ""


def to_wallet(page: LinePage) -> Link:
    address = reverse("console:subscriber_order", args=[page.line.subscriber_id, "top_up_wallet"])
    return Link("Top up the wallet first", address)


def _sim_fields(_page: LinePage) -> Sequence[Field]:
    stock = [Option(sim.iccid, f"IMSI {sim.imsi}") for sim in reads.list_stock(_SUGGESTED)]
    hint = "A card from stock. Type its last digits to find it." if stock else "The stock is empty."
    return [Field(name="iccid", label="ICCID of the SIM", kind="suggest", options=stock, hint=hint)]


def _assign(page: LinePage, reader: Reader) -> Prepared | None:
    iccid = reader.read("iccid", lambda text: str(Iccid.parse(text)), "")
    if not iccid:
        return None
    is_on = _is_served(page)
    after = "answers for it from now on" if is_on else "knows it, and refuses it until activation"
    return Prepared(
        button="Assign 1 SIM",
        done="Assigned 1 SIM.",
        network=[f"The card {iccid} leaves the stock; the HSS {after}."],
        money=_NOTHING_PAID,
        messages=_untold(page),
        perform=lambda _key: subscriptions.assign_sim(page.line.id, iccid=iccid),
    )


def _number_fields(page: LinePage) -> Sequence[Field]:
    hint = "International form, such as 46701000001."
    known = "" if guards.is_hidden("msisdn") else page.line.msisdn
    return [Field(name="msisdn", label="Number", kind="digits", value=known, hint=hint)]


def _set_number(page: LinePage, reader: Reader) -> Prepared | None:
    number = reader.read("msisdn", lambda text: str(Msisdn.parse(text)), "")
    if not number:
        return None
    told = [f"The line is reached under {number} from now on."]
    if page.line.msisdn and page.line.msisdn != number:
        told.append(f"{page.line.msisdn} is released.")
    return Prepared(
        button=f"Set number {number}",
        done=f"The number is {number} now.",
        network=told,
        money=_NOTHING_PAID,
        messages=_untold(page),
        perform=lambda _key: subscriptions.set_msisdn(page.line.id, msisdn=number),
    )


def _plan_fields(page: LinePage) -> Sequence[Field]:
    on_sale = catalogue.list_plans(state="active")
    options = [
        Option(
            version.plan.code,
            f"{version.name}, {planwords.price_of(version)}",
            planwords.in_short(catalogue.definition_of(version)),
        )
        for version in on_sale
    ]
    hint = "" if options else "No plan is on sale. Draft one under Plans and launch it."
    return [Field(name="plan", label="Plan", kind="choice", options=options, hint=hint)]


def _change_plan(page: LinePage, reader: Reader) -> Prepared | None:
    code = reader.text("plan")
    if not code:
        reader.errors["plan"] = "choose a plan"
        return None
    bought = catalogue.get_plan_for_sale(code)
    price = Money(bought.price, bought.currency)
    if _is_served(page):
        money, obstacle = paying(page, bought.price, bought.currency)
    else:
        money, obstacle = [f"{price} are taken from the wallet when it is activated."], ""
    return Prepared(
        button=f"Change to {bought.name} for {price}" if price else f"Change to {bought.name}",
        done=f"The plan is {bought.name} now.",
        network=_on_change(page, code),
        money=money,
        messages=_told(page, "subscription.plan_changed", {"plan_code": code}, bought.name),
        perform=lambda key: subscriptions.change_plan(page.line.id, code=code, key=key),
        obstacle=obstacle,
        way_out=to_wallet(page) if obstacle else None,
    )


def _on_change(page: LinePage, code: str) -> list[str]:
    """What the network does differently, and what becomes of the data there is."""
    new = catalogue.definition_of(catalogue.get_plan(code))
    before = planwords.speed(page.definition) if page.definition else "the basic speed"
    after = planwords.speed(new)
    change = f"{before} becomes {after}" if before != after else f"{after} as before"
    told = [f"Speed: {change}.", planwords.at_exhaustion(new)]
    online = len(page.open_sessions)
    if online:
        told.append(
            f"{counted(online, 'open session')} learns of it by a push; the page of the line "
            "shows when it is in effect."
        )
    ending = [bucket for bucket in page.buckets if bucket.row.source == "plan"]
    if _is_served(page) and ending:
        left = format_octets(int(sum(bucket.left for bucket in ending)))
        told.append(f"What is left of {ending[0].row.name}, {left}, ends now.")
    if _is_served(page):
        told.append(f"Begins now: {planwords.in_short(new)}.")
    return told


def _data_fields(page: LinePage) -> Sequence[Field]:
    days = Option("1", "1 day"), Option("7", "7 days"), Option("30", "30 days")
    return [
        Field(name="data", label="Data", value="1 GB", hint="Such as 5 GB or 500 MB."),
        Field(name="days", label="Good for", kind="select", value="30", options=days),
        Field(name="price", label=f"Price in {page.currency}", kind="decimal", value="0"),
    ]


def _top_up_data(page: LinePage, reader: Reader) -> Prepared | None:
    octets = reader.read("data", parse_octets, 0)
    days = reader.read("days", positive, 1)
    price = reader.read("price", lambda text: price_in(text, page.currency), Decimal(0))
    if not octets:
        reader.errors.setdefault("data", "more than nothing")
        return None
    money, obstacle = paying(page, price, page.currency)
    amount = format_octets(octets)
    told = [f"The line has {amount} more, for {counted(days, 'day')}, used after its plan's data."]
    if page.is_exhausted:
        told.append("Its data is used up now: the service comes back by a push.")
    cost = f" for {Money(price, page.currency)}" if price else " for nothing"
    return Prepared(
        button=f"Top up {amount}{cost}",
        done=f"Topped up {amount}.",
        network=told,
        money=money,
        messages=_told(page, "data.topped_up", {"octets": octets}),
        perform=lambda key: subscriptions.top_up_data(
            page.line.id, octets=octets, validity_days=days, price=price, key=key
        ),
        obstacle=obstacle,
        way_out=to_wallet(page) if obstacle else None,
    )


def price_in(text: str, currency: str) -> Decimal:
    """An amount of at least nothing, in whole minor units."""
    return Money.parse(text, currency).amount


def _terminate(page: LinePage, _reader: Reader) -> Prepared:
    told = ["The line ends for good: this cannot be undone."]
    if page.sim is not None:
        fate = "goes back into stock" if page.line.state == "pending" else "is retired"
        told.append(f"Its SIM {page.sim.iccid} {fate}; the HSS forgets IMSI {page.sim.imsi}.")
    if page.open_sessions:
        told.append(f"{counted(len(page.open_sessions), 'open session')} ends by a push.")
    if page.line.msisdn:
        told.append(f"The number {page.line.msisdn} is released.")
    return Prepared(
        button="Terminate 1 line",
        done="Terminated 1 line.",
        network=told,
        money=["Nothing is paid back; the wallet stays as it is."],
        messages=_untold(page),
        perform=lambda _key: subscriptions.terminate(page.line.id),
    )


def _device_fields(page: LinePage) -> Sequence[Field]:
    registration = page.presence.registration
    here = registration.imei if registration is not None and registration.imei else ""
    hint = "IMEIs, with commas between; none at all lifts the lock."
    if here:
        hint += f" It was last seen in {here}."
    value = ", ".join(page.line.device_lock) or here
    return [Field(name="imeis", label="Devices", value=value, hint=hint, is_required=False)]


def _lock_devices(page: LinePage, reader: Reader) -> Prepared | None:
    imeis = [text.strip() for text in reader.text("imeis").split(",") if text.strip()]
    nothing: list[str] = []
    devices = reader.read("imeis", lambda _text: subscriptions.parse_devices(imeis), nothing)
    if reader.errors:
        return None
    if not devices:
        told = "Any device may use the line from now on."
        button, done = "Lift the lock", "Lifted the lock."
    else:
        count = counted(len(devices), "device")
        told = f"Only {count} may use the line: it registers in no other from the next time on."
        button, done = f"Lock to {count}", f"Locked to {count}."
    return Prepared(
        button=button,
        done=done,
        network=[told],
        money=_NOTHING_PAID,
        messages=_untold(page),
        perform=lambda _key: subscriptions.lock_devices(page.line.id, imeis=devices),
    )


_ROWS = (
    Order(
        name="assign_sim",
        permission="sim.assign",
        verb="Assign SIM",
        icon="sim_card",
        is_possible=lambda page: page.sim is None and _can(page, SubscriptionAction.ASSIGN_SIM),
        fields=_sim_fields,
        prepare=_assign,
    ),
    Order(
        name="set_number",
        permission="subscription.number",
        verb="Set number",
        icon="dialpad",
        is_possible=lambda page: page.line.state != "terminated",
        fields=_number_fields,
        prepare=_set_number,
    ),
    Order(
        name="top_up_data",
        permission="data.top_up",
        verb="Top up data",
        icon="add_circle",
        is_possible=_is_served,
        fields=_data_fields,
        prepare=_top_up_data,
    ),
    Order(
        name="change_plan",
        permission="subscription.plan",
        verb="Change plan",
        icon="sell",
        is_possible=lambda page: page.line.state != "terminated",
        fields=_plan_fields,
        prepare=_change_plan,
    ),
    Order(
        name="lock_devices",
        permission="subscription.device",
        verb="Lock to devices",
        icon="devices",
        is_possible=lambda page: page.line.state != "terminated",
        fields=_device_fields,
        prepare=_lock_devices,
    ),
    *restrictionorders.ROWS,
    Order(
        name="terminate",
        permission="subscription.terminate",
        verb="Terminate",
        icon="cancel",
        is_possible=lambda page: _can(page, SubscriptionAction.TERMINATE),
        prepare=_terminate,
        is_harmful=True,
    ),
)

ORDERS: Mapping[str, Order] = MappingProxyType({order.name: order for order in _ROWS})
