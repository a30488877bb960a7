"""Reading staff, as far as the scope sees it."""

from wispgate.business.staff.models import StaffMember


def has_staff() -> bool:
    """Whether anybody could log in."""
    return StaffMember.objects.exists()
