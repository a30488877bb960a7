"""The error tree: stable codes and whose fault it is."""

from wispgate.kernel.errors import WispgateError
from wispgate.wire.diameter import errors


def classes() -> list[type[errors.DiameterError]]:
    found = [c for c in vars(errors).values() if isinstance(c, type)]
    return [c for c in found if issubclass(c, errors.DiameterError)]


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in classes()]

    assert len(codes) == 11
    assert len(set(codes)) == len(codes)
    assert all(issubclass(error, WispgateError) for error in classes())


def test_only_our_mistakes_are_ours() -> None:
    for error in classes():
        assert error.is_theirs is not issubclass(error, errors.OurMistake)


def test_facts_and_failed_avp_travel_with_the_error() -> None:
    error = errors.MissingAvp("gone", failed_avp=b"x", avp="User-Name")

    assert (error.failed_avp, error.facts, error.result_code) == (b"x", {"avp": "User-Name"}, 5005)
