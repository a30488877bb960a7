"""A session of `requests` that asks the guard at every connection that it opens.

The name is resolved once per connection, the addresses are judged, and the socket goes to the very
address that was judged: a name that resolves differently a moment later (DNS rebinding) changes
nothing, and a redirect opens a connection like any other.
"""

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.util import connection as sockets

from wispgate.business.outgoing.addresses import Destinations, parse, require_well_formed
from wispgate.business.outgoing.errors import AnswerUnusable, DestinationRefused

CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 5.0, 10.0, 30.0
MOST_OCTETS = 1024 * 1024
MOST_REDIRECTS = 3
_PIECE = 16 * 1024

Resolve = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class _Guard:
    """What every connection of a session is judged by."""

    destinations: Destinations
    resolve: Resolve


def session(
    destinations: Destinations | None = None,
    *,
    most_octets: int = MOST_OCTETS,
    resolve: Resolve = socket.getaddrinfo,
) -> requests.Session:
    """A session for URLs that somebody typed in. Raises DestinationRefused, AnswerUnusable.

    Proxies and credentials of the environment are not used: they would go round the guard.
    """
    guarded = requests.Session()
    guarded.trust_env = False
    guarded.max_redirects = MOST_REDIRECTS
    guard = _Guard(destinations or configured(), resolve)
    adapter = _Guarded(guard, most_octets=most_octets)
    guarded.mount("https://", adapter)
    guarded.mount("http://", adapter)
    return guarded


def configured() -> Destinations:
    """What the installation's settings allow."""
    return Destinations(private=tuple(settings.WISPGATE_OUTGOING_NETWORKS))


class _Guarded(HTTPAdapter):
    def __init__(self, guard: _Guard, *, most_octets: int) -> None:
        self._guard = guard
        self._most_octets = most_octets
        super().__init__(max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._guard)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 (the library's words)
        timeout: Any = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Every request, and every one that a redirect makes, comes through here."""
        require_well_formed(str(request.url))
        end = time.monotonic() + TOTAL_SECONDS
        response = super().send(
            request,
            stream=True,
            timeout=timeout or (CONNECT_SECONDS, READ_SECONDS),
            verify=verify,
            cert=cert,
            proxies={},
        )
        response._content = self._read(response, end)
        response._content_consumed = True  # type: ignore[attr-defined]  # as the library sets it
        return response

    def _read(self, response: requests.Response, end: float) -> bytes:
        """The body, unpacked, as long as it is neither too long nor too slow."""
        body = bytearray()
        for piece in response.iter_content(_PIECE):
            body += piece
            if len(body) > self._most_octets or time.monotonic() > end:
                response.close()
                raise AnswerUnusable("the answer is longer, or slower, than is waited for")
        return bytes(body)


class _PinnedPlain(HTTPConnection):
    guard: _Guard

    def _new_conn(self) -> socket.socket:
        return _connect(self, self.guard, is_encrypted=False)


class _PinnedEncrypted(HTTPSConnection):
    guard: _Guard

    def _new_conn(self) -> socket.socket:
        return _connect(self, self.guard, is_encrypted=True)


def _pools(guard: _Guard) -> dict[str, type[HTTPConnectionPool]]:
    """The library wants classes, so each session's guard gets classes of its own."""
    given = {"guard": guard}
    plain = type("PinnedPlain", (_PinnedPlain,), given)
    encrypted = type("PinnedEncrypted", (_PinnedEncrypted,), given)
    return {
        "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("EncryptedPool", (HTTPSConnectionPool,), {"ConnectionCls": encrypted}),
    }


def _connect(connection: HTTPConnection, guard: _Guard, *, is_encrypted: bool) -> socket.socket:
    """A socket to the judged address. The certificate is still checked against the name."""
    place = _judged(connection, guard, is_encrypted=is_encrypted)
    try:
        return sockets.create_connection(
            (place, int(connection.port)),
            connection.timeout,
            source_address=connection.source_address,
            socket_options=connection.socket_options,
        )
    except OSError as error:
        raise NewConnectionError(connection, f"no connection to {connection.host}") from error


def _judged(connection: HTTPConnection, guard: _Guard, *, is_encrypted: bool) -> str:
    """The first of the name's addresses, all of which must be allowed: else it is a trick."""
    host, port = connection.host, connection.port
    try:
        found = guard.resolve(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        cause = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
        raise NameResolutionError(host, connection, cause) from error
    addresses = [str(answer[4][0]) for answer in found]
    for address in addresses:
        if not guard.destinations.allow(parse(address), is_encrypted=is_encrypted):
            raise _refused(host, is_encrypted=is_encrypted)
    return addresses[0]


def _refused(host: str, *, is_encrypted: bool) -> DestinationRefused:
    """The address is not told: whoever asks may be mapping our network."""
    rule = "leads to a private network" if is_encrypted else "would be asked without TLS"
    return DestinationRefused(
        f"{host} {rule}: only networks named in the setting outgoing_networks may be asked so",
        field="url",
        host=host,
    )
