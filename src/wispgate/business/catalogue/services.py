"""Drafting, launching and retiring plans."""

import re
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from wispgate.business.catalogue import events, queries
from wispgate.business.catalogue.definition import PlanDefinition
from wispgate.business.catalogue.lifecycle import PlanAction, PlanState, next_state
from wispgate.business.catalogue.models import Plan, PlanVersion
from wispgate.business.operators import hot, ids, outbox
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.kernel.errors import InvalidValue, NotFound
from wispgate.kernel.money import Money

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def draft_plan(*, code: str, name: str, price: Decimal, definition: PlanDefinition) -> PlanVersion:
    """A new plan, or the next version of the one with that code, as a draft."""
    if not _CODE.fullmatch(code):
        raise InvalidValue(
            "a plan's code has up to 40 small letters, digits and hyphens", field="code"
        )
    if not 1 <= len(name.strip()) <= 120:
        raise InvalidValue("a plan's name has 1 to 120 characters", field="name")
    with transaction.atomic():
        scope = scopes.current()
        operator = operators.get_operator_by_id(scopes.current_operator_id())
        if price < 0:
            raise InvalidValue("a price is not negative", field="price")
        Money(price, operator.currency)
        _require_zones(definition.roaming_zones, operator.id)
        plan = _ensure_plan(code, operator.id)
        newest = plan.versions.order_by("-version").first()
        number = 1 if newest is None else newest.version + 1
        # What cannot be compiled is refused while it is a draft.
        definition.compile(plan.id, number, name=name, currency=operator.currency)
        version = PlanVersion(
            id=ids.new_id(scope.now),
            operator_id=operator.id,
            plan=plan,
            version=number,
            name=name.strip(),
            price=price,
            currency=operator.currency,
            definition=definition.encode(),
            state_changed_at=scope.now,
            created_at=scope.now,
        )
        version.save(force_insert=True)
        return version


def _require_zones(names: tuple[str, ...], operator_id: UUID) -> None:
    known = {zone.name for zone in operators.list_roaming_zones(operator_id)}
    unknown = sorted(set(names) - known)
    if unknown:
        raise InvalidValue(f"there is no roaming zone {unknown[0]!r}", field="roaming_zones")


def launch(code: str) -> PlanVersion:
    """Puts a plan's newest draft on sale; the version sold until now is retired."""
    with transaction.atomic():
        plan = _lock(code)
        draft = plan.versions.order_by("-version").first()
        if draft is None:
            raise NotFound("plan", code)
        state = next_state(PlanState(draft.state), PlanAction.LAUNCH)
        for sold in plan.versions.filter(state=PlanState.ACTIVE):
            _enter(sold, PlanState.RETIRED)
        _enter(draft, state)
        compiled = queries.get_plan_for_sale(code).compiled
        hot.run(
            "put_plan",
            plan_id=plan.id,
            version=draft.version,
            operator_id=plan.operator_id,
            plan=compiled.encode(),
        )
        outbox.publish(
            events.PlanLaunched(
                operator_id=plan.operator_id,
                occurred_at=scopes.current().now,
                plan_id=plan.id,
                plan_code=code,
                version=draft.version,
            )
        )
        return draft


def retire(code: str) -> None:
    """Ends the selling of a plan. Who has it keeps it."""
    with transaction.atomic():
        plan = _lock(code)
        version = queries.get_plan(code)
        _enter(version, next_state(PlanState(version.state), PlanAction.RETIRE))
        outbox.publish(
            events.PlanRetired(
                operator_id=plan.operator_id,
                occurred_at=scopes.current().now,
                plan_id=plan.id,
                plan_code=code,
                version=version.version,
            )
        )


def _ensure_plan(code: str, operator_id: UUID) -> Plan:
    plan = Plan.objects.select_for_update().filter(code=code).first()
    if plan is None:
        now = scopes.current().now
        plan = Plan(id=ids.new_id(now), operator_id=operator_id, code=code, created_at=now)
        plan.save(force_insert=True)
    return plan


def _lock(code: str) -> Plan:
    plan = Plan.objects.select_for_update().filter(code=code).first()
    if plan is None:
        raise NotFound("plan", code)
    return plan


def _enter(version: PlanVersion, state: PlanState) -> None:
    version.state = state
    version.state_changed_at = scopes.current().now
    version.save(update_fields=["state", "state_changed_at"])
