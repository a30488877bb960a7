"""Passwords: rules, new hashes at the login, links to new ones."""

import pytest
from django.contrib.auth.hashers import check_password, identify_hasher

from tests.unit.business.login.conftest import PASSWORD, Desk, hire
from tests.unit.business.world import World
from wispgate.business.audit import queries as audit
from wispgate.business.login.errors import ResetRefused, TooManyAttempts
from wispgate.business.login.hashing import StaffHasher
from wispgate.business.login.models import ResetRequest
from wispgate.business.login.services import entering, passwords
from wispgate.business.login.services.passwords import Mail
from wispgate.business.operators import scope as scopes
from wispgate.business.staff.errors import LoginRefused
from wispgate.business.staff.models import StaffMember
from wispgate.domain.login.errors import PasswordTooWeak
from wispgate.kernel.errors import InvalidValue, NotFound

NEW = "a bicycle in the rain"


def test_passwords_are_kept_with_the_parameters_of_the_documentation() -> None:
    encoded = StaffHasher().encode(PASSWORD, "saltsaltsalt")

    assert encoded.startswith("argon2$argon2id$v=19$m=65536,t=3,p=4$")
    assert identify_hasher(encoded).algorithm == "argon2"


def test_a_login_renews_a_hash_of_other_parameters(desk: Desk, settings: object) -> None:
    old = desk.ada.password
    settings.PASSWORD_HASHERS = [  # type: ignore[attr-defined]
        "wispgate.business.login.hashing.StaffHasher",
    ]

    entering.prove_password(desk.email, PASSWORD, desk.caller())

    assert desk.ada.password != old
    assert "m=65536,t=3,p=4" in desk.ada.password
    assert check_password(PASSWORD, desk.ada.password)
    assert desk.ada.password_changed_at is None


def test_a_weak_password_is_refused_with_the_list_of_common_ones(desk: Desk) -> None:
    with scopes.within(desk.scope()):
        for weak in ("short", "ada@north.example1", "needforspeed", "counterstrike!!"):
            with pytest.raises(PasswordTooWeak):
                passwords.change_password(desk.ada, weak)


def test_two_passwords_that_differ_are_refused() -> None:
    assert passwords.require_repeated(NEW, NEW) == NEW
    with pytest.raises(InvalidValue, match="differ"):
        passwords.require_repeated(NEW, NEW + " ")


def link_for(desk: Desk) -> str:
    with desk.world.as_platform():
        link = passwords.make_link(desk.email, base_url="https://console.example")
    return link.rstrip("/").rpartition("/")[2]


def use(desk: Desk, token: str, password: str = NEW) -> StaffMember:
    return passwords.use_token(token, password, scope_of=desk.caller().scope, now=desk.now)


def test_a_link_sets_a_new_password_once(desk: Desk) -> None:
    token = link_for(desk)
    assert passwords.find_by_token(token, now=desk.now) == desk.ada

    use(desk, token)

    assert entering.prove_password(desk.email, NEW, desk.caller()) == desk.ada
    with pytest.raises(LoginRefused):
        entering.prove_password(desk.email, PASSWORD, desk.caller())
    with pytest.raises(ResetRefused):
        use(desk, token, "another one in the sun")
    with desk.world.as_staff():
        messages = [entry.message for entry in audit.list_entries(object_type="staff")]
    assert "set a new password by a link" in messages


def test_a_weak_password_does_not_use_the_link_up(desk: Desk) -> None:
    token = link_for(desk)

    with pytest.raises(PasswordTooWeak):
        use(desk, token, "short")

    assert use(desk, token).id == desk.ada.id


def test_a_link_is_over_after_half_an_hour(desk: Desk) -> None:
    token = link_for(desk)
    desk.world.clock.advance(minutes=30)

    with pytest.raises(ResetRefused):
        use(desk, token)


def test_a_changed_password_voids_other_links(desk: Desk) -> None:
    first, second = link_for(desk), link_for(desk)
    use(desk, first)

    with pytest.raises(ResetRefused):
        use(desk, second)


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: "x" + t, lambda t: "", lambda t: "a:b"])  # fmt: skip
def test_a_link_that_was_altered_is_refused(desk: Desk, change: object) -> None:
    token = change(link_for(desk))  # type: ignore[operator]

    with pytest.raises(ResetRefused):
        passwords.find_by_token(token, now=desk.now)


def test_a_link_of_somebody_disabled_is_refused(desk: Desk) -> None:
    token = link_for(desk)
    with desk.world.as_platform():
        StaffMember.objects.filter(email=desk.email).update(is_active=False)

    with pytest.raises(ResetRefused):
        use(desk, token)


def test_there_is_no_link_for_nobody(desk: Desk) -> None:
    with desk.world.as_platform(), pytest.raises(NotFound):
        passwords.make_link("nobody@north.example", base_url="")


def test_only_those_on_the_staff_get_mail_and_nobody_else_learns_it(desk: Desk) -> None:
    sent: list[Mail] = []
    for email in (desk.email, "nobody@north.example"):
        passwords.request_reset(
            email, address="192.0.2.1", base_url="https://c.example", scope=desk.caller().scope()
        )

    asked = passwords.answer_requests(desk.now, sent.append)

    assert asked == 2
    assert [mail.to for mail in sent] == [desk.email]
    token = sent[0].text.split("/login/reset/")[1].split("/")[0]
    assert "https://c.example/login/reset/" in sent[0].text
    assert "192.0.2.1" in sent[0].text
    assert passwords.find_by_token(token, now=desk.now) == desk.ada
    assert passwords.answer_requests(desk.now, sent.append) == 0


def test_a_wish_that_waited_too_long_is_not_answered(desk: Desk) -> None:
    sent: list[Mail] = []
    passwords.request_reset(
        desk.email, address="192.0.2.1", base_url="x", scope=desk.caller().scope()
    )
    desk.world.clock.advance(minutes=31)

    passwords.answer_requests(desk.now, sent.append)

    assert sent == []


def test_links_cannot_be_asked_for_without_end(desk: Desk) -> None:
    def ask() -> None:
        passwords.request_reset(
            desk.email, address="192.0.2.1", base_url="x", scope=desk.caller().scope()
        )

    for _ in range(3):
        ask()
    with pytest.raises(TooManyAttempts):
        ask()
    with desk.world.as_platform():
        assert ResetRequest.objects.count() == 3


def test_an_address_of_the_platform_is_found_too(world: World, desk: Desk) -> None:
    hire(world, "root@platform.example", role="platform_admin", operator="")
    with world.as_platform():
        link = passwords.make_link("root@platform.example", base_url="")

    token = link.rstrip("/").rpartition("/")[2]

    assert use(desk, token).operator_id is None
