"""Every request gets its answer, whatever comes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tests.unit.network.requests import HEADER, NOW, ORIGIN, PEER, an_air
from wispgate.kernel.errors import Conflict, InvalidValue, Unavailable
from wispgate.network.transport.applications import Request
from wispgate.network.transport.dispatch import Dispatcher
from wispgate.store.batching import Overloaded
from wispgate.store.hot import DatabaseLost
from wispgate.wire.diameter.answers import answer_to
from wispgate.wire.diameter.commands import APPLICATION_GX, APPLICATION_S6A
from wispgate.wire.diameter.errors import InvalidAvpValue, MissingAvp, OurMistake
from wispgate.wire.diameter.hot.request import HotRequest
from wispgate.wire.diameter.hot.s6a import decode_air
from wispgate.wire.diameter.message import Message, decode_message

FAILED_AVP = bytes.fromhex("0000000140000009 61000000".replace(" ", ""))


class Function:
    """Does what a test wants when it is asked."""

    application_id = APPLICATION_S6A
    vendor_id = 10415

    def __init__(self, act: Callable[[Request], bytes]) -> None:
        self._act = act
        self.asked = 0

    def handle(self, request: Request) -> bytes | Awaitable[bytes]:
        self.asked += 1
        return self._act(request)


class LaterFunction(Function):
    def handle(self, request: Request) -> bytes | Awaitable[bytes]:
        return self._later(request)

    async def _later(self, request: Request) -> bytes:
        await asyncio.sleep(0)
        return self._act(request)


class HotFunction(Function):
    """Has a decoder of its own."""

    def __init__(self, act: Callable[[Request], bytes]) -> None:
        super().__init__(act)
        self.decoded: list[HotRequest | None] = []

    def decode(self, raw: bytes) -> HotRequest | None:
        self.decoded.append(decode_air(raw))
        return self.decoded[-1]


class HotLaterFunction(HotFunction, LaterFunction):
    pass


KINDS = [Function, LaterFunction, HotFunction, HotLaterFunction]


def succeed(request: Request) -> bytes:
    return answer_to(request.message, 2001, request.origin)


async def answer_of(function: Function, octets: bytes) -> Message:
    dispatcher = Dispatcher({APPLICATION_S6A: function}, ORIGIN)
    header = HEADER._replace(application_id=int.from_bytes(octets[8:12], "big"))
    answer = dispatcher.dispatch(octets, header, PEER, now=NOW)
    return decode_message(answer if isinstance(answer, bytes) else await answer)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_comes_now_or_later(kind: type[Function]) -> None:
    answer = await answer_of(kind(succeed), an_air())

    assert answer.get_int("Result-Code") == 2001
    assert answer.get_text("Session-Id") == "mme.epc.test;1;1"
    assert (answer.header.hop_by_hop, answer.header.end_to_end) == (77, 88)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("error", "code", "failed_avp"),
    [
        (InvalidAvpValue("odd", failed_avp=FAILED_AVP), 5004, True),
        (MissingAvp("none", failed_avp=FAILED_AVP), 5005, True),
        (InvalidValue("bad"), 5004, False),
        (Unavailable("away"), 3004, False),
        (DatabaseLost("away"), 3004, False),
        (Overloaded("full"), 3004, False),
        (OurMistake("ours"), 5012, False),
        (Conflict("no"), 5012, False),
        (ZeroDivisionError(), 5012, False),
        (TimeoutError(), 5012, False),
    ],
)
async def test_what_a_function_raises_is_answered_for_it(
    kind: type[Function], error: Exception, code: int, failed_avp: bool
) -> None:
    def fail(request: Request) -> bytes:
        raise error

    answer = await answer_of(kind(fail), an_air())

    assert answer.get_int("Result-Code") == code
    assert answer.header.is_error == (code < 4000)
    assert (answer.find_avp("Failed-AVP") is not None) == failed_avp
    assert answer.get_text("Origin-Host") == ORIGIN.host


async def test_the_end_of_a_task_is_no_answer() -> None:
    def cancel(request: Request) -> bytes:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await answer_of(LaterFunction(cancel), an_air())


@pytest.mark.parametrize("kind", [Function, HotFunction])
@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (an_air(header=HEADER._replace(application_id=APPLICATION_GX)), 3007),
        (an_air(header=HEADER._replace(application_id=99)), 3007),
        (an_air(header=HEADER._replace(application_id=0)), 3001),
        (an_air(header=HEADER._replace(command_code=999)), 3001),
        (an_air(header=HEADER._replace(flags=0xE0)), 3008),
        (an_air(without="User-Name"), 5005),
        (an_air(("Destination-Host", "other.epc.test")), 3002),
        (an_air(("Destination-Host", "HSS.EPC.Test")), 2001),
        (an_air(("Destination-Realm", "x.test"), without="Destination-Realm"), 3003),
        (an_air(("Destination-Realm", "EPC.test"), without="Destination-Realm"), 2001),
        (an_air(bytes.fromhex("0001869f40000008")), 5001),
        (an_air(bytes.fromhex("0001869f00000008")), 2001),
        (an_air(bytes.fromhex("0000058440000002")), 5014),
        (an_air(bytes.fromhex("000005844000ffff")), 5014),
    ],
)
async def test_a_request_that_is_not_for_us_never_reaches_a_function(
    kind: type[Function], octets: bytes, code: int
) -> None:
    function = kind(succeed)

    answer = await answer_of(function, octets)

    assert answer.get_int("Result-Code") == code
    assert function.asked == (code == 2001)


async def test_a_function_is_given_what_its_decoder_took() -> None:
    requests: list[Request] = []

    def keep(request: Request) -> bytes:
        requests.append(request)
        return succeed(request)

    function = HotFunction(keep)

    await answer_of(function, an_air())

    assert [request.hot for request in requests] == function.decoded
    assert requests[0].hot is not None
    assert requests[0].message.avps == decode_message(an_air()).avps
    assert requests[0].message is requests[0].message


async def test_what_a_decoder_leaves_alone_is_read_generically() -> None:
    requests: list[Request] = []

    def keep(request: Request) -> bytes:
        requests.append(request)
        return succeed(request)

    function = HotFunction(keep)

    answer = await answer_of(
        function, an_air(("Auth-Session-State", -1), without="Auth-Session-State")
    )

    assert function.decoded == [None]
    assert answer.get_int("Result-Code") == 2001
    assert requests[0].hot is None


async def test_a_decoder_is_not_asked_for_a_peer_that_may_not() -> None:
    function = HotFunction(succeed)
    peer = replace(PEER, application_ids=frozenset())
    dispatcher = Dispatcher({APPLICATION_S6A: function}, ORIGIN)

    answer = dispatcher.dispatch(an_air(), HEADER, peer, now=NOW)

    assert isinstance(answer, bytes)
    assert decode_message(answer).get_int("Result-Code") == 3007
    assert function.decoded == []


async def test_a_peer_is_served_only_what_it_is_allowed() -> None:
    function = Function(succeed)
    function.application_id = APPLICATION_GX
    dispatcher = Dispatcher({APPLICATION_GX: function}, ORIGIN)
    header = HEADER._replace(application_id=APPLICATION_GX)

    answer = dispatcher.dispatch(an_air(header=header), header, PEER, now=NOW)

    assert isinstance(answer, bytes)
    assert decode_message(answer).get_int("Result-Code") == 3007
    assert function.asked == 0


def test_a_busy_node_answers_without_reading() -> None:
    answer = decode_message(Dispatcher({}, ORIGIN).too_busy(an_air(), HEADER, PEER))

    assert answer.get_int("Result-Code") == 3004
    assert answer.header.is_error
    assert answer.header.hop_by_hop == 77
    assert answer.get_text("Session-Id") == "mme.epc.test;1;1"
