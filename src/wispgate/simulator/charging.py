"""The gateway's side of one Gy session: what to report when, and what an answer makes of it.

Pure: gives the CreditControl to be sent and takes the CreditAnswer that came. RFC 8506 section 7,
TS 32.299 section 6.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Final

from wispgate.simulator.dialects import Dialect
from wispgate.simulator.quota import Access, FinalUnit, Grant, Quota, Reason, Usage
from wispgate.wire.diameter.results import ResultCode

_EPOCH: Final = datetime.fromtimestamp(0, UTC)


class RequestType(IntEnum):
    """Values of CC-Request-Type (416)."""

    INITIAL = 1
    UPDATE = 2
    TERMINATION = 3


class TerminationCause(IntEnum):
    """Values of Termination-Cause (295) that a gateway gives."""

    LOGOUT = 1
    ADMINISTRATIVE = 4


class FailureHandling(IntEnum):
    """Values of Credit-Control-Failure-Handling (427)."""

    TERMINATE = 0
    CONTINUE = 1
    RETRY_AND_TERMINATE = 2


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """One MSCC of a request."""

    rating_group: int | None
    usage: Usage | None = None
    reason: Reason | None = None
    wants_units: bool = True


@dataclass(frozen=True, slots=True)
class CreditControl:
    """A CCR: its type, its number and what it says of each rating group."""

    type: RequestType
    number: int
    reports: tuple[ServiceReport, ...] = ()
    termination_cause: TerminationCause | None = None


@dataclass(frozen=True, slots=True)
class ServiceGrant:
    """One MSCC of an answer."""

    rating_group: int | None
    result_code: int
    grant: Grant


@dataclass(frozen=True, slots=True)
class CreditAnswer:
    """A CCA, as far as a gateway minds."""

    result_code: int
    services: tuple[ServiceGrant, ...] = ()
    failure_handling: FailureHandling | None = None


@dataclass(slots=True)
class ChargingSession:
    """One Gy session. `refusal` is the result that keeps the session from existing any more."""

    session_id: str
    dialect: Dialect
    default_rating_group: int
    quotas: dict[int | None, Quota] = field(default_factory=dict)
    next_number: int = 0
    is_open: bool = False
    refusal: int | None = None
    failure_handling: FailureHandling = FailureHandling.TERMINATE
    is_uncontrolled: bool = False
    final_seen: FinalUnit | None = None
    _has_granted_time: bool = False
    _has_reported: bool = False

    def group_of(self, rating_group: int | None) -> int | None:
        """Under which key a flow is counted: all under one where the core does not tell groups."""
        if not self.dialect.rates_by_group:
            return None
        return self.default_rating_group if rating_group is None else rating_group

    def quota_of(self, rating_group: int | None) -> Quota:
        key = self.group_of(rating_group)
        asks_despite_final = self.dialect.final_unit_ends_session
        return self.quotas.setdefault(key, Quota(key, asks_despite_final=asks_despite_final))

    # --- requests ----------------------------------------------------------------------------

    def initial(self, rating_groups: Iterable[int | None]) -> CreditControl:
        """Asks for the default group and for those that the phone already uses."""
        groups = dict.fromkeys([self.group_of(None), *map(self.group_of, rating_groups)])
        for group in groups:
            self.quota_of(group).was_asked = True
        return self._request(RequestType.INITIAL, [ServiceReport(group) for group in groups])

    def update_if_due(self, now: datetime, wanted: Iterable[int | None]) -> CreditControl | None:
        """The CCR-U that is due: reports, and first questions for groups that traffic wants."""
        if not self.is_open or self.is_uncontrolled:
            return None
        reports = []
        for group in dict.fromkeys(map(self.group_of, wanted)):
            if self.quota_of(group).access is Access.UNASKED and not self.quotas[group].was_asked:
                self.quotas[group].was_asked = True
                reports.append(ServiceReport(group))
        for quota in self.quotas.values():
            reason = quota.due_reason(now)
            if reason is not None:
                reports.append(self._report(quota, reason, now))
        return self._request(RequestType.UPDATE, reports) if reports else None

    def forced_update(self, now: datetime, rating_groups: Iterable[int]) -> CreditControl:
        """After a Gy RAR: of those groups, or of all (TS 32.299 section 6.3.6)."""
        wanted = {self.group_of(group) for group in rating_groups} or set(self.quotas)
        quotas = [quota for group, quota in self.quotas.items() if group in wanted]
        reports = [self._report(quota, Reason.FORCED_REAUTHORISATION, now) for quota in quotas]
        return self._request(RequestType.UPDATE, reports)

    def termination(
        self, now: datetime, cause: TerminationCause = TerminationCause.LOGOUT
    ) -> CreditControl:
        """The last report. One that never had a grant says so by leaving out the reason."""
        reports = []
        for quota in self.quotas.values():
            reason = Reason.FINAL if quota.counted_since else None
            if not self.dialect.rates_by_group or quota.used_octets or quota.access is Access.OPEN:
                usage = self._take_usage(quota, now)
                reports.append(ServiceReport(quota.rating_group, usage, reason, wants_units=False))
        request = self._request(RequestType.TERMINATION, reports, cause)
        self.is_open = False
        return request

    def _request(
        self,
        kind: RequestType,
        reports: Iterable[ServiceReport],
        cause: TerminationCause | None = None,
    ) -> CreditControl:
        number = self.next_number
        self.next_number += 1
        return CreditControl(kind, number, tuple(reports), cause)

    def _report(self, quota: Quota, reason: Reason, now: datetime) -> ServiceReport:
        is_last = reason in (Reason.FINAL, Reason.QHT)
        has_usage = quota.access is not Access.FREE and (
            quota.access is Access.OPEN or quota.used_octets > 0
        )
        usage = self._take_usage(quota, now) if has_usage else None
        quota.was_asked = True
        if reason is Reason.FINAL:
            quota.fall_back(now)
        elif reason is Reason.QHT:
            quota.return_units()
        return ServiceReport(quota.rating_group, usage, reason, wants_units=not is_last)

    def _take_usage(self, quota: Quota, now: datetime) -> Usage:
        usage = quota.usage(now)
        if self._is_first_time_bogus() and quota.counted_since is not None:
            # The user plane measures from the epoch until something makes it start its watch.
            usage = Usage(usage.up, usage.down, int((now - _EPOCH).total_seconds()))
        self._has_reported = True
        quota.reported(now)
        return usage

    def _is_first_time_bogus(self) -> bool:
        return (
            self.dialect.has_bogus_first_time
            and not self._has_granted_time
            and not self._has_reported
        )

    # --- answers -----------------------------------------------------------------------------

    def receive(self, answer: CreditAnswer, request: CreditControl, now: datetime) -> None:
        """What the server decided. `refusal` says that the session is over."""
        if answer.failure_handling is not None:
            self.failure_handling = answer.failure_handling
        if answer.result_code != ResultCode.SUCCESS:
            self._receive_refusal(answer.result_code, request)
            return
        self.is_open = request.type is not RequestType.TERMINATION
        for service in answer.services:
            self._receive_service(service, now)
        for report in request.reports:
            self._settle_unanswered(report, answer)

    def unanswered(self, request: CreditControl) -> None:
        """Tx expired: Credit-Control-Failure-Handling decides (RFC 8506 section 6.5)."""
        if self.failure_handling is FailureHandling.CONTINUE:
            self.is_open = self.is_uncontrolled = True
            for quota in self.quotas.values():
                quota.free()
        else:
            self._receive_refusal(ResultCode.UNABLE_TO_DELIVER, request)

    def _receive_refusal(self, result_code: int, request: CreditControl) -> None:
        if result_code == ResultCode.CREDIT_CONTROL_NOT_APPLICABLE:
            # 4011: the user may be served without control, and the session ends here.
            self.is_open, self.is_uncontrolled = False, True
            for quota in self.quotas.values():
                quota.free()
            return
        self.is_open = False
        if request.type is not RequestType.TERMINATION:
            self.refusal = result_code

    def _receive_service(self, service: ServiceGrant, now: datetime) -> None:
        quota = self.quota_of(service.rating_group)
        if service.result_code == ResultCode.CREDIT_CONTROL_NOT_APPLICABLE:
            quota.free()
        elif service.result_code != ResultCode.SUCCESS:
            quota.block(service.grant.validity_seconds, now)
            if not self.dialect.rates_by_group:
                self.refusal = service.result_code
        else:
            self._receive_grant(quota, service.grant, now)

    def _receive_grant(self, quota: Quota, grant: Grant, now: datetime) -> None:
        self.final_seen = grant.final
        if grant.seconds is not None or grant.validity_seconds is not None:
            self._has_granted_time = True
        has_given_back = quota.access is Access.UNASKED and not quota.was_asked
        if grant.has_units or grant.final is not None:
            quota.receive(grant, now)
        elif quota.access is Access.WALLED:
            # An answer to a report that asked for nothing; it may name when to ask again.
            quota.grant = Grant(validity_seconds=grant.validity_seconds, final=quota.grant.final)
            quota.granted_at, quota.was_asked = now, False
        elif not has_given_back:
            quota.receive(grant, now)

    def _settle_unanswered(self, report: ServiceReport, answer: CreditAnswer) -> None:
        """A group that was asked for and not mentioned gets nothing."""
        answered = {self.group_of(service.rating_group) for service in answer.services}
        quota = self.quotas.get(report.rating_group)
        if quota is None or report.rating_group in answered:
            return
        quota.was_asked = False
        if report.wants_units:
            quota.access, quota.grant = Access.BLOCKED, Grant()
