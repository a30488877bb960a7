"""Reading staff, as far as the scope sees it."""

from collections.abc import Sequence
from uuid import UUID

from wispgate.business.staff.models import StaffMember


def has_staff() -> bool:
    """Whether anybody could log in."""
    return StaffMember.objects.exists()


def list_staff_ids(operator_id: UUID) -> Sequence[UUID]:
    """Of everybody who works for an operator."""
    members = StaffMember.objects.filter(operator_id=operator_id).order_by("id")
    return list(members.values_list("id", flat=True))
