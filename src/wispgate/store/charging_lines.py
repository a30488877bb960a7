"""What charging knows of lines: kept by version, contradicted by the statement that charges."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wispgate.domain.plan.compiled import CompiledPlan
from wispgate.domain.policy.profile import NetworkProfile
from wispgate.store.plans import PlanCache, PlanKey, key_of
from wispgate.store.profiles import ProfileCache

CAPACITY = 200_000
_UTC = ZoneInfo("UTC")


class Fetcher(Protocol):
    """A partition, or a transaction on it."""

    async def fetch(self, name: str, values: Mapping[str, Any]) -> list[Any]: ...


@dataclass(slots=True)
class ChargingLine:
    """A line as charging needs it. `plan` None: the line names one that cannot be read.

    Of its row nothing is ever changed here. `admitted` is the APN and the visited network where
    it was last admitted under this profile.
    """

    line_id: UUID
    operator_id: UUID
    account_id: UUID
    core_id: UUID
    profile: NetworkProfile
    profile_version: int
    plan_key: PlanKey
    plan: CompiledPlan | None
    time_zone: ZoneInfo
    is_exhausted: bool
    admitted: tuple[str, str] | None = None


class ChargingLines:
    """Lines of all partitions."""

    def __init__(
        self, profiles: ProfileCache, plans: PlanCache, *, capacity: int = CAPACITY
    ) -> None:
        self._profiles = profiles
        self._plans = plans
        self._capacity = capacity
        self._lines: OrderedDict[UUID, ChargingLine] = OrderedDict()

    def find_known(self, line_id: UUID) -> ChargingLine | None:
        return self._lines.get(line_id)

    async def read(self, where: Fetcher, line_ids: Collection[UUID]) -> dict[UUID, ChargingLine]:
        """The lines that exist, fresh from their partition, and kept. Raises DatabaseLost."""
        if not line_ids:
            return {}
        rows = await where.fetch("read_charging_lines", {"line_ids": list(line_ids)})
        await self._plans.load(key_of(row["plan_id"], row["plan_version"]) for row in rows)
        found = {row["line_id"]: self._line(row) for row in rows}
        for line_id, line in found.items():
            self._lines[line_id] = line
            self._lines.move_to_end(line_id)
        while len(self._lines) > self._capacity:
            self._lines.popitem(last=False)
        return found

    async def find_plan(self, key: PlanKey) -> CompiledPlan | None:
        """A plan that a session began with. Raises DatabaseLost."""
        await self._plans.load([key])
        return self._plans.find_known(key)

    def note_exhausted(self, line_id: UUID, *, is_exhausted: bool) -> None:
        """What was just written into the line's row."""
        line = self._lines.get(line_id)
        if line is not None:
            self._lines[line_id] = replace(line, is_exhausted=is_exhausted)

    def _line(self, row: Mapping[str, Any]) -> ChargingLine:
        version, key = row["profile_version"], key_of(row["plan_id"], row["plan_version"])
        return ChargingLine(
            line_id=row["line_id"],
            operator_id=row["operator_id"],
            account_id=row["account_id"],
            core_id=row["core_id"],
            profile=self._profiles.decode(row["line_id"], version, row["profile"]),
            profile_version=version,
            plan_key=key,
            plan=self._plans.find_known(key),
            time_zone=_zone(row["time_zone"]),
            is_exhausted=row["is_exhausted"],
        )


@cache
def _zone(name: str) -> ZoneInfo:
    """A zone that this machine does not know is taken for UTC: charging goes on."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return _UTC
