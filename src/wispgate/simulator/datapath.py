"""What passes between a phone and the gateway: paced by the least of all limits, counted once.

Rates hold from one event to the next; the limits are the UE-AMBR at the eNodeB, and at a gateway
that minds QoS the APN-AMBR and the rate of the flow's rule; the quota is the last gate.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from wispgate.simulator.charging import ChargingSession
from wispgate.simulator.dialects import Dialect
from wispgate.simulator.gx import PolicySession, Rule
from wispgate.simulator.quota import Access, Quota
from wispgate.simulator.subscription import Ambr
from wispgate.simulator.traffic import Flow, microseconds, share, span_until
from wispgate.simulator.ue import UE


@dataclass(slots=True)
class DataPath:
    """The user plane of one PDN connection. `accounted_at`: until when octets are counted."""

    ue: UE
    charging: ChargingSession
    policy: PolicySession
    dialect: Dialect
    accounted_at: datetime
    is_released: bool = False

    def account(self, now: datetime) -> None:
        """Counts what passed since the last time."""
        span = microseconds(now - self.accounted_at)
        self.accounted_at = max(now, self.accounted_at)
        if span <= 0:
            return
        for flow in self._flows():
            down, up = flow.pass_for(span)
            if not flow.is_walled_garden:
                up, down = self._quota(flow).take(up, down, now)
            self._deliver(flow, up, down, now)

    def _deliver(self, flow: Flow, up: int, down: int, now: datetime) -> None:
        flow.count(up + down)
        self.ue.sent_octets += up
        self.ue.received_octets += down
        if up or down:
            self.ue.last_octet_at = now
        if flow.is_done:
            self.ue.changed()

    def pace(self, ue_ambr: Ambr | None) -> None:
        """Sets the rates that hold from now on."""
        self.ue.halt()
        flows = self._flows()
        limits = [ue_ambr, self.policy.ambr if self.dialect.obeys_gx_qos else None]
        downs = [self._wanted(flow, flow.octets_per_second, is_down=True) for flow in flows]
        ups = [self._wanted(flow, flow.up_octets_per_second, is_down=False) for flow in flows]
        for limit in limits:
            downs = share(downs, limit.down_bps if limit else None)
            ups = share(ups, limit.up_bps if limit else None)
        for flow, down, up in zip(flows, downs, ups, strict=True):
            flow.pace(down, up)
        self.ue.octets_per_second = sum(flow.bps for flow in flows) // 8

    def _wanted(self, flow: Flow, octets_per_second: int, *, is_down: bool) -> int:
        """Bits per second that the flow's own limits leave of what it wants."""
        wanted = octets_per_second * 8
        if not self._may_pass(flow):
            return 0
        rule = self._rule(flow)
        if rule is None or rule.ambr is None:
            return wanted
        return min(wanted, rule.ambr.down_bps if is_down else rule.ambr.up_bps)

    def _may_pass(self, flow: Flow) -> bool:
        quota = self._quota(flow)
        if flow.is_walled_garden:
            return quota.access in (Access.WALLED, Access.OPEN, Access.FREE)
        rule = self._rule(flow)
        return quota.is_passing and (rule is None or rule.is_open)

    def _rule(self, flow: Flow) -> Rule | None:
        if not self.dialect.obeys_gx_qos:
            return None
        return self.policy.rule_for(self.charging.group_of(flow.rating_group))

    def next_event_at(self, now: datetime) -> datetime | None:
        """When a report falls due, a first question is to be asked, or a flow is finished."""
        if any(self._is_to_be_asked(flow) for flow in self._flows()):
            return now
        instants = [
            quota.next_due_at(now, self._bps_of(quota)) for quota in self.charging.quotas.values()
        ]
        instants += [self._done_at(flow, now) for flow in self._flows()]
        return min((instant for instant in instants if instant is not None), default=None)

    def wanted_groups(self) -> list[int | None]:
        """Of the flows that would use a quota."""
        return [flow.rating_group for flow in self._flows() if not flow.is_walled_garden]

    def _is_to_be_asked(self, flow: Flow) -> bool:
        quota = self._quota(flow)
        is_new = quota.access is Access.UNASKED and not quota.was_asked
        return is_new and self.charging.is_open and not flow.is_walled_garden

    def _bps_of(self, quota: Quota) -> int:
        return sum(
            flow.bps
            for flow in self._flows()
            if not flow.is_walled_garden and self._quota(flow) is quota
        )

    @staticmethod
    def _done_at(flow: Flow, now: datetime) -> datetime | None:
        remaining = flow.remaining_octets
        span = span_until(remaining, flow.bps) if remaining else None
        return None if span is None else now + span

    def _quota(self, flow: Flow) -> Quota:
        return self.charging.quota_of(flow.rating_group)

    def _flows(self) -> list[Flow]:
        is_carried = self.ue.is_active and not self.is_released
        return _running(self.ue.flows) if is_carried else []


def _running(flows: Iterable[Flow]) -> list[Flow]:
    return [flow for flow in flows if not flow.is_done]
