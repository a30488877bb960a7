"""Handing mail over to a server, and what is said when it is not taken."""

import socketserver
import threading
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from wispgate.main import mail, rules

LINK = "https://console.example/login/reset/secret/"


class _Dialogue(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as one mail needs."""

    def handle(self) -> None:
        self._say("220 here")
        taken = self.server.taken  # type: ignore[attr-defined]
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            word = line.split(" ")[0].upper()
            if word == "DATA":
                self._say("354 go on")
                while (text := self.rfile.readline()) != b".\r\n":
                    taken.append(text.decode())
            self._say("221 bye" if word == "QUIT" else "250 fine")
            if word == "QUIT":
                return

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def server() -> Iterator[socketserver.TCPServer]:
    listening = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Dialogue)
    listening.taken = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield listening
    listening.shutdown()
    listening.server_close()
    thread.join()


class _Mail:
    to, subject, text = "ada@north.example", "A new password", f"Follow {LINK}\n"


def test_a_mail_is_handed_to_the_server(server: socketserver.TCPServer) -> None:
    address = f"smtp+plain://127.0.0.1:{server.server_address[1]}"

    assert mail.send(_Mail(), server=address, sender="noreply@console.example")  # type: ignore[arg-type]

    text = "".join(server.taken)  # type: ignore[attr-defined]
    assert "To: ada@north.example" in text
    assert LINK in text


@pytest.mark.parametrize(
    ("address", "sender"),
    [("", "a@b.example"), ("smtp+plain://127.0.0.1:1", ""), ("smtp+plain://127.0.0.1:1", "a@b.example")],
)  # fmt: skip
def test_a_mail_that_is_not_taken_is_logged_without_its_link(address: str, sender: str) -> None:
    with capture_logs() as logs:
        assert not mail.send(_Mail(), server=address, sender=sender)  # type: ignore[arg-type]

    assert len(logs) == 1
    assert LINK not in str(logs)


@pytest.mark.parametrize(
    ("rule", "good", "kept"),
    [
        (rules.public_url, "https://Console.example.net/", "https://console.example.net"),
        (rules.public_url, "http://192.0.2.7:8080", "http://192.0.2.7:8080"),
        (rules.public_url, "", ""),
        (rules.mail_server, "smtp://u:p@mail.example:587", "smtp://u:p@mail.example:587"),
        (rules.mail_server, "", ""),
        (rules.mail_address, "noreply@console.example", "noreply@console.example"),
    ],
)  # fmt: skip
def test_good_addresses_are_kept(rule: object, good: str, kept: str) -> None:
    assert rule(good) == kept  # type: ignore[operator]


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        (rules.public_url, "console.example.net"),
        (rules.public_url, "https://console.example.net/path"),
        (rules.public_url, "https://u@console.example.net"),
        (rules.public_url, "https://console.example.net:x"),
        (rules.mail_server, "mail.example"),
        (rules.mail_server, "smtp://"),
        (rules.mail_address, "nobody"),
    ],
)
def test_wrong_addresses_are_refused(rule: object, wrong: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        rule(wrong)  # type: ignore[operator]
