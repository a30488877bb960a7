"""A small OpenID provider of our own: one client, RSA keys, the code flow with PKCE.

It is strict where a provider must be (the code once, the verifier, the client's secret), and lies
where a test wants it to: `claims` are laid over the true ones, `sign` may use another key.
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET = "wispgate-console", "s3cret/with+signs"


def new_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@dataclass
class Provider:
    """Who would log in there now, and how it answers."""

    now: Callable[[], datetime]
    email: str = "ada@north.example"
    subject: str = "subject-1"
    key: rsa.RSAPrivateKey = field(default_factory=new_key)
    kid: str = "k1"
    claims: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] | None = None
    in_body: bool = False
    issuer: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post" if self.in_body else "client_secret_basic"
            ],
        }

    def key_set(self) -> dict[str, Any]:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": self.kid, "use": "sig", "alg": "RS256"}]}

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser goes back to, with a code."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT_ID
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        self.asked.append(query)
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        back = {"code": code, "state": query["state"]}
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def redeem(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        is_good = (
            asked is not None
            and form["grant_type"] == "authorization_code"
            and form["redirect_uri"] == asked["redirect_uri"]
            and challenge == asked["code_challenge"]
            and self._client_of(form, authorization) == (CLIENT_ID, CLIENT_SECRET)
        )
        if asked is None or not is_good:
            return 400, {"error": "invalid_grant"}
        token = (self.sign or self._sign)(self._claims(asked))
        return 200, {"access_token": "unused", "token_type": "Bearer", "id_token": token}

    def _client_of(self, form: dict[str, str], authorization: str) -> tuple[str, str]:
        if self.in_body:
            return form["client_id"], form["client_secret"]
        text = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        name, _, secret = text.partition(":")
        return unquote(name), unquote(secret)

    def _claims(self, asked: dict[str, str]) -> dict[str, Any]:
        at = int(self.now().timestamp())
        true = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": self.subject,
            "nonce": asked["nonce"],
            "iat": at,
            "exp": at + 300,
            "email": self.email,
            "email_verified": True,
            "name": "Ada Lovelace",
        }
        return true | self.claims

    def _sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": self.kid})


@contextmanager
def a_provider(now: Callable[[], datetime]) -> Iterator[Provider]:
    """Listens on a free port of loopback until the test ends."""
    provider = Provider(now)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(provider))
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler_of(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/.well-known/openid-configuration":
                self._answer(200, provider.configuration())
            elif parts.path == "/keys":
                self._answer(200, provider.key_set())
            elif parts.path == "/authorize":
                self._page(provider.authorize(query))
            else:
                self._answer(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(*provider.redeem(form, self.headers.get("Authorization", "")))

        def _answer(self, status: int, body: object) -> None:
            self._write(status, json.dumps(body).encode(), "application/json")

        def _page(self, back: str) -> None:
            """What a person sees there: one button."""
            page = f'<!doctype html><title>Provider</title><a href="{back}">Log in as Ada</a>'
            self._write(200, page.encode(), "text/html")

        def _write(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
