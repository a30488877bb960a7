"""The SCTP driver, over sockets that keep boundaries as SCTP does; and over SCTP where there is one."""

import asyncio
import socket

import pytest

from wispgate.network.transport import sctp
from wispgate.wire.diameter.header import FLAG_REQUEST, Header
from wispgate.wire.diameter.message import encode_message


class Recorder(asyncio.Protocol):
    """Notes what a transport tells it."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.told: list[str] = []
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received.append(data)

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(exc)


def a_message(number: int, size: int = 8) -> bytes:
    header = Header(FLAG_REQUEST, 280, 0, number, number)
    return encode_message(header, [("Origin-Host", "x" * size)])


def a_pair() -> tuple[sctp.MessageTransport, Recorder, socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(0)
    theirs.settimeout(0)
    recorder = Recorder()
    return sctp.MessageTransport(ours, recorder), recorder, theirs


async def test_messages_of_one_write_leave_one_by_one() -> None:
    transport, _, theirs = a_pair()
    messages = [a_message(number, 8 * number) for number in range(1, 6)]

    transport.write(b"".join(messages))

    assert [theirs.recv(65536) for _ in messages] == messages
    transport.abort()
    theirs.close()
    await asyncio.sleep(0.01)


async def test_what_the_kernel_does_not_take_at_once_follows_whole_and_in_order() -> None:
    transport, recorder, theirs = a_pair()
    messages = [a_message(number, 20_000) for number in range(100)]

    transport.write(b"".join(messages))
    waiting = transport.get_write_buffer_size()
    transport.close()
    received = [
        await asyncio.get_running_loop().sock_recv(theirs, 65536) for _ in range(len(messages))
    ]

    assert waiting > 0
    assert recorder.told[0] == "pause"
    assert received == messages
    assert await recorder.lost is None
    assert recorder.told[-1] == "resume"
    theirs.close()


async def test_what_arrives_is_handed_on_and_can_be_paused() -> None:
    transport, recorder, theirs = a_pair()
    theirs.send(a_message(1))
    await asyncio.sleep(0.01)
    transport.pause_reading()
    theirs.send(a_message(2))
    await asyncio.sleep(0.01)
    before = list(recorder.received)

    transport.resume_reading()
    await asyncio.sleep(0.01)

    assert before == [a_message(1)]
    assert recorder.received == [a_message(1), a_message(2)]
    theirs.close()
    assert await recorder.lost is None


async def test_a_connection_that_breaks_is_lost_once() -> None:
    transport, recorder, theirs = a_pair()
    theirs.close()
    transport.write(a_message(1))
    transport.write(a_message(2))
    transport.abort()

    await recorder.lost

    assert transport.is_closing()
    assert not transport.is_reading()
    assert transport.get_extra_info("peername", "nobody") == "nobody"


async def test_over_sctp_itself() -> None:
    if not sctp.is_available():
        pytest.skip("this kernel does not speak SCTP")
    accepted: list[Recorder] = []

    def accept() -> Recorder:
        accepted.append(Recorder())
        return accepted[-1]

    listener = sctp.Listener(accept, "127.0.0.1", 0)
    port = listener._socket.getsockname()[1]
    caller = Recorder()
    await sctp.connect(lambda: caller, "127.0.0.1", port)
    assert isinstance(caller.transport, sctp.MessageTransport)
    caller.transport.write(a_message(1) + a_message(2))
    await asyncio.sleep(0.2)

    assert accepted[0].received == [a_message(1), a_message(2)]
    caller.transport.close()
    await caller.lost
    listener.close()
