"""Creating customers. A subscriber gets a charging account in a hot partition at once."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from wispgate.business.crm import queries
from wispgate.business.crm.errors import ExternalIdTaken
from wispgate.business.crm.events import SubscriberCreated
from wispgate.business.crm.models import Contact, Organization, Subscriber
from wispgate.business.operators import hot, ids, outbox
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import guards
from wispgate.business.staff.grants import Facts
from wispgate.kernel.errors import InvalidValue

_PHONE = re.compile(r"\+?[0-9 ().-]{3,19}")


class Party(StrEnum):
    """What a subscriber is in law."""

    PERSON = "person"
    ORGANIZATION = "organization"


def create_subscriber(
    *,
    name: str,
    party: str = Party.PERSON,
    email: str = "",
    phone: str = "",
    external_id: str = "",
    parent_id: UUID | None = None,
) -> UUID:
    """A new customer with an account. Raises ExternalIdTaken for a customer number in use.

    `parent_id`: of the subscriber that is the organization above; the new one is its department.
    """
    details = _checked_details(name, email, phone)
    if party not in list(Party):
        raise InvalidValue(f"a subscriber is one of {', '.join(Party)}", field="party")
    with transaction.atomic():
        operator_id = scopes.current_operator_id()
        now, seller = scopes.current().now, guards.acting()
        above = _organization_above(parent_id, Party(party))
        guards.require("subscriber.create", lambda: _facts_of_new(above))
        person, organization = _create_party(Party(party), operator_id, details, now)
        if organization is not None and above is not None:
            organization.parent = above
            organization.save(update_fields=["parent"])
        account_id = ids.new_id(now)
        partition = hot.open_account(account_id, operator_id=operator_id)
        subscriber = Subscriber(
            id=ids.new_id(now),
            operator_id=operator_id,
            contact=person,
            organization=organization,
            account_id=account_id,
            external_id=external_id.strip(),
            brought_by=seller.person if seller else "",
            dealer=seller.standing.dealer if seller else "",
            created_at=now,
        )
        _save(subscriber)
        event = SubscriberCreated(
            operator_id=operator_id,
            occurred_at=now,
            account_id=account_id,
            subscriber_id=subscriber.id,
            party=str(party),
        )
        outbox.publish(event, partition=partition)
    return subscriber.id


def _organization_above(parent_id: UUID | None, party: Party) -> Organization | None:
    if parent_id is None:
        return None
    above = queries.get_subscriber(parent_id).organization
    if above is None or party is not Party.ORGANIZATION:
        raise InvalidValue(
            "only an organization is a department, of another one", field="parent_id"
        )
    return above


def _facts_of_new(above: Organization | None) -> Facts:
    """Whose the new customer will be: its bringer's, and of the departments above it."""
    seller = guards.acting()
    return Facts(
        dealer=seller.standing.dealer if seller else "",
        departments=queries.departments_above(above),
        customer_of=seller.person if seller else "",
    )


def _checked_details(name: str, email: str, phone: str) -> dict[str, Any]:
    if not name.strip() or len(name.strip()) > 160:
        raise InvalidValue("a name has 1 to 160 characters", field="name")
    if email:
        try:
            validate_email(email)
        except ValidationError:
            raise InvalidValue("not an e-mail address", field="email") from None
    if phone and not _PHONE.fullmatch(phone):
        raise InvalidValue("not a telephone number", field="phone")
    return {"name": name.strip(), "email": email, "phone": phone}


def _create_party(
    party: Party, operator_id: UUID, details: dict[str, Any], now: datetime
) -> tuple[Contact | None, Organization | None]:
    given = {"id": ids.new_id(now), "operator_id": operator_id, "created_at": now, **details}
    match party:
        case Party.PERSON:
            return Contact.objects.create(**given), None
        case Party.ORGANIZATION:
            return None, Organization.objects.create(**given)


def _save(subscriber: Subscriber) -> None:
    try:
        with transaction.atomic():
            subscriber.save(force_insert=True)
    except IntegrityError as error:
        if "subscriber_external_id_is_unique" not in str(error):
            raise
        raise ExternalIdTaken(
            f"another subscriber has the customer number {subscriber.external_id}",
            external_id=subscriber.external_id,
        ) from None
