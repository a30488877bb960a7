"""SCTP, where the kernel has it: one-to-one sockets, one Diameter message in each SCTP message.

asyncio's own transport joins what it cannot send at once, and SCTP keeps the boundaries of what
is sent: so this one keeps messages apart.
"""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Any, Final

PROTOCOL: Final = 132
_LEVEL: Final = 132
_NODELAY: Final = 3
_DEFAULT_SEND_PARAM: Final = 10
# Payload protocol identifier of Diameter in clear text (RFC 6733 section 11.4).
_DIAMETER: Final = 46
# struct sctp_sndrcvinfo: stream, ssn, flags, ppid, context, ttl, tsn, cumtsn, association.
_SEND_INFO: Final = struct.Struct("=HHHxxIIIIIi")
_CHUNK: Final = 256 * 1024
_HIGH, _LOW = 64 * 1024, 16 * 1024


def is_available() -> bool:
    """Whether this kernel speaks SCTP."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, PROTOCOL).close()
    except OSError:
        return False
    return True


def open_socket(host: str) -> socket.socket:
    """Raises OSError where the kernel has no SCTP."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, PROTOCOL)
    made.settimeout(0)
    return made


async def connect(factory: Callable[[], asyncio.Protocol], host: str, port: int) -> None:
    """Opens an association and hands it to the protocol. Raises OSError."""
    made = open_socket(host)
    try:
        await asyncio.get_running_loop().sock_connect(made, (host, port))
    except OSError:
        made.close()
        raise
    MessageTransport(made, factory())


class Listener:
    """Accepts associations until it is closed."""

    def __init__(self, factory: Callable[[], asyncio.Protocol], host: str, port: int) -> None:
        self._factory = factory
        self._socket = open_socket(host)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, port))
        self._socket.listen(128)
        asyncio.get_running_loop().add_reader(self._socket, self._accept)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _accept(self) -> None:
        try:
            accepted, _ = self._socket.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        accepted.settimeout(0)
        MessageTransport(accepted, self._factory())


class MessageTransport(asyncio.Transport):
    """A transport whose socket keeps the boundaries of messages. `write` takes whole messages."""

    def __init__(self, connected: socket.socket, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._socket = connected
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[bytes] = deque()
        self._held = 0
        self._is_closing = False
        self._is_paused = False
        self._is_reading = True
        _set_options(connected)
        protocol.connection_made(self)
        if not self._is_closing:
            self._loop.add_reader(connected, self._read)

    # --- what protocols ask of a transport --------------------------------------------------------

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        if name == "peername":
            try:
                return self._socket.getpeername() or default
            except OSError:
                return default
        return self._socket if name == "socket" else default

    def is_closing(self) -> bool:
        return self._is_closing

    def is_reading(self) -> bool:
        return self._is_reading and not self._is_closing

    def pause_reading(self) -> None:
        self._is_reading = False
        self._loop.remove_reader(self._socket)

    def resume_reading(self) -> None:
        if not self._is_closing and not self._is_reading:
            self._is_reading = True
            self._loop.add_reader(self._socket, self._read)

    def get_write_buffer_size(self) -> int:
        return self._held

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        """Whole messages, one after the other."""
        if self._is_closing:
            return
        for message in _cut(bytes(data)):
            self._waiting.append(message)
            self._held += len(message)
        self._send()

    def close(self) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        self._loop.remove_reader(self._socket)
        if not self._waiting:
            self._loop.call_soon(self._end, None)

    def abort(self) -> None:
        self._is_closing = True
        self._waiting.clear()
        self._loop.call_soon(self._end, None)

    # --- the socket -------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            data = self._socket.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._fail(error)
            return
        if data:
            self._protocol.data_received(data)
        else:
            self.close()

    def _send(self) -> None:
        try:
            while self._waiting:
                self._socket.send(self._waiting[0])
                self._held -= len(self._waiting.popleft())
        except (BlockingIOError, InterruptedError):
            self._loop.add_writer(self._socket, self._send)
        except OSError as error:
            self._fail(error)
            return
        if not self._waiting:
            self._loop.remove_writer(self._socket)
            if self._is_closing:
                self._loop.call_soon(self._end, None)
        self._tell_pressure()

    def _tell_pressure(self) -> None:
        if self._held > _HIGH and not self._is_paused:
            self._is_paused = True
            self._protocol.pause_writing()
        elif self._held <= _LOW and self._is_paused:
            self._is_paused = False
            self._protocol.resume_writing()

    def _fail(self, error: OSError) -> None:
        self._is_closing = True
        self._waiting.clear()
        self._loop.call_soon(self._end, error)

    def _end(self, error: OSError | None) -> None:
        if self._socket.fileno() < 0:
            return
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        self._protocol.connection_lost(error)


def _set_options(connected: socket.socket) -> None:
    if connected.proto != PROTOCOL:
        return
    connected.setsockopt(_LEVEL, _NODELAY, 1)
    payload = socket.htonl(_DIAMETER)
    connected.setsockopt(
        _LEVEL, _DEFAULT_SEND_PARAM, _SEND_INFO.pack(0, 0, 0, payload, 0, 0, 0, 0, 0)
    )


def _cut(data: bytes) -> list[bytes]:
    messages, position = [], 0
    while position < len(data):
        length = int.from_bytes(data[position + 1 : position + 4], "big")
        messages.append(data[position : position + length])
        position += length
    return messages
