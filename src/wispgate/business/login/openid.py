"""The client's side of OpenID Connect: the code flow with PKCE, and nothing else.

RFC 6749, RFC 7636 and OpenID Connect Core 1.0. All requests go through `business.outgoing`, which
keeps them off our own networks. Call nothing here inside a transaction.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from wispgate.business.login.errors import ProviderSilent, SignOnRefused
from wispgate.business.outgoing import client as outgoing
from wispgate.business.outgoing.errors import AnswerUnusable, DestinationRefused

# Public keys only: with HS256 whoever knows our secret could write tokens, "none" needs no secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
_LEAST_RSA_BITS = 2048
_KEY_TYPES = ("RSA", "EC", "OKP")
_SCOPES = "openid email profile"
# Time and purpose of the claims are judged by `domain.login.claims`, by the installation's clock.
_SIGNATURE_ONLY: Any = {
    "verify_signature": True,
    **{f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")},
}


@dataclass(frozen=True, slots=True)
class Client:
    """Us, as the provider knows us."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked once: kept in the session until the browser comes back with the answer."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Endpoints:
    authorization: str
    token: str
    keys: str
    takes_secret_in_body: bool


def new_question() -> Question:
    """Three random texts; a verifier has 43 to 128 characters (RFC 7636 section 4.1)."""
    return Question(*(secrets.token_urlsafe(48) for _ in range(3)))


def discover(issuer: str) -> Endpoints:
    """OpenID Connect Discovery 1.0 section 4. Raises ProviderSilent."""
    found = _get_json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != issuer:
        raise ProviderSilent("the provider says that it is another issuer")
    endpoints = [
        found.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
    ]
    if not all(isinstance(each, str) and each for each in endpoints):
        raise ProviderSilent("the provider does not name its endpoints")
    authorization, token, keys = (str(each) for each in endpoints)
    methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    in_body = "client_secret_basic" not in methods
    return Endpoints(authorization, token, keys, in_body)


def authorization_address(
    endpoints: Endpoints, client: Client, question: Question, *, login_hint: str = ""
) -> str:
    """Where the browser is sent to."""
    digest = hashlib.sha256(question.verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "scope": _SCOPES,
        "state": question.state,
        "nonce": question.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    if login_hint:
        query["login_hint"] = login_hint
    joint = "&" if "?" in endpoints.authorization else "?"
    return f"{endpoints.authorization}{joint}{urlencode(query, quote_via=quote)}"


def redeem(endpoints: Endpoints, client: Client, *, code: str, verifier: str) -> Mapping[str, Any]:
    """The claims of the ID token for a code, its signature checked.

    Raises ProviderSilent, SignOnRefused.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": verifier,
    }
    credentials = None
    if endpoints.takes_secret_in_body:
        form |= {"client_id": client.client_id, "client_secret": client.client_secret}
    else:
        # RFC 6749 section 2.3.1: encoded as in a form before they are joined.
        credentials = (quote(client.client_id, safe=""), quote(client.client_secret, safe=""))
    answer = _ask("POST", endpoints.token, data=form, auth=credentials)
    if answer.status_code in (400, 401):
        raise SignOnRefused("the provider did not redeem the code")
    token = _json_of(answer).get("id_token")
    if not isinstance(token, str):
        raise SignOnRefused("the provider sent no ID token")
    return _verified(token, _get_json(endpoints.keys))


def _verified(token: str, key_set: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise SignOnRefused("the ID token is signed by an algorithm that is not taken")
        key = jwt.PyJWK(_key_for(header.get("kid"), key_set), algorithm=algorithm).key
        if isinstance(key, RSAPublicKey) and key.key_size < _LEAST_RSA_BITS:
            raise SignOnRefused("the provider's key is too short")
        claims: Mapping[str, Any] = jwt.decode(
            token, key, algorithms=[algorithm], options=_SIGNATURE_ONLY
        )
    except jwt.PyJWTError as error:
        raise SignOnRefused(f"the ID token is not good: {type(error).__name__}") from None
    return claims


def _key_for(kid: object, key_set: Mapping[str, Any]) -> dict[str, Any]:
    """The key that the token names; one that names none is good where there is but one key."""
    keys = key_set.get("keys")
    usable = [
        each
        for each in (keys if isinstance(keys, list) else [])
        if isinstance(each, dict) and each.get("kty") in _KEY_TYPES and each.get("use") != "enc"
    ]
    named = [each for each in usable if each.get("kid") == kid] if kid is not None else usable
    if len(named) != 1:
        raise SignOnRefused("the ID token is signed by a key that the provider does not publish")
    return named[0]


def _get_json(url: str) -> Mapping[str, Any]:
    return _json_of(_ask("GET", url))


def _json_of(answer: requests.Response) -> Mapping[str, Any]:
    if answer.status_code != 200:
        raise ProviderSilent(f"the provider answers with status {answer.status_code}")
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ProviderSilent("the provider's answer is no JSON object")
    return found


def _ask(method: str, url: str, **given: Any) -> requests.Response:
    try:
        with outgoing.session() as session:
            # A redirect of the token endpoint would carry the code and the secret elsewhere.
            return session.request(method, url, allow_redirects=method == "GET", **given)
    except (DestinationRefused, AnswerUnusable) as error:
        raise ProviderSilent(f"the login provider cannot be asked: {error.message}") from None
    except requests.RequestException as error:
        raise ProviderSilent(
            f"the login provider does not answer: {type(error).__name__}"
        ) from None
