"""What is counted, and under which labels."""

import pytest
from prometheus_client import REGISTRY

from tests.unit.network.requests import HEADER, ORIGIN, a_request, an_air
from wispgate.network.hss.answers import RESULTS, SUCCESS, s6a_answer
from wispgate.network.transport import metrics
from wispgate.wire.diameter.answers import Result, answer_to, experimental
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.message import decode_message, encode_message
from wispgate.wire.diameter.results import ExperimentalResultCode, ResultCode


@pytest.mark.parametrize("code", list(ResultCode))
def test_the_result_of_every_base_code_is_found(code: ResultCode) -> None:
    result = Result(code, failed_avp=bytes(8), error_message="why")

    with_session = answer_to(decode_message(an_air()), result, ORIGIN)
    without_session = answer_to(HEADER, result, ORIGIN)

    assert metrics.peek_result(with_session) == str(code.value)
    assert metrics.peek_result(without_session) == str(code.value)


@pytest.mark.parametrize("code", list(ExperimentalResultCode))
def test_the_result_of_every_3gpp_code_is_found(code: ExperimentalResultCode) -> None:
    answer = answer_to(decode_message(an_air()), experimental(code), ORIGIN)

    assert metrics.peek_result(answer) == f"3gpp {code.value}"


@pytest.mark.parametrize("result", [SUCCESS, *RESULTS.values()])
def test_the_result_of_an_s6a_answer_is_found(result: Result) -> None:
    answer = s6a_answer(a_request(), result, [("ULA-Flags", 1)])

    assert metrics.peek_result(answer) == (
        f"3gpp {int(result.code)}" if result.vendor_id else str(int(result.code))
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        bytes(20),
        encode_message(HEADER, [("Session-Id", "x")]),
        encode_message(HEADER, [("Origin-Host", "x" * n) for n in (1, 2, 3, 4)]),
    ],
)
def test_an_answer_without_result_has_none(answer: bytes) -> None:
    assert metrics.peek_result(answer) == ""


@pytest.mark.parametrize(
    ("header", "labels"),
    [
        (HEADER, ("16777251", "318")),
        (HEADER._replace(command_code=4711), ("16777251", "other")),
        (HEADER._replace(application_id=4711), ("other", "other")),
        (HEADER._replace(application_id=4711, command_code=4711), ("other", "other")),
    ],
)
def test_numbers_that_nobody_defined_share_one_label(
    header: Header, labels: tuple[str, str]
) -> None:
    names = {"peer": "mme.test", "application": labels[0], "command": labels[1], "result": "2001"}
    before = REGISTRY.get_sample_value("wispgate_diameter_requests_total", names) or 0.0

    metrics.count_answer(header, answer_to(header, 2001, ORIGIN), peer="mme.test", seconds=0.001)

    assert REGISTRY.get_sample_value("wispgate_diameter_requests_total", names) == before + 1
