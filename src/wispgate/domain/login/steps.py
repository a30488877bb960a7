"""What is still asked of somebody before they are in. One function decides for every way in.

| first proof | then |
| --- | --- |
| password | a second factor if there is one; enrolment where the operator demands one; a new password where it was made up by somebody else |
| single sign-on | the same, without the password; no factor where the provider is trusted with it and says so |
| passkey | nothing: it is two factors in one (possession, and finger or PIN) |
"""

from dataclasses import dataclass
from enum import StrEnum


class Proof(StrEnum):
    """How somebody came to the door."""

    PASSWORD = "password"  # noqa: S105 (the name of a way in)
    SSO = "sso"
    PASSKEY = "passkey"


class Step(StrEnum):
    """What comes next."""

    FACTOR = "factor"
    ENROL = "enrol"
    NEW_PASSWORD = "new_password"  # noqa: S105 (the name of a step)
    ENTER = "enter"


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of a login under way."""

    proof: Proof
    has_factor: bool
    needs_factor: bool
    must_change_password: bool
    # A second factor was shown here, or vouched for by a provider trusted with it.
    is_factor_shown: bool = False


def next_step(progress: Progress) -> Step:
    """The factor stands before everything else: a password alone may change nothing."""
    is_proved = progress.is_factor_shown or progress.proof is Proof.PASSKEY
    if not is_proved and progress.has_factor:
        return Step.FACTOR
    if not is_proved and progress.needs_factor:
        return Step.ENROL
    if progress.proof is Proof.PASSWORD and progress.must_change_password:
        return Step.NEW_PASSWORD
    return Step.ENTER
