"""Single sign-on: what is believed, who is let in, against a provider that listens."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Any
from urllib.parse import unquote

import jwt
import pytest
from jwt.warnings import InsecureKeyLengthWarning

from tests.harness.provider import CLIENT_ID, CLIENT_SECRET, Provider, a_provider, new_key
from tests.unit.business.login.conftest import Desk, hire
from wispgate.business.login import openid
from wispgate.business.login.errors import ProviderSilent, SignOnRefused
from wispgate.business.login.models import IdentityProvider, ProviderIdentity
from wispgate.business.login.services import providers
from wispgate.business.login.services.providers import Wanted
from wispgate.business.operators import scope as scopes
from wispgate.business.staff.models import StaffMember
from wispgate.domain.login.claims import believe
from wispgate.domain.login.errors import ClaimsRefused
from wispgate.kernel.errors import InvalidValue

BACK = "http://localhost:8080/login/sso/back/"


@pytest.fixture
def provider(desk: Desk, settings: Any) -> Iterator[Provider]:
    settings.WISPGATE_OUTGOING_NETWORKS = [ip_network("127.0.0.0/8")]
    with a_provider(desk.world.clock.now) as provider:
        yield provider


def wanted(provider: Provider, **changes: Any) -> Wanted:
    given = Wanted(
        name="North account",
        issuer=provider.issuer,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        domains=("north.example",),
    )
    return replace(given, **changes)


def set_up(desk: Desk, provider: Provider, **changes: Any) -> IdentityProvider:
    with desk.world.as_staff():
        providers.set_provider(desk.world.north, wanted(provider, **changes))
        found = providers.find_provider(desk.world.north)
    assert found is not None
    return found


def come_back(desk: Desk, provider: Provider, known: IdentityProvider) -> StaffMember:
    """The whole way, as the pages go it; returns who is let in."""
    client = providers.client_of(known, redirect_uri=BACK)
    question, endpoints = openid.new_question(), openid.discover(known.issuer)
    where = openid.authorization_address(endpoints, client, question)
    query = dict(part.split("=") for part in where.partition("?")[2].split("&"))
    asked = {name: unquote(value) for name, value in query.items()}
    code = provider.authorize(asked).partition("code=")[2].partition("&")[0]
    claims = openid.redeem(endpoints, client, code=code, verifier=question.verifier)
    expected = providers.expected_of(known, nonce=question.nonce)
    identity = believe(claims, expected, now=desk.now)
    with scopes.within(desk.caller().provider_scope(known.operator_id, identity.email)):
        return providers.admit(known, identity)


@pytest.mark.parametrize("in_body", [False, True])
def test_who_is_on_the_staff_comes_in_and_is_known_then(
    desk: Desk, provider: Provider, in_body: bool
) -> None:
    provider.in_body = in_body
    known = set_up(desk, provider)

    first = come_back(desk, provider, known)
    provider.email = "ada.lovelace@north.example"
    again = come_back(desk, provider, known)

    assert first == again == desk.ada
    with desk.world.as_staff():
        assert ProviderIdentity.objects.count() == 1


def test_the_clients_secret_is_sealed_and_kept_when_left_empty(
    desk: Desk, provider: Provider
) -> None:
    set_up(desk, provider)
    known = set_up(desk, provider, client_secret="", name="Renamed")

    assert CLIENT_SECRET.encode() not in bytes(known.sealed_client_secret)
    assert providers.client_of(known, redirect_uri=BACK).client_secret == CLIENT_SECRET
    assert known.name == "Renamed"
    assert CLIENT_SECRET not in repr(wanted(provider))


def test_somebody_new_is_taken_on_only_where_a_role_is_set(desk: Desk, provider: Provider) -> None:
    provider.email = "bob@north.example"
    known = set_up(desk, provider)
    with pytest.raises(SignOnRefused):
        come_back(desk, provider, known)

    bob = come_back(desk, provider, set_up(desk, provider, default_role="viewer"))

    assert (bob.email, bob.role, bob.operator_id) == (
        "bob@north.example", "viewer", desk.world.north,
    )  # fmt: skip
    assert not bob.has_usable_password()
    assert come_back(desk, provider, known) == bob


@pytest.mark.parametrize("operator", ["south", ""])
def test_a_provider_lets_in_its_own_operators_staff_only(
    desk: Desk, provider: Provider, operator: str
) -> None:
    role = "operator_admin" if operator else "platform_admin"
    provider.email = hire(desk.world, "eve@north.example", role=role, operator=operator)
    known = set_up(desk, provider, default_role="viewer")

    with pytest.raises(SignOnRefused):
        come_back(desk, provider, known)


def test_the_platforms_provider_does_not_let_in_tenants_staff(
    desk: Desk, provider: Provider
) -> None:
    with desk.world.as_platform():
        providers.set_provider(None, wanted(provider))
        known = providers.find_provider(None)
    assert known is not None

    with pytest.raises(SignOnRefused):
        come_back(desk, provider, known)


def test_an_address_that_changed_hands_brings_no_rights_along(
    desk: Desk, provider: Provider
) -> None:
    known = set_up(desk, provider)
    come_back(desk, provider, known)
    provider.subject = "subject-2"

    with pytest.raises(SignOnRefused):
        come_back(desk, provider, known)


def test_who_is_disabled_stays_out(desk: Desk, provider: Provider) -> None:
    known = set_up(desk, provider, default_role="viewer")
    come_back(desk, provider, known)
    with desk.world.as_staff():
        StaffMember.objects.filter(email=desk.email).update(is_active=False)

    with pytest.raises(SignOnRefused):
        come_back(desk, provider, known)


def other_key(provider: Provider) -> None:
    key = new_key()
    provider.sign = lambda claims: jwt.encode(
        claims, key, algorithm="RS256", headers={"kid": provider.kid}
    )


def unknown_key(provider: Provider) -> None:
    key = new_key()
    provider.sign = lambda claims: jwt.encode(claims, key, algorithm="RS256", headers={"kid": "k2"})


def no_signature(provider: Provider) -> None:
    provider.sign = lambda claims: jwt.encode(claims, None, algorithm="none")


def our_own_secret(provider: Provider) -> None:
    secret = CLIENT_SECRET.ljust(32, "-")
    provider.sign = lambda claims: jwt.encode(
        claims, secret, algorithm="HS256", headers={"kid": provider.kid}
    )


def no_token(provider: Provider) -> None:
    provider.sign = lambda claims: "not.a.token"


def wrong_nonce(provider: Provider) -> None:
    provider.claims["nonce"] = "another"


def wrong_audience(provider: Provider) -> None:
    provider.claims["aud"] = "another"


def expired(provider: Provider) -> None:
    at = provider.now().timestamp()
    provider.claims |= {"iat": at - 600, "exp": at - 300}


def unverified(provider: Provider) -> None:
    provider.claims["email_verified"] = False


def foreign_domain(provider: Provider) -> None:
    provider.email = "ada@south.example"


@pytest.mark.parametrize(
    "spoil",
    [
        other_key, unknown_key, no_signature, our_own_secret, no_token, wrong_nonce,
        wrong_audience, expired, unverified, foreign_domain,
    ],
)  # fmt: skip
def test_what_cannot_be_believed_lets_nobody_in(desk: Desk, provider: Provider, spoil: Any) -> None:
    known = set_up(desk, provider, default_role="viewer")
    spoil(provider)

    with pytest.raises((SignOnRefused, ClaimsRefused)):
        come_back(desk, provider, known)


def test_a_short_key_is_not_taken(desk: Desk, provider: Provider) -> None:
    known = set_up(desk, provider)
    provider.key = new_key(1024)
    provider.sign = lambda claims: jwt.encode(
        claims, provider.key, algorithm="RS256", headers={"kid": provider.kid}
    )

    with pytest.warns(InsecureKeyLengthWarning), pytest.raises(SignOnRefused):
        come_back(desk, provider, known)


def test_a_code_is_redeemed_with_its_verifier_only(desk: Desk, provider: Provider) -> None:
    known = set_up(desk, provider)
    client, endpoints = providers.client_of(known, redirect_uri=BACK), openid.discover(known.issuer)
    asked = {
        "response_type": "code", "client_id": CLIENT_ID, "code_challenge_method": "S256",
        "scope": "openid", "state": "s", "nonce": "n", "redirect_uri": BACK,
        "code_challenge": "of another verifier",
    }  # fmt: skip
    code = provider.authorize(asked).partition("code=")[2].partition("&")[0]

    with pytest.raises(SignOnRefused):
        openid.redeem(endpoints, client, code=code, verifier="mine")


def test_a_provider_that_says_another_issuer_is_not_asked_further(
    desk: Desk, provider: Provider
) -> None:
    with pytest.raises(ProviderSilent, match="another issuer"):
        openid.discover(provider.issuer + "/")
    with pytest.raises(ProviderSilent, match="status 404"):
        openid.discover(provider.issuer + "/elsewhere")


def test_a_provider_inside_our_networks_is_not_asked(
    desk: Desk, provider: Provider, settings: Any
) -> None:
    settings.WISPGATE_OUTGOING_NETWORKS = []

    with pytest.raises(ProviderSilent, match="cannot be asked"):
        openid.discover(provider.issuer)


def test_a_provider_that_is_not_there_is_told(desk: Desk, provider: Provider) -> None:
    with pytest.raises(ProviderSilent, match="does not answer"):
        openid.discover("http://127.0.0.1:1")


@pytest.mark.parametrize("name", ["north", "north.example", " Ada@North.Example "])
def test_a_provider_is_found_before_anybody_is_known(
    desk: Desk, provider: Provider, name: str
) -> None:
    known = set_up(desk, provider)

    assert providers.find_by_name(name, now=desk.now) == known


def test_a_provider_that_is_off_or_of_a_claimed_domain_is_not_found(
    desk: Desk, provider: Provider
) -> None:
    set_up(desk, provider)
    with desk.world.as_staff(desk.world.south):
        providers.set_provider(desk.world.south, wanted(provider))

    assert providers.find_by_name("north.example", now=desk.now) is None
    assert providers.find_by_name("north", now=desk.now) is not None
    assert providers.find_by_name("nor\x00th", now=desk.now) is None
    set_up(desk, provider, is_enabled=False)
    assert providers.find_by_name("north", now=desk.now) is None
    with desk.world.as_staff():
        providers.remove_provider(desk.world.north)
        assert providers.find_provider(desk.world.north) is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"issuer": ""}, "issuer"),
        ({"issuer": "https://id.example/?a=b"}, "issuer"),
        ({"domains": ()}, "domains"),
        ({"domains": ("North.example",)}, "domains"),
        ({"domains": ("ada@north.example",)}, "domains"),
        ({"domains": ("localhost",)}, "domains"),
        ({"client_secret": ""}, "client_secret"),
        ({"default_role": "king"}, "role"),
    ],
)
def test_a_wrong_provider_is_refused_by_its_field(
    desk: Desk, provider: Provider, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        set_up(desk, provider, **changes)

    assert refused.value.field == field


@pytest.mark.parametrize("issuer", ["ftp://id.example", "id.example", "https://u:p@id.example"])
def test_an_issuer_is_a_plain_address(desk: Desk, provider: Provider, issuer: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        set_up(desk, provider, issuer=issuer)

    assert refused.value.field == "issuer"
