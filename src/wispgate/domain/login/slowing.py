"""How long whoever failed has to wait: slower and slower first, shut out for a while at last.

Failures are counted for three subjects, each by its own rule: the account that was tried, the
device from which its owner has logged in before, and the network address. An attacker who tries an
account from elsewhere slows down everybody but the owner's own devices, so that nobody can be
locked out of what they use every day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType


class Subject(StrEnum):
    """What failures are counted for."""

    ACCOUNT = "account"
    DEVICE = "device"
    ADDRESS = "address"
    FACTOR = "factor"  # second factors of one account
    RESET_ACCOUNT = "reset_account"  # reset links asked for one e-mail address
    RESET_ADDRESS = "reset_address"


@dataclass(frozen=True, slots=True)
class Rule:
    """`free` failures cost nothing; then each doubles the pause, from `first` to `longest`.

    What is older than `memory` is forgotten.
    """

    free: int
    first: timedelta
    longest: timedelta
    memory: timedelta


_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RULES: Mapping[Subject, Rule] = MappingProxyType(
    {
        Subject.ACCOUNT: Rule(4, timedelta(seconds=2), 15 * _MINUTE, _DAY),
        Subject.DEVICE: Rule(4, timedelta(seconds=2), 15 * _MINUTE, _DAY),
        # Offices stand behind one address.
        Subject.ADDRESS: Rule(30, timedelta(seconds=2), 15 * _MINUTE, _HOUR),
        # A code has a million values and three are right at a time.
        Subject.FACTOR: Rule(4, timedelta(seconds=4), 30 * _MINUTE, _DAY),
        Subject.RESET_ACCOUNT: Rule(2, 15 * _MINUTE, _HOUR, _DAY),
        Subject.RESET_ADDRESS: Rule(10, _MINUTE, _HOUR, _HOUR),
    }
)


@dataclass(frozen=True, slots=True)
class Count:
    """What is remembered of a subject."""

    failures: int = 0
    last_at: datetime | None = None
    waits_until: datetime | None = None

    def remaining(self, now: datetime) -> timedelta:
        """How long the subject still has to wait; nothing where it may try."""
        if self.waits_until is None or self.waits_until <= now:
            return timedelta(0)
        return self.waits_until - now


def count_attempt(rule: Rule, known: Count, *, now: datetime) -> Count:
    """The count with one more attempt, which is a failure until it is known to be none."""
    is_forgotten = known.last_at is None or now - known.last_at >= rule.memory
    failures = 1 if is_forgotten else known.failures + 1
    pause = pause_after(rule, failures)
    return Count(failures, now, now + pause if pause else None)


def pause_after(rule: Rule, failures: int) -> timedelta:
    """How long to wait after that many failures in a row."""
    beyond = failures - rule.free
    if beyond <= 0:
        return timedelta(0)
    # A power beyond any pause must not overflow.
    return min(rule.first * (1 << min(beyond - 1, 30)), rule.longest)


def is_shut_out(rule: Rule, known: Count, *, now: datetime) -> bool:
    """Whether it waits the longest pause now: worth an entry in the audit and an admin's look."""
    return pause_after(rule, known.failures) == rule.longest and bool(known.remaining(now))
