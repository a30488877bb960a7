"""Compiled plans by id and version: a version never changes, so one that was read is kept."""

from collections import OrderedDict
from collections.abc import Iterable
from uuid import UUID

import structlog

from wispgate.domain.plan.basic import BASIC_PLAN_ID, basic_plan
from wispgate.domain.plan.compiled import CompiledPlan
from wispgate.kernel.errors import InvalidValue
from wispgate.store.hot import HotStore

_log = structlog.get_logger("store")

CAPACITY = 10_000

PlanKey = tuple[UUID, int]

BASIC: PlanKey = (BASIC_PLAN_ID, 1)


def key_of(plan_id: UUID | None, version: int | None) -> PlanKey:
    """The key of a line's plan; a line that bought none yet has the basic one."""
    return BASIC if plan_id is None or version is None else (plan_id, version)


class PlanCache:
    """Reads plans in batches. What does not exist is asked for again each time."""

    def __init__(self, store: HotStore, *, capacity: int = CAPACITY) -> None:
        self._store = store
        self._capacity = capacity
        self._plans: OrderedDict[PlanKey, CompiledPlan] = OrderedDict({BASIC: basic_plan()})

    def find_known(self, key: PlanKey) -> CompiledPlan | None:
        """The plan as far as it is kept here."""
        return self._plans.get(key)

    async def load(self, keys: Iterable[PlanKey]) -> None:
        """Reads those that are not kept yet. Raises DatabaseLost."""
        missing = [key for key in dict.fromkeys(keys) if key not in self._plans]
        if not missing:
            return
        rows = await self._store.public.fetch(
            "read_plans",
            {"plan_ids": [key[0] for key in missing], "versions": [key[1] for key in missing]},
        )
        for row in rows:
            self._keep((row["plan_id"], row["version"]), row["plan"])

    def _keep(self, key: PlanKey, text: str) -> None:
        try:
            self._plans[key] = CompiledPlan.decode(text)
        except InvalidValue as error:
            # Of a release that knows more than this one: lines that have it are not charged wrongly.
            _log.error("a plan cannot be read", plan=str(key[0]), version=key[1], cause=str(error))
            return
        if len(self._plans) > self._capacity:
            self._plans.popitem(last=False)
