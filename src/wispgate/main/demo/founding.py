"""Founds the demo operator: once, by the services that people and programs use too."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import structlog

from wispgate.main import business_commands, database, django, secret_files
from wispgate.main.clocks import installation_clock
from wispgate.main.demo import cards, removal, story
from wispgate.main.demo.names import CORE, FOLDER, MME, OPERATOR, REALM, SMF
from wispgate.main.settings import Settings

_log = structlog.get_logger("demo")

_WALLET: Final = Decimal("60.00")


def ensure_demo(settings: Settings) -> None:
    """The demo operator with its core, cards, customers and history; nothing if it is there."""
    business_commands.require_installation(settings)
    secrets = secret_files.load(settings.folder.secrets)
    with database.reachable(settings, secrets):
        django.setup(settings, secrets, role="web", process="demo")
        if removal.mark(settings).exists():
            removal.remove_from_database(settings)
        _found(settings)


def demo_cards(settings: Settings) -> list[cards.DemoCard]:
    """The cards of the demo's phones and of its stock."""
    count = story.CUSTOMERS + story.SPARE_CARDS
    return cards.ensure_cards(settings.folder.path / FOLDER, count=count)


def _found(settings: Settings) -> None:
    from wispgate.business.inventory import importing  # noqa: PLC0415 (needs Django)
    from wispgate.business.operators import queries  # noqa: PLC0415
    from wispgate.business.operators import scope as scopes  # noqa: PLC0415

    now = installation_clock(settings.folder).now()
    began = now - timedelta(days=story.DAYS)
    actor = scopes.Actor("system", "demo")
    with scopes.within(scopes.Scope(now=began, actor=actor, is_platform=True, reason="demo")):
        if any(operator.slug == OPERATOR for operator in queries.list_operators()):
            return
        operator_id = _found_operator()
    scope = scopes.Scope(now=began, actor=actor, operator_id=operator_id, reason="demo")
    customers = story.customers()
    with scopes.within(scope):
        _draft_plans()
        importing.import_sims(cards.as_csv(demo_cards(settings)), name="Demo cards")
    _live(scope, customers, demo_cards(settings), until=now)
    _log.info("demo operator founded", customers=len(customers), days=story.DAYS)


def _found_operator() -> UUID:
    from wispgate.business.operators import services  # noqa: PLC0415 (needs Django)
    from wispgate.kernel.plmn import Plmn  # noqa: PLC0415

    operator_id = services.create_operator(
        slug=OPERATOR, name="Demo Mobile", currency="EUR", time_zone="Europe/Berlin"
    )
    services.add_core(name=CORE, plmns=[Plmn.parse(cards.PLMN)])
    services.serve_operator(
        core=CORE, operator=OPERATOR, first_imsi="999700000000000", last_imsi="999709999999999"
    )
    for identity, applications in ((MME, ["s6a"]), (SMF, ["gx", "gy"])):
        services.add_peer(
            core=CORE,
            identity=identity,
            addresses=["127.0.0.1"],
            applications=applications,
            realm=REALM,
            profile="open5gs",
        )
    return operator_id


def _draft_plans() -> None:
    from wispgate.business.catalogue import services  # noqa: PLC0415 (needs Django)
    from wispgate.business.catalogue.definition import (  # noqa: PLC0415
        AtExhaustion,
        PlanDefinition,
    )

    for code, name, price, terms in story.PLANS:
        given: dict[str, Any] = dict(terms)
        if "at_exhaustion" in given:
            given["at_exhaustion"] = AtExhaustion(given["at_exhaustion"])
        services.draft_plan(
            code=code, name=name, price=Decimal(price), definition=PlanDefinition(**given)
        )
        services.launch(code)


def _sign_up(customer: story.Customer, card: cards.DemoCard) -> tuple[UUID, UUID]:
    """Subscriber and line of a customer."""
    from wispgate.business.crm import services as crm  # noqa: PLC0415 (needs Django)
    from wispgate.business.subscriptions import services as subscriptions  # noqa: PLC0415

    subscriber = crm.create_subscriber(name=customer.name, party=customer.party)
    line = subscriptions.create_subscription(subscriber_id=subscriber)
    subscriptions.set_msisdn(line, msisdn=customer.msisdn)
    subscriptions.change_plan(line, code=customer.plan)
    subscriptions.assign_sim(line, iccid=card.iccid)
    if customer.fate != "pending":
        subscriptions.top_up_wallet(subscriber, amount=_WALLET, key="demo", reason="demo")
        subscriptions.activate(line)
    return subscriber, line


def _live(
    scope: Any,
    customers: Sequence[story.Customer],
    stock: Sequence[cards.DemoCard],
    *,
    until: datetime,
) -> None:
    """Who came and what they used day by day, and what became of some of them yesterday."""
    from dataclasses import replace  # noqa: PLC0415

    from wispgate.business.operators import scope as scopes  # noqa: PLC0415 (needs Django)
    from wispgate.business.subscriptions import services as subscriptions  # noqa: PLC0415

    lines: dict[story.Customer, tuple[UUID, UUID]] = {}
    for day in range(story.DAYS):
        morning = scope.now + timedelta(days=day)
        with scopes.within(replace(scope, now=morning)):
            for customer, card in zip(customers, stock, strict=False):
                if customer.joined_day == day:
                    lines[customer] = _sign_up(customer, card)
        for hour in _hours_of(day):
            with scopes.within(
                replace(scope, now=morning + timedelta(hours=20 if hour is None else hour))
            ):
                _use(lines, day, hour)
    with scopes.within(replace(scope, now=until - timedelta(hours=12))):
        for customer, (_, line) in lines.items():
            if customer.fate not in ("active", "pending"):
                subscriptions.suspend(line, reason=customer.fate)


def _hours_of(day: int) -> Sequence[int | None]:
    """The last day is told hour by hour, the others as a whole."""
    return range(24) if day == story.DAYS - 1 else (None,)


def _use(lines: Mapping[story.Customer, tuple[UUID, UUID]], day: int, hour: int | None) -> None:
    from wispgate.main.demo import history  # noqa: PLC0415 (needs Django)

    for customer, (subscriber, line) in lines.items():
        share = 1.0 if hour is None else story.share_of(customer, hour)
        if customer.fate != "pending":
            history.use(subscriber, line, int(customer.daily_octets[day] * share))
