"""From decisions to what is answered: result codes, and the dialect of the core that asks."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wispgate.domain.charging.granting import Booked, DenialReason, Denied, Granted, GroupDecision
from wispgate.domain.charging.outcome import ChargeDecision, Outcome
from wispgate.domain.charging.requests import ChargeRequest, EventAction, RequestKind
from wispgate.domain.plan.exhaustion import Block, FinalAction
from wispgate.domain.policy.capabilities import CoreProfile
from wispgate.domain.policy.decisions import Refusal
from wispgate.network.ocs.stored import StoredAnswer, StoredGroup
from wispgate.wire.diameter.results import ResultCode

DENIALS: Final[Mapping[DenialReason, ResultCode]] = MappingProxyType(
    {
        DenialReason.OUT_OF_CREDIT: ResultCode.CREDIT_LIMIT_REACHED,
        DenialReason.RATING_FAILED: ResultCode.RATING_FAILED,
    }
)
REFUSALS: Final[Mapping[Refusal, ResultCode]] = MappingProxyType(
    {
        Refusal.UNKNOWN_SUBSCRIBER: ResultCode.USER_UNKNOWN,
        Refusal.WITHDRAWN: ResultCode.USER_UNKNOWN,
        Refusal.SUSPENDED: ResultCode.END_USER_SERVICE_DENIED,
        Refusal.NO_PLAN: ResultCode.END_USER_SERVICE_DENIED,
        Refusal.RAT_NOT_ALLOWED: ResultCode.END_USER_SERVICE_DENIED,
        Refusal.ROAMING_NOT_ALLOWED: ResultCode.END_USER_SERVICE_DENIED,
        Refusal.OPERATOR_BARRED: ResultCode.END_USER_SERVICE_DENIED,
        Refusal.APN_NOT_ALLOWED: ResultCode.END_USER_SERVICE_DENIED,
        Refusal.DEVICE_NOT_ALLOWED: ResultCode.END_USER_SERVICE_DENIED,
        Refusal.OUT_OF_CREDIT: ResultCode.CREDIT_LIMIT_REACHED,
    }
)


def answer_decision(
    decision: ChargeDecision, request: ChargeRequest, core: CoreProfile
) -> StoredAnswer:
    """What a decided request is answered."""
    if decision.outcome is Outcome.UNKNOWN_SESSION:
        return StoredAnswer(result_code=ResultCode.UNKNOWN_SESSION_ID)
    if request.action is EventAction.PRICE_ENQUIRY:
        # A price that is not known is none, and not nothing.
        cost = decision.cost if decision.reason is None else None
        return StoredAnswer(result_code=_code_of(decision), cost=cost)
    if request.action is EventAction.CHECK_BALANCE:
        # Not having enough is the answer to the question, not a failure to answer it.
        return StoredAnswer(
            result_code=ResultCode.SUCCESS, is_enough=decision.outcome is Outcome.SUCCESS
        )
    groups = tuple(group_answer(group, request, core) for group in decision.groups)
    return _with_level(_code_of(decision), groups, request, core)


def answer_refusal(reason: Refusal, request: ChargeRequest, core: CoreProfile) -> StoredAnswer:
    """What a line is answered that may have no session: all of its groups are refused."""
    code = REFUSALS[reason]
    groups = tuple(
        StoredGroup(rating_group=group.rating_group, result_code=code) for group in request.groups
    )
    return _with_level(code, groups, request, core)


def answer_simple(
    decisions: tuple[GroupDecision, ...], request: ChargeRequest, core: CoreProfile
) -> StoredAnswer:
    """The answer of a request whose groups all get what they want."""
    groups = tuple([group_answer(group, request, core) for group in decisions])
    return StoredAnswer(result_code=ResultCode.SUCCESS, groups=groups)


def group_answer(decision: GroupDecision, request: ChargeRequest, core: CoreProfile) -> StoredGroup:
    match decision:
        case Booked(rating_group=rating_group):
            return StoredGroup(rating_group=rating_group, result_code=ResultCode.SUCCESS)
        case Denied(rating_group=rating_group, reason=reason, final_action=action):
            return StoredGroup(
                rating_group=rating_group,
                result_code=DENIALS[reason],
                final=_final_of_denial(action, core),
            )
        case Granted():
            return StoredGroup(
                rating_group=decision.rating_group,
                result_code=ResultCode.SUCCESS,
                unit=request.unit,
                units=decision.units,
                validity_seconds=min(decision.validity_seconds, core.validity_seconds),
                threshold_units=decision.threshold_units,
                tariff_change_at=decision.tariff_change_at,
                final=_final_of_grant(decision.final_action, core),
            )


def _with_level(
    code: ResultCode, groups: tuple[StoredGroup, ...], request: ChargeRequest, core: CoreProfile
) -> StoredAnswer:
    """Where a refusal of everything stands: at command level, and in each group as well.

    A core that cannot take it inside the groups of its first answer gets no groups there. Its
    later ones say it in the groups only: that form was seen to end the session in good order.
    """
    if code != ResultCode.SUCCESS and core.refuse_at_command_level:
        if request.kind is RequestKind.UPDATE and groups:
            return StoredAnswer(result_code=ResultCode.SUCCESS, groups=groups)
        return StoredAnswer(result_code=code)
    return StoredAnswer(result_code=code, groups=groups)


def _code_of(decision: ChargeDecision) -> ResultCode:
    return ResultCode.SUCCESS if decision.reason is None else DENIALS[decision.reason]


def _final_of_grant(action: Block | None, core: CoreProfile) -> Block | None:
    """Where any final unit ends the session, a way to top up or a filter would never be reached."""
    if action is None or not core.final_unit_ends_session:
        return action
    return action if action.final_action is FinalAction.TERMINATE else None


def _final_of_denial(action: Block | None, core: CoreProfile) -> Block | None:
    """Says again where the traffic goes; ending it needs no words beside the result code."""
    is_silent = action is None or action.final_action is FinalAction.TERMINATE
    return None if is_silent or core.final_unit_ends_session else action
