"""Authenticator apps and recovery codes. Security keys are tried in the browser (tests/e2e)."""

import pytest

from tests.unit.business.login.conftest import Desk, hire
from tests.unit.business.world import World
from wispgate.business.audit import queries as audit
from wispgate.business.login import sealing
from wispgate.business.login.errors import FactorRefused, LastFactor, TooManyAttempts
from wispgate.business.login.models import AuthenticatorApp, RecoveryCode
from wispgate.business.login.services import entering, factors, helping, keys, policies
from wispgate.business.operators import scope as scopes
from wispgate.domain.authentication.errors import SealBroken
from wispgate.domain.login import totp
from wispgate.domain.login.lifetimes import Lifetime
from wispgate.domain.login.steps import Proof, Step
from wispgate.kernel.errors import InvalidValue, Misconfigured, NotFound

SECRET = b"12345678901234567890"


def code(desk: Desk, offset: int = 0) -> str:
    return totp.code_of(SECRET, totp.step_at(desk.now) + offset)


def enrol(desk: Desk, name: str = "Phone") -> None:
    with scopes.within(desk.scope()):
        factors.enrol_app(desk.ada, secret=SECRET, code=code(desk), name=name)
    desk.world.clock.advance(seconds=30)


def test_an_app_is_kept_when_its_first_code_is_right(desk: Desk) -> None:
    with scopes.within(desk.scope()):
        with pytest.raises(FactorRefused):
            factors.enrol_app(desk.ada, secret=SECRET, code="000000", name="Phone")
        assert not factors.list_factors(desk.ada.id).any
    enrol(desk)

    with scopes.within(desk.scope()):
        (app,) = factors.list_factors(desk.ada.id).apps
    assert app.name == "Phone"
    assert SECRET not in bytes(app.sealed_secret)


def test_a_code_lets_in_once(desk: Desk) -> None:
    enrol(desk)

    entering.prove_factor(desk.ada, code(desk), desk.caller())

    with pytest.raises(FactorRefused, match="used already"):
        entering.prove_factor(desk.ada, code(desk), desk.caller())
    desk.world.clock.advance(seconds=30)
    entering.prove_factor(desk.ada, code(desk), desk.caller())


def test_the_code_of_the_enrolment_cannot_be_used_again(desk: Desk) -> None:
    given = code(desk)
    with scopes.within(desk.scope()):
        factors.enrol_app(desk.ada, secret=SECRET, code=given, name="Phone")

    with pytest.raises(FactorRefused):
        entering.prove_factor(desk.ada, given, desk.caller())


def test_codes_cannot_be_guessed_without_end_from_wherever(desk: Desk) -> None:
    enrol(desk)
    for number in range(5):
        with pytest.raises(FactorRefused):
            entering.prove_factor(desk.ada, "000000", desk.caller(f"198.51.100.{number}"))

    with pytest.raises(TooManyAttempts):
        entering.prove_factor(desk.ada, code(desk), desk.caller("203.0.113.1"))
    with desk.world.as_staff():
        refused = [one for one in audit.list_entries() if one.action == "refused"]
    assert [one.object_id for one in refused] == [str(desk.ada.id)] * 5


def test_a_recovery_code_lets_in_once_and_is_kept_as_a_hash(desk: Desk) -> None:
    enrol(desk)
    with scopes.within(desk.scope()):
        codes = factors.renew_recovery_codes(desk.ada)
        kept = list(RecoveryCode.objects.values_list("digest", flat=True))

    entering.prove_factor(desk.ada, codes[3].upper().replace("-", " "), desk.caller())

    assert len(set(codes)) == 10
    assert not set(codes) & set(kept)
    with pytest.raises(FactorRefused):
        entering.prove_factor(desk.ada, codes[3], desk.caller())
    with scopes.within(desk.scope()):
        assert factors.list_factors(desk.ada.id).codes_left == 9
        factors.renew_recovery_codes(desk.ada)
    with pytest.raises(FactorRefused):
        entering.prove_factor(desk.ada, codes[4], desk.caller())


def test_ones_own_codes_let_in_nobody_else(desk: Desk, world: World) -> None:
    hire(world, "eve@north.example")
    enrol(desk)
    eve = Desk(world, "eve@north.example")

    with pytest.raises(FactorRefused):
        entering.prove_factor(eve.ada, code(desk), eve.caller())


def test_the_last_factor_stays_where_it_is_demanded(desk: Desk) -> None:
    enrol(desk)
    with scopes.within(desk.scope()):
        (app,) = factors.list_factors(desk.ada.id).apps
        policies.set_policy(desk.ada.operator_id, lifetime=Lifetime(), mfa_roles=["agent"])
        with pytest.raises(LastFactor):
            factors.remove_factor(desk.ada, app)
        policies.set_policy(desk.ada.operator_id, lifetime=Lifetime(), mfa_roles=["viewer"])
        factors.renew_recovery_codes(desk.ada)
        factors.remove_factor(desk.ada, app)

        left = factors.list_factors(desk.ada.id)
    assert (left.any, left.codes_left) == (False, 0)


def test_factors_are_found_by_their_kind_and_owner(desk: Desk, world: World) -> None:
    enrol(desk)
    hire(world, "eve@north.example")
    eve = Desk(world, "eve@north.example").ada
    with scopes.within(desk.scope()):
        (app,) = factors.list_factors(desk.ada.id).apps
        assert factors.get_factor(desk.ada.id, "app", str(app.id)) == app
        for owner, kind, key in (
            (desk.ada.id, "key", str(app.id)),
            (desk.ada.id, "fax", str(app.id)),
            (desk.ada.id, "app", "nonsense"),
            (eve.id, "app", str(app.id)),
        ):
            with pytest.raises(NotFound):
                factors.get_factor(owner, kind, key)


def test_a_factor_has_a_name(desk: Desk) -> None:
    with pytest.raises(InvalidValue):
        factors.require_name(" \t ")


def test_an_admin_takes_lost_factors_away(desk: Desk) -> None:
    enrol(desk)
    with scopes.within(desk.scope()):
        factors.renew_recovery_codes(desk.ada)
    with desk.world.as_staff():
        assert helping.remove_factors(desk.ada.id) == 1

    with scopes.within(desk.scope()):
        assert factors.list_factors(desk.ada.id) == factors.Factors([], [], 0)


def test_what_is_asked_next_follows_factors_and_rules(desk: Desk) -> None:
    def step(*, shown: bool = False) -> Step:
        return entering.what_is_next(desk.ada, Proof.PASSWORD, desk.caller(), is_factor_shown=shown)

    seen = [step()]
    with scopes.within(desk.scope()):
        policies.set_policy(desk.ada.operator_id, lifetime=Lifetime(), mfa_roles=["*"])
    seen.append(step())
    enrol(desk)

    assert [*seen, step(), step(shown=True)] == [Step.ENTER, Step.ENROL, Step.FACTOR, Step.ENTER]


def test_a_sealed_secret_opens_for_its_row_only(desk: Desk, settings: object) -> None:
    sealed = sealing.seal(b"secret", bound_to="row 1")

    assert sealing.unseal(sealed, bound_to="row 1") == b"secret"
    with pytest.raises(SealBroken):
        sealing.unseal(sealed, bound_to="row 2")
    settings.WISPGATE_LOGIN_KEY = ""  # type: ignore[attr-defined]
    with pytest.raises(Misconfigured):
        sealing.seal(b"secret", bound_to="row 1")


def test_another_operator_sees_no_factor(desk: Desk) -> None:
    enrol(desk)

    with desk.world.as_staff(desk.world.south):
        assert not AuthenticatorApp.objects.exists()


@pytest.mark.parametrize("answer", [None, {}, [], "text", {"id": "x"}, {"response": {}}])
def test_a_keys_answer_that_is_none_is_refused(desk: Desk, answer: object) -> None:
    site = keys.Site("localhost", "http://localhost:8080", "WISPGate")
    with scopes.within(desk.scope()):
        asked = keys.ask_to_enrol(desk.ada, site)
        assert keys.ask_for_factor(desk.ada.id, site) is None
        with pytest.raises(FactorRefused):
            keys.enrol(desk.ada, site, state=asked.state, answer=answer, name="Key")
    with pytest.raises(FactorRefused):
        entering.prove_key(desk.ada, site, desk.caller(), state={}, answer=answer)
    assert keys.find_holder(answer) is None
    with pytest.raises(FactorRefused):
        entering.prove_passkey(None, site, desk.caller(), state={}, answer=answer)
