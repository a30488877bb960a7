"""Result codes agree with the dictionary's names."""

import pytest

from wispgate.wire.diameter import dictionary
from wispgate.wire.diameter.results import (
    ExperimentalResultCode,
    ResultCode,
    is_protocol_error,
    is_success,
)


@pytest.mark.parametrize("code", ResultCode)
def test_each_base_code_has_the_dictionarys_name(code: ResultCode) -> None:
    name = dictionary.result_code_name(code)

    assert name is not None
    assert name.removeprefix("DIAMETER_").removeprefix("ERROR_") == code.name


@pytest.mark.parametrize("code", ExperimentalResultCode)
def test_each_3gpp_code_has_the_dictionarys_name(code: ExperimentalResultCode) -> None:
    name = dictionary.experimental_result_code_name(10415, code)

    assert name is not None
    assert code.name.startswith(
        name.removeprefix("DIAMETER_").removeprefix("ERROR_").replace("-", "_")
    )


def test_the_two_codes_that_stacks_swap_are_right() -> None:
    assert (ResultCode.INVALID_AVP_VALUE, ResultCode.MISSING_AVP) == (5004, 5005)


def test_classes_of_codes_are_told_by_their_thousands() -> None:
    assert [is_protocol_error(c) for c in (2999, 3000, 3999, 4000)] == [False, True, True, False]
    assert [is_success(c) for c in (1999, 2000, 2999, 3000)] == [False, True, True, False]
