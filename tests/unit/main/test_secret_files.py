import asyncio
import os
import socket
from pathlib import Path

import pytest

from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.kernel.errors import Misconfigured
from wispgate.main import secret_files


def test_every_installation_gets_secrets_of_its_own(tmp_path: Path) -> None:
    one, other = secret_files.ensure(tmp_path / "a"), secret_files.ensure(tmp_path / "b")

    passwords = [*one.database_passwords.values(), *other.database_passwords.values()]
    passwords += [one.superuser_password, other.superuser_password, one.django_secret_key]
    assert len(set(passwords)) == len(passwords) == 11
    assert one.sealing_key != other.sealing_key


def test_secrets_stay_the_same_at_the_next_start(tmp_path: Path) -> None:
    first = secret_files.ensure(tmp_path / "secrets")

    assert secret_files.ensure(tmp_path / "secrets") == first


def test_nobody_else_can_read_the_files(tmp_path: Path) -> None:
    secret_files.ensure(tmp_path / "secrets")

    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()}
    assert modes == {0o600}
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


def test_files_that_others_can_read_are_refused(tmp_path: Path) -> None:
    secret_files.ensure(tmp_path / "secrets")
    (tmp_path / "secrets" / "django").chmod(0o640)

    with pytest.raises(Misconfigured, match="can be read by other users: chmod"):
        secret_files.load(tmp_path / "secrets")


def test_a_deleted_role_password_comes_back_new(tmp_path: Path) -> None:
    before = secret_files.ensure(tmp_path / "secrets")
    (tmp_path / "secrets" / "database-web").unlink()

    after = secret_files.ensure(tmp_path / "secrets")

    assert after.database_passwords["web"] != before.database_passwords["web"]
    assert after.database_passwords["worker"] == before.database_passwords["worker"]


@pytest.mark.parametrize("name", ["vault-public-key", "database-superuser"])
def test_a_lost_secret_that_data_depends_on_is_never_made_anew(tmp_path: Path, name: str) -> None:
    secret_files.ensure(tmp_path / "secrets")
    (tmp_path / "secrets" / name).unlink()

    with pytest.raises(Misconfigured, match="restore it from the backup"):
        secret_files.ensure(tmp_path / "secrets")


def test_representations_show_no_secret(tmp_path: Path) -> None:
    secrets = secret_files.ensure(tmp_path / "secrets")

    shown = repr(secrets)

    hidden = [*secrets.database_passwords.values(), secrets.superuser_password]
    assert not any(secret in shown for secret in [*hidden, secrets.django_secret_key])


def test_the_opening_key_arrives_through_the_descriptor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = secret_files.ensure(tmp_path / "secrets")
    descriptor = secret_files.pipe_with(secret_files.read_opening_keys(tmp_path / "secrets"))
    monkeypatch.setenv(secret_files.VAULT_FD, str(descriptor))

    delivery = secret_files.receive_opening_keys()

    assert [key.sealing_key for key in delivery.keys] == [secrets.sealing_key]
    assert delivery.ask_again() == delivery.keys
    assert secret_files.VAULT_FD not in os.environ
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_without_a_descriptor_the_way_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(secret_files.VAULT_FD, raising=False)
    monkeypatch.delenv(secret_files.VAULT_KEYS, raising=False)

    with pytest.raises(Misconfigured, match="WISPGATE_VAULT_FD=3"):
        secret_files.receive_opening_keys()


def test_a_descriptor_with_something_else_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(secret_files.VAULT_FD, str(secret_files.pipe_with("not a key")))

    with pytest.raises(Misconfigured, match="gives no key"):
        secret_files.receive_opening_keys()


def test_key_files_hold_a_matching_pair(tmp_path: Path) -> None:
    secrets = secret_files.ensure(tmp_path / "secrets")

    opening_key = OpeningKey.from_text(secret_files.read_opening_keys(tmp_path / "secrets"))

    assert opening_key.sealing_key == secrets.sealing_key


KEYS = [OpeningKey(bytes([number]) * 32) for number in (1, 2)]


def test_keys_may_come_from_the_environment_and_do_not_stay_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(secret_files.VAULT_FD, raising=False)
    monkeypatch.setenv(secret_files.VAULT_KEYS, " ".join(key.to_text() for key in KEYS))

    delivery = secret_files.receive_opening_keys()

    assert list(delivery.keys) == KEYS
    assert secret_files.VAULT_KEYS not in os.environ


async def test_a_supervisor_gives_the_keys_as_they_are_when_it_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own, other = socket.socketpair()
    own.settimeout(0)
    now = [KEYS[0].to_text()]
    answering = asyncio.create_task(secret_files.answer_for_keys(own, lambda: "\n".join(now)))
    monkeypatch.setenv(secret_files.VAULT_FD, str(other.detach()))

    delivery = await asyncio.to_thread(secret_files.receive_opening_keys)
    now.append(KEYS[1].to_text())
    later = await asyncio.to_thread(delivery.ask_again)

    assert list(delivery.keys) == KEYS[:1]
    assert list(later) == KEYS
    assert delivery.supervisor is not None
    delivery.supervisor.close()
    await asyncio.wait_for(answering, 5)


async def test_without_its_supervisor_a_process_keeps_the_keys_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own, other = socket.socketpair()
    own.settimeout(0)
    answering = asyncio.create_task(secret_files.answer_for_keys(own, KEYS[0].to_text))
    monkeypatch.setenv(secret_files.VAULT_FD, str(other.detach()))
    delivery = await asyncio.to_thread(secret_files.receive_opening_keys)
    answering.cancel()
    await asyncio.wait([answering])
    own.close()

    assert await asyncio.to_thread(delivery.ask_again) == (KEYS[0],)
    assert delivery.supervisor is not None
    delivery.supervisor.close()


def test_a_key_is_put_beside_the_old_one_and_the_old_one_dropped(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    old = secret_files.ensure(folder).sealing_key

    secret_files.add_opening_key(folder, KEYS[0])
    both = secret_files.opening_keys_of(secret_files.read_opening_keys(folder))
    secret_files.put_sealing_key(folder, KEYS[0].sealing_key)
    secret_files.drop_opening_key(folder, old)

    assert [key.sealing_key for key in both] == [old, KEYS[0].sealing_key]
    left = secret_files.opening_keys_of(secret_files.read_opening_keys(folder))
    assert list(left) == KEYS[:1]
    assert secret_files.load(folder).sealing_key == KEYS[0].sealing_key


def test_keys_of_the_environment_are_not_changed_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret_files.ensure(tmp_path / "secrets")
    monkeypatch.setenv(secret_files.VAULT_KEYS, KEYS[0].to_text())

    with pytest.raises(Misconfigured, match="change them there"):
        secret_files.add_opening_key(tmp_path / "secrets", KEYS[1])


def test_an_installation_that_is_older_than_seals_can_be_read_before_it_is_upgraded(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "secrets"
    secret_files.ensure(folder)
    for name in ("seal-private-key", "seal-public-keys"):
        (folder / name).unlink()

    before, after = secret_files.load(folder), secret_files.ensure(folder)

    assert before.verifying_keys == ()
    assert len(after.verifying_keys) == 1


def test_a_public_half_that_was_lost_alone_is_not_passed_over(tmp_path: Path) -> None:
    secret_files.ensure(tmp_path / "secrets")
    (tmp_path / "secrets" / "seal-public-keys").unlink()

    with pytest.raises(Misconfigured, match="restore it from the backup"):
        secret_files.load(tmp_path / "secrets")


def test_a_secret_that_an_upgrade_makes_says_what_makes_it(tmp_path: Path) -> None:
    secret_files.ensure(tmp_path / "secrets")
    (tmp_path / "secrets" / "login-key").unlink()

    with pytest.raises(Misconfigured, match="wispgate migrate` makes it"):
        secret_files.load(tmp_path / "secrets")
