"""Counting attempts, in the database, so that all processes see one count and a restart none less.

An attempt is counted before it is judged, with the row locked: a hundred at once are a hundred
failures, not one. Success takes the count back.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog
from django.conf import settings

from wispgate.business.audit import services as audit
from wispgate.business.login import meters
from wispgate.business.login.errors import TooManyAttempts
from wispgate.business.login.models import AttemptCount
from wispgate.business.operators import scope as scopes
from wispgate.domain.login.slowing import RULES, Count, Subject, count_attempt, is_shut_out

_log = structlog.get_logger("login")

# What is tried, by the name of each subject that pays for a failure.
Subjects = Mapping[Subject, str]


def begin(subjects: Subjects, *, scope: scopes.Scope) -> None:
    """Counts an attempt for all subjects. Raises TooManyAttempts while one of them must wait."""
    with scopes.within(scope):
        rows = {subject: _locked(subject, name, scope.now) for subject, name in _sorted(subjects)}
        pause = max(_count(row).remaining(scope.now) for row in rows.values())
        if not pause:
            for subject, row in rows.items():
                _count_one(subject, row, subjects[subject], scope.now)
    if pause:
        meters.SLOWED.labels(_slowest(rows, scope.now)).inc()
        raise TooManyAttempts(pause)


def succeed(subjects: Subjects, *, scope: scopes.Scope) -> None:
    """Forgets the failures, but not those of the network address: somebody with one account of
    their own could otherwise try others' for ever."""
    kept = [Subject.ADDRESS, Subject.RESET_ADDRESS]
    with scopes.within(scope):
        AttemptCount.objects.filter(
            key__in=[key_of(s, name) for s, name in subjects.items() if s not in kept]
        ).delete()
        for subject, name in subjects.items():
            if subject in kept:
                _give_back(subject, name)


def lift(subject: Subject, name: str) -> bool:
    """An administrator lets a subject try again at once; whether it had to wait."""
    found = AttemptCount.objects.filter(key=key_of(subject, name)).first()
    if found is None:
        return False
    was_waiting = bool(_count(found).remaining(scopes.current().now))
    found.delete()
    return was_waiting


def find_counts(subjects: Sequence[tuple[Subject, str]]) -> Mapping[tuple[Subject, str], Count]:
    """What is remembered of each subject."""
    keys = {key_of(*each): each for each in subjects}
    rows = AttemptCount.objects.filter(key__in=keys)
    return dict.fromkeys(subjects, Count()) | {keys[row.key]: _count(row) for row in rows}


def key_of(subject: Subject, name: str) -> str:
    """Keyed with the installation's secret: nobody can look names up in a stolen table."""
    text = f"{subject}\x00{name.lower()}".encode()
    return hmac.digest(str(settings.SECRET_KEY).encode(), text, "sha256").hex()


def forget_old(now: datetime) -> int:
    """Deletes what every rule has forgotten; returns how many there were."""
    longest = max(rule.memory for rule in RULES.values())
    deleted, _ = AttemptCount.objects.filter(last_at__lt=now - longest).delete()
    return deleted


def _sorted(subjects: Subjects) -> list[tuple[Subject, str]]:
    """Rows are locked in the order of their keys: two attempts never wait for each other."""
    return sorted(subjects.items(), key=lambda each: key_of(*each))


def _locked(subject: Subject, name: str, now: datetime) -> AttemptCount:
    fresh = AttemptCount(key=key_of(subject, name), subject=subject, failures=0, last_at=now)
    AttemptCount.objects.bulk_create([fresh], ignore_conflicts=True)
    return AttemptCount.objects.select_for_update().get(key=fresh.key)


def _count(row: AttemptCount) -> Count:
    return Count(row.failures, row.last_at if row.failures else None, row.waits_until)


def _count_one(subject: Subject, row: AttemptCount, name: str, now: datetime) -> None:
    counted = count_attempt(RULES[subject], _count(row), now=now)
    row.failures, row.last_at, row.waits_until = counted.failures, now, counted.waits_until
    row.save(update_fields=["failures", "last_at", "waits_until"])
    if is_shut_out(RULES[subject], counted, now=now):
        _tell(subject, name, counted)


def _tell(subject: Subject, name: str, counted: Count) -> None:
    meters.SHUT_OUT.labels(subject).inc()
    _log.warning("shut out after failed attempts", subject=subject, failures=counted.failures)
    pause = counted.remaining(scopes.current().now)
    audit.record_refusal(TooManyAttempts(pause), object_type="login", object_id=f"{subject} {name}")


def _give_back(subject: Subject, name: str) -> None:
    """This attempt was none of the failures."""
    row = AttemptCount.objects.select_for_update().filter(key=key_of(subject, name)).first()
    if row is not None and row.failures:
        row.failures, row.waits_until = row.failures - 1, None
        row.save(update_fields=["failures", "waits_until"])


def _slowest(rows: Mapping[Subject, AttemptCount], now: datetime) -> str:
    return max(rows, key=lambda subject: _count(rows[subject]).remaining(now))
