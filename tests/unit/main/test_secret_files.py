import os
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
    descriptor = secret_files.pipe_with(secret_files.read_opening_key(tmp_path / "secrets"))
    monkeypatch.setenv(secret_files.VAULT_FD, str(descriptor))

    received = secret_files.receive_opening_key()

    assert received.sealing_key == secrets.sealing_key
    assert secret_files.VAULT_FD not in os.environ
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_without_a_descriptor_the_way_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(secret_files.VAULT_FD, raising=False)

    with pytest.raises(Misconfigured, match="WISPGATE_VAULT_FD=3"):
        secret_files.receive_opening_key()


def test_a_descriptor_with_something_else_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(secret_files.VAULT_FD, str(secret_files.pipe_with("not a key")))

    with pytest.raises(Misconfigured, match="gives no key"):
        secret_files.receive_opening_key()


def test_key_files_hold_a_matching_pair(tmp_path: Path) -> None:
    secrets = secret_files.ensure(tmp_path / "secrets")

    opening_key = OpeningKey.from_text(secret_files.read_opening_key(tmp_path / "secrets"))

    assert opening_key.sealing_key == secrets.sealing_key
