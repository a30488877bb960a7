"""Reading staff, as far as the scope sees it."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from wispgate.business.operators import scope as scopes
from wispgate.business.staff.models import ApiToken, StaffMember
from wispgate.kernel.errors import NotFound


def has_staff() -> bool:
    """Whether anybody could log in."""
    return StaffMember.objects.exists()


def list_tokens(
    operator_id: UUID | None,
    *,
    owner_id: UUID | None = None,
    after: UUID | None = None,
    limit: int | None = None,
) -> Sequence[ApiToken]:
    """Tokens of an operator's (or of the platform's own), the newest first; of one owner if named.

    `after` is the page before's last id.
    """
    tokens = ApiToken.objects.filter(operator_id=operator_id).select_related("owner")  # type: ignore[misc]  # None is IS NULL
    if owner_id is not None:
        tokens = tokens.filter(owner_id=owner_id)
    if after is not None:
        tokens = tokens.filter(id__lt=after)
    # Ids go up with time.
    return list(tokens.order_by("-id")[:limit])


def list_service_accounts(operator_id: UUID | None) -> Sequence[StaffMember]:
    """Accounts of programs, by name."""
    kind = StaffMember.Kind.SERVICE
    accounts = StaffMember.objects.filter(operator_id=operator_id, kind=kind)  # type: ignore[misc]  # None is IS NULL
    return list(accounts.order_by("name", "id"))


def get_service_account(account_id: UUID) -> StaffMember:
    try:
        return StaffMember.objects.get(id=account_id, kind=StaffMember.Kind.SERVICE)
    except StaffMember.DoesNotExist:
        raise NotFound("service account", account_id) from None


def get_member(member_id: UUID) -> StaffMember:
    try:
        return StaffMember.objects.get(id=member_id)
    except StaffMember.DoesNotExist:
        raise NotFound("member of staff", member_id) from None


def list_people(operator_id: UUID | None) -> Sequence[StaffMember]:
    """Who may log in, by address."""
    people = StaffMember.objects.filter(operator_id=operator_id, kind=StaffMember.Kind.PERSON)  # type: ignore[misc]  # None is IS NULL
    return list(people)


def list_staff_ids(operator_id: UUID) -> Sequence[UUID]:
    """Of everybody who works for an operator."""
    members = StaffMember.objects.filter(operator_id=operator_id).order_by("id")
    return list(members.values_list("id", flat=True))


def is_service_account(person: str) -> bool:
    """Whether `Principal.person` is a program's account."""
    kind, _, key = person.partition(":")
    services = StaffMember.objects.filter(kind=StaffMember.Kind.SERVICE)
    return kind == "staff" and services.filter(id=key).exists()


def makers_of(person: str) -> frozenset[str]:
    """Who could act as a program's account: they made a token of it or gave one a new secret."""
    kind, _, key = person.partition(":")
    if kind != "staff":
        return frozenset()
    tokens = ApiToken.objects.filter(owner_id=UUID(key), owner__kind=StaffMember.Kind.SERVICE)
    return frozenset().union(*tokens.values_list("makers", flat=True))


def list_staff() -> Sequence[StaffMember]:
    """People of the operator that the scope works for; without one, the platform's own."""
    return list(_colleagues())


def get_colleague(member_id: UUID) -> StaffMember:
    """One of them. Raises NotFound."""
    found = _colleagues().filter(id=member_id).first()
    if found is None:
        raise NotFound("member of staff", member_id)
    return found


def _colleagues() -> QuerySet[StaffMember]:
    people = StaffMember.objects.filter(kind=StaffMember.Kind.PERSON)
    return people.filter(operator_id=scopes.current().operator_id)  # type: ignore[misc]  # None is IS NULL
