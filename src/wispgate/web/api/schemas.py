"""What goes in and what comes out. Secrets have no field here: they cannot be asked for."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import ConfigDict, Field, StringConstraints

from wispgate.business.crm.services import Party
from wispgate.business.inventory.lifecycle import SimState
from wispgate.business.subscriptions.lifecycle import SubscriptionState
from wispgate.business.subscriptions.services import SuspensionKind, SuspensionReason
from wispgate.business.subscriptions.trace import Milestone, Trace
from wispgate.domain.policy.restrictions import RestrictionName

# One line: PostgreSQL's text has no NUL, other control characters have no place in a name either.
Text = Annotated[str, StringConstraints(pattern="^[^\\x00-\\x1f\\x7f-\\x9f]*$")]
IccidText = Annotated[str, StringConstraints(pattern="^89[0-9]{16,18}$")]
ImsiText = Annotated[str, StringConstraints(pattern="^[0-9]{6,15}$")]
MsisdnText = Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{3,15}$")]


class Closed(Schema):
    """Input: a field that we do not know is a mistake, not a wish to be ignored."""

    model_config = ConfigDict(extra="forbid")


class NewSubscriber(Closed):
    name: Annotated[Text, Field(min_length=1, max_length=160)]
    party: Party = Party.PERSON
    email: Annotated[Text, Field(max_length=254)] = ""
    phone: Annotated[Text, Field(max_length=20)] = ""
    external_id: Annotated[Text, Field(max_length=64)] = ""
    parent_id: Annotated[
        UUID | None, Field(description="of a department: the subscriber that it is part of")
    ] = None


class SubscriberOut(Schema):
    """`department_id` is of an organization: what staff and cards of it are given."""

    id: UUID
    party: Party
    name: str
    email: str
    phone: str
    external_id: str
    dealer: str
    department_id: UUID | None
    account_id: UUID
    created_at: datetime

    @staticmethod
    def show(subscriber: Any) -> "SubscriberOut":
        party = subscriber.party
        return SubscriberOut(
            id=subscriber.id,
            party=Party.PERSON if subscriber.contact_id else Party.ORGANIZATION,
            name=party.name,
            email=party.email,
            phone=party.phone,
            external_id=subscriber.external_id,
            dealer=subscriber.dealer,
            department_id=subscriber.organization_id,
            account_id=subscriber.account_id,
            created_at=subscriber.created_at,
        )


class SubscriberPage(Schema):
    items: list[SubscriberOut]
    next_cursor: str | None


class SimOut(Schema):
    iccid: str
    imsi: str
    core: str
    state: SimState
    state_changed_at: datetime
    state_cause: str
    form: str
    eid: str
    algorithm: str
    batch_id: UUID | None
    batch: str | None
    subscription_id: UUID | None
    dealer: str
    department_id: UUID | None
    has_check_digit_warning: bool
    created_at: datetime

    @staticmethod
    def show(sim: Any) -> "SimOut":
        return SimOut(
            iccid=sim.iccid,
            imsi=sim.imsi,
            core=sim.core.name,
            state=SimState(sim.state),
            state_changed_at=sim.state_changed_at,
            state_cause=sim.state_cause,
            form=sim.form,
            eid=sim.eid,
            algorithm=sim.algorithm,
            batch_id=sim.batch_id,
            batch=sim.batch.name if sim.batch else None,
            subscription_id=sim.subscription_id,
            dealer=sim.dealer,
            department_id=sim.department_id,
            has_check_digit_warning=sim.has_check_digit_warning,
            created_at=sim.created_at,
        )


class SimPage(Schema):
    items: list[SimOut]
    next_cursor: str | None


class ImportWarning(Schema):
    row: int
    column: str
    value: str
    message: str


class ImportOut(Schema):
    """`batch_id` is null where no new card came in, or in a dry run."""

    imported: int
    duplicates: int
    batch_id: UUID | None
    is_dry_run: bool
    total_warnings: int
    warnings: list[ImportWarning]

    @staticmethod
    def show(report: Any) -> "ImportOut":
        warnings = [
            ImportWarning(row=one.row, column=one.column, value=one.value, message=one.rule)
            for one in report.warnings
        ]
        return ImportOut(
            imported=report.imported,
            duplicates=report.duplicates,
            batch_id=report.batch_id,
            is_dry_run=report.is_dry_run,
            total_warnings=report.total_warnings,
            warnings=warnings,
        )


class NewSubscription(Closed):
    subscriber_id: UUID


class ChosenSim(Closed):
    iccid: IccidText


class NewSuspension(Closed):
    reason: SuspensionReason
    kind: SuspensionKind | None = None
    note: Annotated[Text, Field(max_length=200)] = ""


class LiftedSuspension(Closed):
    reason: SuspensionReason


class NewRestriction(Closed):
    """The speeds (bit/s) belong to the profile slow, the page to walled_garden."""

    profile: RestrictionName
    reason: SuspensionReason
    note: Annotated[Text, Field(max_length=200)] = ""
    speed_up_bps: Annotated[int, Field(ge=1, le=10**12)] | None = None
    speed_down_bps: Annotated[int, Field(ge=1, le=10**12)] | None = None
    walled_garden_url: Annotated[Text, Field(max_length=200)] = ""


class LiftedRestriction(Closed):
    profile: RestrictionName
    reason: SuspensionReason


class RestrictionOut(Schema):
    profile: RestrictionName
    reason: SuspensionReason
    note: str
    since: datetime
    speed_up_bps: int | None
    speed_down_bps: int | None
    walled_garden_url: str


class StaticAddresses(Closed):
    """By APN the address that the line always gets there; an empty object takes them away."""

    addresses: Annotated[dict[str, Annotated[Text, Field(max_length=45)]], Field(max_length=20)]
    reason: Annotated[Text, Field(max_length=200)] = ""


class ChosenMsisdn(Closed):
    """null takes the number away."""

    msisdn: MsisdnText | None


class Because(Closed):
    """Why it is done, for the audit."""

    reason: Annotated[Text, Field(max_length=200)] = ""


class SuspensionOut(Schema):
    reason: SuspensionReason
    kind: SuspensionKind
    note: str
    since: datetime


class DeviceLock(Closed):
    """IMEIs of 14 to 16 digits."""

    imeis: Annotated[list[Annotated[Text, Field(max_length=20)]], Field(max_length=20)]
    reason: Annotated[Text, Field(max_length=200)] = ""


class SubscriptionOut(Schema):
    id: UUID
    subscriber_id: UUID
    state: SubscriptionState
    state_changed_at: datetime
    state_cause: str
    iccid: str | None
    imsi: str | None
    sim_state: SimState | None
    msisdn: str | None
    suspensions: list[SuspensionOut]
    restrictions: list[RestrictionOut]
    static_addresses: dict[str, str]
    plan_id: UUID | None
    plan_version: int | None
    plan_paid_until: datetime | None
    device_lock: list[str]
    profile_version: int
    created_at: datetime
    activated_at: datetime | None
    first_registered_at: datetime | None
    terminated_at: datetime | None

    @staticmethod
    def show(subscription: Any) -> "SubscriptionOut":
        sim = subscription.sim
        reasons = [
            SuspensionOut(reason=one.reason, kind=one.kind, note=one.note, since=one.since)
            for one in subscription.suspensions.all()
        ]
        return SubscriptionOut(
            id=subscription.id,
            subscriber_id=subscription.subscriber_id,
            state=SubscriptionState(subscription.state),
            state_changed_at=subscription.state_changed_at,
            state_cause=subscription.state_cause,
            iccid=sim.iccid if sim else None,
            imsi=sim.imsi if sim else None,
            sim_state=SimState(sim.state) if sim else None,
            msisdn=subscription.msisdn or None,
            suspensions=reasons,
            restrictions=[RestrictionOut(**row) for row in subscription.restrictions],
            static_addresses=subscription.static_addresses,
            plan_id=subscription.plan_id,
            plan_version=subscription.plan_version,
            plan_paid_until=subscription.plan_paid_until,
            device_lock=subscription.device_lock,
            profile_version=subscription.profile_version,
            created_at=subscription.created_at,
            activated_at=subscription.activated_at,
            first_registered_at=subscription.first_registered_at,
            terminated_at=subscription.terminated_at,
        )


class SubscriptionPage(Schema):
    items: list[SubscriptionOut]
    next_cursor: str | None


class AuthenticationOut(Schema):
    """Whether the network can authenticate the card, and when it was asked to."""

    consecutive_resyncs: int
    # Of the hour from `resyncs_since`: with a right proof, and with a wrong one.
    resyncs_since: datetime | None
    resyncs_counted: int
    mac_failures: int
    is_key_suspected: bool
    last_requested_at: datetime | None
    last_serving_node: str | None
    last_visited_plmn: str | None
    # Why the last one was refused; empty where it was not.
    last_refusal: str


class RegistrationOut(Schema):
    """`node` is mme or sgsn, and `mme_host` its name; `sgsn_number` its E.164 number."""

    node: str
    sgsn_number: str
    mme_host: str
    mme_realm: str
    visited_plmn: str
    rat_type: int
    imei: str | None
    known_profile_version: int
    registered_at: datetime
    seen_at: datetime
    purged_at: datetime | None


class LineOut(Schema):
    """A line as the network functions see it now."""

    id: UUID
    imsi: str | None
    msisdn: str | None
    state: str
    profile_version: int
    changed_at: datetime
    is_registered: bool
    authentication: AuthenticationOut | None
    registration: RegistrationOut | None

    @staticmethod
    def show(found: Any) -> "LineOut":
        line, known, place = found.line, found.authentication, found.registration
        return LineOut(
            id=line.line_id,
            imsi=line.imsi,
            msisdn=line.msisdn,
            state=line.state,
            profile_version=line.profile_version,
            changed_at=line.changed_at,
            is_registered=place is not None and place.purged_at is None,
            authentication=AuthenticationOut.from_orm(known) if known else None,
            registration=RegistrationOut.from_orm(place) if place else None,
        )


class AuditEntryOut(Schema):
    """`before` and `after` hold what changed; what is sealed shows as "sealed"."""

    id: int
    at: datetime
    actor_kind: str
    actor: str
    address: str
    request_id: str
    reason: str
    action: str
    object_type: str
    object_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    message: str


class RetentionOut(Schema):
    """`keep_days` null: for ever."""

    keep_days: int | None
    minimum_days: int


class TraceStep(Schema):
    """`proof` names the record that says so: `audit 117`, `push 0190…`, `session …`."""

    at: datetime
    what: str
    who: str
    why: str
    proof: str
    request_id: str
    milestone: Milestone | None


class TraceOut(Schema):
    """`reached`: when each milestone was first reached, null where it was not."""

    iccid: str
    imsi: str
    line_id: UUID | None
    reached: dict[Milestone, datetime | None]
    steps: list[TraceStep]

    @staticmethod
    def show(trace: Trace) -> "TraceOut":
        reached = {name: step.at if step else None for name, step in trace.reached().items()}
        steps = [TraceStep(**asdict(step)) for step in trace.steps]
        return TraceOut(
            iccid=trace.iccid, imsi=trace.imsi, line_id=trace.line_id, reached=reached, steps=steps
        )


class AuditPage(Schema):
    items: list[AuditEntryOut]
    next_cursor: str | None


class ProblemError(Schema):
    field: str
    message: str
    row: int | None = None
    column: str | None = None
    value: str | None = None


class Problem(Schema):
    """RFC 9457. `code` is stable; `instance` is the request's id."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str
    errors: list[ProblemError] | None = None
