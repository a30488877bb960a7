"""What the worker does for logins: mails links to new passwords, and clears old rows away."""

from collections.abc import Sequence

import structlog

from wispgate.main import mail
from wispgate.main.chores import Chore

# A link is waited for; rows that are over hurt nobody for an hour.
LINKS_SECONDS = 2.0
CLEARING_SECONDS = 3600.0

_log = structlog.get_logger("worker")


def chores() -> Sequence[Chore]:
    """What the worker does for logins by the clock. Needs Django set up as the role worker."""
    return (
        Chore("links to new passwords", LINKS_SECONDS, send_links),
        Chore("clearing logins away", CLEARING_SECONDS, clear_away),
    )


def send_links() -> None:
    """Answers those who asked for a new password since the last time."""
    from django.conf import settings  # noqa: PLC0415 (needs Django)

    from wispgate.business.login.services import passwords  # noqa: PLC0415

    passwords.answer_requests(
        settings.WISPGATE_CLOCK.now(),
        lambda each: mail.send(
            each, server=settings.WISPGATE_MAIL_SERVER, sender=settings.DEFAULT_FROM_EMAIL
        ),
    )


def clear_away() -> None:
    """Deletes sessions that nobody can come back to, and failures that every rule has forgotten."""
    from django.conf import settings  # noqa: PLC0415 (needs Django)

    from wispgate.business.login.services import attempts, sessions  # noqa: PLC0415
    from wispgate.business.operators import scope as scopes  # noqa: PLC0415

    now = settings.WISPGATE_CLOCK.now()
    with scopes.within(scopes.Scope(now=now, is_platform=True)):
        gone = {"sessions": sessions.forget_old(now), "failures": attempts.forget_old(now)}
    _log.info("old logins cleared away", **gone)
