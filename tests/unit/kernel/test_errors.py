"""The error tree: stable codes, facts as attributes."""

import pytest

from wispgate.kernel import errors

KINDS = [
    (errors.WispgateError, "error"),
    (errors.InvalidValue, "invalid_value"),
    (errors.NotFound, "not_found"),
    (errors.Conflict, "conflict"),
    (errors.IllegalTransition, "illegal_transition"),
    (errors.Forbidden, "forbidden"),
    (errors.Unauthenticated, "unauthenticated"),
    (errors.Unavailable, "unavailable"),
    (errors.Misconfigured, "misconfigured"),
]


@pytest.mark.parametrize(("kind", "code"), KINDS, ids=[code for _, code in KINDS])
def test_kind_has_its_code_and_root(kind, code):
    assert kind.code == code
    assert issubclass(kind, errors.WispgateError)


def test_every_kind_of_the_module_is_in_the_table():
    defined = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.WispgateError)
    }

    assert defined == {kind for kind, _ in KINDS}


def test_error_carries_message_and_facts():
    error = errors.Conflict("already there", key="k", count=2)

    assert (str(error), error.message) == ("already there", "already there")
    assert error.facts == {"key": "k", "count": 2}


def test_invalid_value_is_a_value_error_with_a_field():
    error = errors.InvalidValue("wrong", field="sims[3].iccid", row=3)

    assert isinstance(error, ValueError)
    assert (error.field, error.facts) == ("sims[3].iccid", {"row": 3})
    assert errors.InvalidValue("wrong").field == ""


def test_not_found_names_kind_and_key():
    error = errors.NotFound("SIM", 42)

    assert str(error) == "no such SIM: 42"
    assert error.facts == {"kind": "SIM", "key": "42"}


def test_illegal_transition_names_state_and_action():
    error = errors.IllegalTransition("SIM", state="retired", action="activate")

    assert str(error) == "a SIM that is retired cannot activate"
    assert (error.state, error.action) == ("retired", "activate")
    assert isinstance(error, errors.Conflict)
    assert error.facts == {"kind": "SIM", "state": "retired", "action": "activate"}
