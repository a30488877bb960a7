"""The guarded session against a real server on loopback, with names that a test resolves."""

import gzip
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

import pytest
import requests

from wispgate.business.outgoing import client
from wispgate.business.outgoing.addresses import Destinations
from wispgate.business.outgoing.errors import AnswerUnusable, DestinationRefused

LOOPBACK = Destinations(private=(ip_network("127.0.0.0/8"),))


class Server:
    """What was asked of it, and where it sends those who ask for /elsewhere."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.elsewhere = ""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append((self.headers["Host"], self.path))
                if self.path == "/elsewhere":
                    self.send_response(302)
                    self.send_header("Location", server.elsewhere)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                body = b"0" * 5000
                self.send_response(200)
                if self.path == "/bomb":
                    body = gzip.compress(b"0" * 5_000_000)
                    self.send_header("Content-Encoding", "gzip")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever)
    thread.start()
    yield made
    made.http.shutdown()
    made.http.server_close()
    thread.join()


class Names:
    """A resolver that knows the names it was given, and counts."""

    def __init__(self, **known: list[str]) -> None:
        self.known, self.asked = known, 0

    def __call__(self, host: str, port: int, **_options: Any) -> list[Any]:
        self.asked += 1
        if host not in self.known:
            raise socket.gaierror("no such name")
        return [(0, 0, 0, "", (address, port)) for address in self.known[host]]


def test_a_named_private_network_is_asked(server: Server) -> None:
    with client.session(LOOPBACK) as session:
        assert len(session.get(server.url()).content) == 5000

    assert server.asked == [(f"127.0.0.1:{server.port}", "/")]


def test_without_being_named_loopback_is_never_asked(server: Server) -> None:
    with client.session(Destinations()) as session:
        for host in ("127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1"):
            with pytest.raises(DestinationRefused):
                session.get(server.url(host=host))

    assert server.asked == []


def test_a_name_is_judged_by_every_address_that_it_has() -> None:
    names = Names(**{"both.example": ["93.184.216.34", "169.254.169.254"]})

    with (
        client.session(Destinations(), resolve=names) as session,
        pytest.raises(DestinationRefused) as refused,
    ):
        session.get("https://both.example/")

    assert "169.254" not in refused.value.message


def test_the_socket_goes_to_the_address_that_was_judged(server: Server) -> None:
    names = Names(**{"shop.example": ["127.0.0.1"]})

    with client.session(LOOPBACK, resolve=names) as session:
        session.get(server.url(host="shop.example"))

    assert names.asked == 1
    assert server.asked == [(f"shop.example:{server.port}", "/")]


def test_a_redirect_is_judged_like_any_request(server: Server) -> None:
    names = Names(**{"shop.example": ["127.0.0.1"], "inside.example": ["10.0.0.1"]})
    server.elsewhere = "http://inside.example/"

    with (
        client.session(LOOPBACK, resolve=names) as session,
        pytest.raises(DestinationRefused, match=r"inside\.example"),
    ):
        session.get(server.url("/elsewhere", host="shop.example"))


def test_a_redirect_to_another_scheme_is_not_followed(server: Server) -> None:
    server.elsewhere = "file:///etc/passwd"

    with client.session(LOOPBACK) as session, pytest.raises(requests.exceptions.InvalidSchema):
        session.get(server.url("/elsewhere"))


def test_redirects_in_a_circle_end(server: Server) -> None:
    server.elsewhere = server.url("/elsewhere")

    with client.session(LOOPBACK) as session, pytest.raises(requests.TooManyRedirects):
        session.get(server.url("/elsewhere"))

    assert len(server.asked) == client.MOST_REDIRECTS + 1


@pytest.mark.parametrize("path", ["/", "/bomb"])
def test_an_answer_is_cut_off_where_it_grows_too_long(server: Server, path: str) -> None:
    with client.session(LOOPBACK, most_octets=4000) as session, pytest.raises(AnswerUnusable):
        session.get(server.url(path))


def test_a_proxy_of_the_environment_is_no_way_round(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:1")

    with client.session(LOOPBACK) as session:
        assert session.get(server.url()).status_code == 200


def test_an_unknown_name_is_no_connection() -> None:
    with (
        client.session(LOOPBACK, resolve=Names()) as session,
        pytest.raises(requests.ConnectionError),
    ):
        session.get("https://nowhere.example/")


def test_a_closed_port_is_no_connection() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with client.session(LOOPBACK) as session, pytest.raises(requests.ConnectionError):
        session.get(f"http://127.0.0.1:{port}/")


def test_the_settings_say_which_private_networks_may_be_asked(
    settings: Any, server: Server
) -> None:
    settings.WISPGATE_OUTGOING_NETWORKS = [ip_network("127.0.0.0/8")]

    with client.session() as session:
        assert session.get(server.url()).status_code == 200
