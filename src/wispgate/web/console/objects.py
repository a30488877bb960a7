"""The kinds of objects that the audit knows: what people call them, and where each is to be seen.

A row for every audited table and every name that services give (`KINDS`); a test proves it
complete. Kinds whose page takes something else than the row's id are found by `found` when
somebody follows the link, so that a list of entries asks the database for nothing more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from wispgate.business.staff.masking import HIDDEN
from wispgate.kernel.errors import NotFound
from wispgate.web.console import reads
from wispgate.web.console.pages import page
from wispgate.web.console.visits import Visit

_UUID_LENGTH: Final = 36


@dataclass(frozen=True, slots=True)
class Kind:
    """`page` takes the row's id in its address; `list_page` shows all of the kind; `find` reads the
    row of `label` for what its page's address is made of."""

    word: str
    page: str = ""
    list_page: str = ""
    label: str = ""
    find: Callable[[Any], str] | None = None


def _number(row: Any) -> str:
    text = "" if HIDDEN in row.msisdn else f"?{urlencode({'q': row.msisdn})}"
    return reverse("console:numbers") + text


def _party(row: Any) -> str:
    # A department has nobody who subscribes.
    subscriber = getattr(row, "subscriber", None)
    if subscriber is None:
        return reverse("console:subscribers")
    return reverse("console:subscriber", args=[subscriber.id])


def _at(name: str, attribute: str) -> Callable[[Any], str]:
    def find(row: Any) -> str:
        value = row
        for part in attribute.split("."):
            value = getattr(value, part)
        return reverse(f"console:{name}", args=[value])

    return find


KINDS: Final[Mapping[str, Kind]] = MappingProxyType({
    "approvals_approval": Kind("Request", page="approval"),
    "approvals_approvalrule": Kind("Four-eyes rule", list_page="approvals"),
    "audit_auditentry": Kind("Audit itself", list_page="activity"),
    "audit_auditretention": Kind("Retention of the audit", list_page="activity"),
    "catalogue_plan": Kind(
        "Plan", label="catalogue.Plan", find=_at("plan", "code"), list_page="plans"
    ),
    "catalogue_planversion": Kind(
        "Plan version", label="catalogue.PlanVersion", find=_at("plan", "plan.code"),
        list_page="plans",
    ),
    "command": Kind("Command at the shell"),
    "crm_contact": Kind(
        "Contact", label="crm.Contact", find=_party, list_page="subscribers"
    ),
    "crm_organization": Kind(
        "Organization", label="crm.Organization", find=_party, list_page="subscribers"
    ),
    "crm_subscriber": Kind("Subscriber", page="subscriber"),
    "inventory_equipmentrange": Kind("Device list", list_page="devices"),
    "inventory_number": Kind(
        "Number", label="inventory.Number", find=_number, list_page="numbers"
    ),
    "inventory_numberpolicy": Kind("Quarantine of numbers", list_page="numbers"),
    "inventory_numberrange": Kind("Number range", list_page="numbers"),
    "inventory_sim": Kind("SIM", page="sim"),
    "inventory_simbatch": Kind("Batch of SIMs", list_page="sims"),
    "login": Kind("Login that was slowed down", list_page="logins"),
    "login_authenticatorapp": Kind("Authenticator app", list_page="logins"),
    "login_identityprovider": Kind("Single sign-on", list_page="logins"),
    "login_loginpolicy": Kind("Login rules", list_page="logins"),
    "login_passwordreset": Kind("Password link", list_page="logins"),
    "login_provideridentity": Kind("Single sign-on of somebody", list_page="logins"),
    "login_recoverycode": Kind("Recovery codes", list_page="logins"),
    "login_securitykey": Kind("Security key", list_page="logins"),
    "login_session": Kind("Login session", list_page="logins"),
    "notifications_message": Kind("Message", list_page="messages"),
    "operators_brand": Kind("Brand", list_page="settings"),
    "operators_core": Kind("Core", list_page="peers"),
    "operators_coreservice": Kind("IMSI range", list_page="settings"),
    "operators_domain": Kind("Domain", list_page="settings"),
    "operators_numberingseries": Kind("Number series", list_page="settings"),
    "operators_operator": Kind("Operator", list_page="settings"),
    "operators_operatorsuspension": Kind("Operator's suspension", list_page="settings"),
    "operators_paymentgateway": Kind("Payment gateway", list_page="settings"),
    "operators_peer": Kind("Peer", list_page="peers"),
    "operators_roamingzone": Kind("Roaming zone", list_page="settings"),
    "operators_taxrate": Kind("Tax rate", list_page="settings"),
    "operators_vaultkey": Kind("Key of the vault"),
    "page": Kind("Page"),
    "staff": Kind("Login of staff", page="member", list_page="staff"),
    "staff_apitoken": Kind("API token", list_page="programs"),
    "staff_staffmember": Kind("Member of staff", page="member", list_page="staff"),
    "staff_storedrole": Kind(
        "Role", label="staff.StoredRole", find=_at("role", "name"), list_page="roles"
    ),
    "subscriptions_massact": Kind("Mass act", page="mass_act"),
    "subscriptions_subscription": Kind("Line", page="line"),
    "subscriptions_suspension": Kind(
        "Suspension", label="subscriptions.Suspension", find=_at("line", "subscription_id"),
        list_page="lines",
    ),
    "subscriptions_swappolicy": Kind("Cooling-off after a swap", list_page="settings"),
    "tenants_allotment": Kind("Allotment", list_page="mvnos"),
    "tenants_tenantdeletion": Kind("Deletion of an operator", list_page="tenants"),
    "tenants_tenantexport": Kind("Export of an operator"),
    "tracing_trace": Kind("Trace", page="trace"),
})  # fmt: skip


def word_of(table: str) -> str:
    """What people call it; a table that nobody named yet is called by its last word."""
    known = KINDS.get(table)
    return known.word if known else table.rpartition("_")[2].capitalize()


def choices() -> list[tuple[str, str]]:
    """By word, for whoever searches."""
    return sorted(((table, kind.word) for table, kind in KINDS.items()), key=lambda one: one[1])


def address_of(table: str, object_id: str, *, is_there: bool = True) -> str:
    """Where an object is to be seen, without asking the database; empty where nowhere.

    What is not there any more leads to the list of its kind.
    """
    if table == "page":
        is_ours = object_id.startswith("/") and not object_id.startswith(("//", "/api/"))
        return object_id if is_ours else ""
    kind = KINDS.get(table)
    if kind is None:
        return ""
    if is_there and len(object_id) == _UUID_LENGTH:
        if kind.page:
            return reverse(f"console:{kind.page}", args=[object_id])
        if kind.find:
            return reverse("console:object", args=[table, object_id])
    return reverse(f"console:{kind.list_page}") if kind.list_page else ""


@page("audit.read", of_operator=False)
def found(visit: Visit, table: str, key: str) -> HttpResponse:
    """Leads to the page of an object, whose address is made of something else than its id."""
    kind = KINDS.get(table)
    if kind is None or kind.find is None or not reads.is_uuid(key):
        raise NotFound("object", key)
    row = reads.rows_of(kind.label).filter(id=key).first()
    if row is None:
        raise NotFound(kind.word.lower(), key)
    return HttpResponseRedirect(kind.find(row))
