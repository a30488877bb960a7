"""What the console's pages read: rows joined across apps, and where a phone is in the network.

Row-level security shows each reader the tenant's rows only, so nothing here filters by operator.
Every function is one statement, which the tests of the pages count.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Count, Q, QuerySet

from wispgate.business.hotplane.models import (
    EveryAuthentication,
    EveryLine,
    EveryRegistration,
    PeerConnection,
    PeerStatistics,
    RefusedConnection,
)
from wispgate.business.subscriptions.lifecycle import SubscriptionState
from wispgate.kernel.errors import NotFound
from wispgate.web.console.listing import ROWS, Asked

# Not a state of the line: its phone is there.
REGISTERED = "registered"
# Nor this one: an active line whose data is used up.
EXHAUSTED = "exhausted"

LINE_STATES = tuple(state.value for state in SubscriptionState)
PARTY = ("subscriber__contact", "subscriber__organization")
_LINE_OF_SIM = ("subscription", *(f"subscription__{name}" for name in PARTY))


_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# What is not loaded cannot leak into a page or a log.
_SEALED = ("sealed_key", "sealed_codes", "fingerprint")
_SEALED_OF_OTHERS = tuple(
    f"{way}__{name}" for way in ("replaces", "replaced_by") for name in _SEALED
)
SEALED_OF_SIM = tuple(f"sim__{name}" for name in _SEALED)


def _sims() -> QuerySet[Any]:
    return rows_of("inventory.Sim").defer(*_SEALED)


def rows_of(label: str) -> QuerySet[Any]:
    """All rows of a model of a business app, by its label: its classes are its own."""
    rows: QuerySet[Any] = apps.get_model(label)._default_manager.all()
    return rows


def count_sims(text: str = "") -> Mapping[str, int]:
    """SIMs by state."""
    return _by_state(_sims_like(text))


def list_sims(asked: Asked) -> Sequence[Any]:
    rows = _sims_like(asked.text).select_related("batch", *_LINE_OF_SIM)
    return _one_page(rows, asked)


def get_sim(key: str) -> Any:
    """A SIM with its batch, core, line and subscriber; by its number, or by its id."""
    related = ("batch", "core", "replaces", "replaced_by", *_LINE_OF_SIM)
    wanted = Q(id=key) if is_uuid(key) else Q(iccid=key)
    sims = _sims().select_related(*related).defer(*_SEALED, *_SEALED_OF_OTHERS)
    sims = sims.annotate(has_codes=Q(sealed_codes__isnull=False))
    sim = sims.filter(wanted).first()
    if sim is None:
        raise NotFound("SIM", key)
    return sim


def count_lines(text: str = "") -> Mapping[str, int]:
    """Lines by state."""
    return _by_state(lines_like(text))


def count_registered_lines(text: str = "") -> int:
    return _registered(lines_like(text)).count()


def count_exhausted_lines(text: str = "") -> int:
    return _exhausted(lines_like(text)).count()


def list_lines(asked: Asked) -> Sequence[Any]:
    """Of a state, or of those whose phone is registered now, or whose data is used up."""
    lines = lines_like(asked.text).select_related("sim", *PARTY).defer(*SEALED_OF_SIM)
    narrow = {REGISTERED: _registered, EXHAUSTED: _exhausted}.get(asked.state)
    if narrow is not None:
        return list(narrow(lines)[asked.offset : asked.offset + ROWS])
    return _one_page(lines, asked)


def ids_of_lines(asked: Asked, *, most: int) -> Sequence[UUID]:
    """All that a list would show, page by page; of those that are over only where it names them."""
    lines = lines_like(asked.text)
    narrow = {REGISTERED: _registered, EXHAUSTED: _exhausted}.get(asked.state)
    if narrow is not None:
        lines = narrow(lines)
    elif asked.state:
        lines = lines.filter(state=asked.state)
    else:
        lines = lines.exclude(state="terminated")
    return list(lines.order_by("id").values_list("id", flat=True)[:most])


def get_line(key: str) -> Any:
    """By number or by id. A number that was given anew is its present holder's."""
    lines = (
        rows_of("subscriptions.Subscription").select_related("sim", *PARTY).defer(*SEALED_OF_SIM)
    )
    wanted = Q(id=key) if is_uuid(key) else Q(msisdn=key)
    line = lines.filter(wanted).order_by("-created_at").first()
    if line is None:
        raise NotFound("line", key)
    return line


def lines_by_id(line_ids: Collection[UUID]) -> Mapping[UUID, Any]:
    """Lines with who holds them."""
    rows = rows_of("subscriptions.Subscription").select_related(*PARTY)
    return {row.id: row for row in rows.filter(id__in=line_ids)}


def list_suspensions(line_id: UUID) -> Sequence[Any]:
    return list(rows_of("subscriptions.Suspension").filter(subscription_id=line_id))


def suspension_reasons() -> Sequence[tuple[str, str]]:
    """The reasons that exist, each with its words."""
    choices: Sequence[tuple[str, str]] = (
        apps.get_model("subscriptions.Suspension")._meta.get_field("reason").flatchoices
    )
    return choices


def count_subscribers(text: str = "") -> int:
    return _subscribers_like(text).count()


def list_subscribers(asked: Asked) -> Sequence[Any]:
    rows = _subscribers_like(asked.text).select_related("contact", "organization")
    # Said here: Django leaves a model's own order out of grouped statements.
    rows = rows.order_by("-created_at", "id")
    counted = rows.annotate(
        lines=Count("subscriptions"),
        active=Count("subscriptions", filter=Q(subscriptions__state="active")),
        suspended=Count("subscriptions", filter=Q(subscriptions__state="suspended")),
    )
    return _one_page(counted, asked)


def get_subscriber(key: str) -> Any:
    rows = rows_of("crm.Subscriber").select_related("contact", "organization")
    subscriber = rows.filter(id=key).first() if is_uuid(key) else None
    if subscriber is None:
        raise NotFound("subscriber", key)
    return subscriber


def list_organizations(limit: int) -> Sequence[Any]:
    """Companies and departments by name: what another one can be a department of."""
    rows = rows_of("crm.Subscriber").filter(organization__isnull=False)
    return list(rows.select_related("organization").order_by("organization__name", "id")[:limit])


def list_lines_of(subscriber_id: UUID) -> Sequence[Any]:
    lines = rows_of("subscriptions.Subscription").select_related("sim").defer(*SEALED_OF_SIM)
    return list(lines.filter(subscriber_id=subscriber_id))


def count_messages(text: str, lines: Collection[UUID] | None) -> int:
    return _messages(text, lines).count()


def list_messages(asked: Asked, lines: Collection[UUID] | None) -> Sequence[Any]:
    """The newest first."""
    rows = _messages(asked.text, lines).order_by("-id")
    return list(rows[asked.offset : asked.offset + ROWS])


def list_messages_of(line_id: UUID, account_id: UUID, limit: int) -> Sequence[Any]:
    """Those about a line, and those about its account as a whole."""
    about = Q(line_id=line_id) | Q(line_id__isnull=True)
    rows = rows_of("notifications.Message").filter(about, account_id=account_id)
    return list(rows.order_by("-id")[:limit])


def _messages(text: str, lines: Collection[UUID] | None) -> QuerySet[Any]:
    rows = rows_of("notifications.Message")
    if not text:
        return rows
    words = Q(subject__icontains=text) | Q(text__icontains=text)
    return rows.filter(words | Q(line_id__in=lines or ()))


def subscribers_by_account(account_ids: Collection[UUID]) -> Mapping[UUID, Any]:
    rows = rows_of("crm.Subscriber").select_related("contact", "organization")
    return {row.account_id: row for row in rows.filter(account_id__in=account_ids)}


def list_stock(limit: int) -> Sequence[Any]:
    """Cards that can be assigned, by ICCID."""
    return list(_sims().filter(state="stock").order_by("iccid")[:limit])


def find_plan_version(plan_id: UUID, number: int) -> Any:
    versions = rows_of("catalogue.PlanVersion").select_related("plan")
    return versions.filter(plan_id=plan_id, version=number).first()


def plan_names(held: Collection[tuple[UUID | None, int | None]]) -> Mapping[UUID, str]:
    """Names of plans by id, as the newest of the held versions has it."""
    ids = {plan_id for plan_id, _ in held if plan_id}
    versions = rows_of("catalogue.PlanVersion").filter(plan_id__in=ids).order_by("version")
    return {each.plan_id: each.name for each in versions if (each.plan_id, each.version) in held}


def list_plan_versions(code: str = "") -> Sequence[Any]:
    """All versions by plan, the newest of each first."""
    versions = rows_of("catalogue.PlanVersion").select_related("plan")
    return list(versions.filter(plan__code=code) if code else versions)


def count_holders() -> Mapping[tuple[UUID, int], int]:
    """How many lines that are not terminated hold which version of which plan."""
    lines = rows_of("subscriptions.Subscription").filter(plan_id__isnull=False)
    rows = lines.exclude(state="terminated").order_by().values_list("plan_id", "plan_version")
    return {(plan_id, number): count for plan_id, number, count in rows.annotate(Count("pk"))}


def find_registration(core_id: UUID, imsi: str) -> EveryRegistration | None:
    return EveryRegistration.objects.filter(core_id=core_id, imsi=imsi).first()


def find_authentication(core_id: UUID, imsi: str) -> EveryAuthentication | None:
    return EveryAuthentication.objects.filter(core_id=core_id, imsi=imsi).first()


def find_network_line(line_id: UUID) -> EveryLine | None:
    """The line as the network functions read it."""
    return EveryLine.objects.filter(line_id=line_id).first()


def list_connections() -> Sequence[PeerConnection]:
    return list(PeerConnection.objects.all())


def list_peer_statistics() -> Sequence[PeerStatistics]:
    return list(PeerStatistics.objects.all())


def list_refused_connections() -> Sequence[RefusedConnection]:
    """Newest first. Row-level security shows them to the platform's staff only."""
    return list(RefusedConnection.objects.order_by("-last_at")[:ROWS])


def search_sims(text: str, limit: int) -> Sequence[Any]:
    rows = _sims_like(text).select_related(*_LINE_OF_SIM) if text else _sims().none()
    return list(rows[:limit])


def search_lines(text: str, limit: int) -> Sequence[Any]:
    digits = _digits(text)
    if not digits:
        return []
    lines = (
        rows_of("subscriptions.Subscription").select_related("sim", *PARTY).defer(*SEALED_OF_SIM)
    )
    return list(lines.filter(msisdn__contains=digits)[:limit])


def search_subscribers(text: str, limit: int) -> Sequence[Any]:
    rows = _subscribers_like(text).select_related("contact", "organization")
    return list(rows[:limit])


def _sims_like(text: str) -> QuerySet[Any]:
    """By any part of ICCID or IMSI: people read out the last digits."""
    sims = _sims()
    if not text:
        return sims
    digits = _digits(text)
    return (
        sims.filter(Q(iccid__contains=digits) | Q(imsi__contains=digits)) if digits else sims.none()
    )


def lines_like(text: str) -> QuerySet[Any]:
    lines = rows_of("subscriptions.Subscription")
    if not text:
        return lines
    digits = _digits(text)
    wanted = _named(text, "subscriber__")
    if digits:
        wanted |= Q(msisdn__contains=digits) | Q(sim__imsi__contains=digits)
        wanted |= Q(sim__iccid__contains=digits)
    return lines.filter(wanted)


def _subscribers_like(text: str) -> QuerySet[Any]:
    rows = rows_of("crm.Subscriber")
    return rows.filter(_named(text) | Q(external_id__iexact=text)) if text else rows


def _named(text: str, path: str = "") -> Q:
    return Q(**{f"{path}contact__name__icontains": text}) | Q(
        **{f"{path}organization__name__icontains": text}
    )


def _registered(lines: QuerySet[Any]) -> QuerySet[Any]:
    present = EveryRegistration.objects.filter(purged_at__isnull=True)
    return lines.filter(id__in=present.values("line_id"))


def _exhausted(lines: QuerySet[Any]) -> QuerySet[Any]:
    used_up = EveryLine.objects.filter(is_exhausted=True, state="active")
    return lines.filter(id__in=used_up.values("line_id"))


def _by_state(rows: QuerySet[Any]) -> Mapping[str, int]:
    counted = rows.order_by().values_list("state").annotate(Count("pk"))
    return dict(counted)


def _one_page(rows: QuerySet[Any], asked: Asked) -> Sequence[Any]:
    wanted = rows.filter(state=asked.state) if asked.state else rows
    return list(wanted[asked.offset : asked.offset + ROWS])


def _digits(text: str) -> str:
    """The digits of an identifier as people write it; none if it has other letters."""
    bare = "".join(character for character in text if character not in " +-./()")
    return bare if bare.isascii() and bare.isdigit() else ""


def is_uuid(text: str) -> bool:
    """As addresses write one; an ICCID is no UUID though Python would read 32 digits as one."""
    return _UUID.fullmatch(text) is not None
