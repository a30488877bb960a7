from dataclasses import replace
from itertools import product

import pytest

from wispgate.domain.login.steps import Progress, Proof, Step, next_step

PLAIN = Progress(Proof.PASSWORD, has_factor=False, needs_factor=False, must_change_password=False)


@pytest.mark.parametrize(
    ("facts", "step"),
    [
        ({}, Step.ENTER),
        ({"has_factor": True}, Step.FACTOR),
        ({"has_factor": True, "is_factor_shown": True}, Step.ENTER),
        ({"needs_factor": True}, Step.ENROL),
        ({"needs_factor": True, "has_factor": True}, Step.FACTOR),
        ({"must_change_password": True}, Step.NEW_PASSWORD),
        ({"must_change_password": True, "has_factor": True}, Step.FACTOR),
        ({"must_change_password": True, "needs_factor": True}, Step.ENROL),
        ({"proof": Proof.SSO}, Step.ENTER),
        ({"proof": Proof.SSO, "has_factor": True}, Step.FACTOR),
        ({"proof": Proof.SSO, "needs_factor": True, "is_factor_shown": True}, Step.ENTER),
        ({"proof": Proof.SSO, "must_change_password": True}, Step.ENTER),
        ({"proof": Proof.PASSKEY, "has_factor": True, "needs_factor": True}, Step.ENTER),
    ],
)
def test_what_is_asked_next_follows_the_table(facts: dict[str, object], step: Step) -> None:
    assert next_step(replace(PLAIN, **facts)) is step  # type: ignore[arg-type]


def test_nobody_with_a_factor_comes_in_by_a_password_alone() -> None:
    for proof, needs, must in product((Proof.PASSWORD, Proof.SSO), (True, False), (True, False)):
        progress = Progress(proof, has_factor=True, needs_factor=needs, must_change_password=must)
        assert next_step(progress) is Step.FACTOR
