from pathlib import Path

import pytest

from wispgate.kernel.errors import Misconfigured
from wispgate.main import settings as configuration
from wispgate.main.installation import DataFolder, Installation
from wispgate.main.rules import Address


def a_folder(
    path: Path, text: str = "", *, made_with: Installation | None = None
) -> dict[str, str]:
    """A data folder with a settings file; the environment that names it."""
    folder = DataFolder(path / "data")
    folder.make()
    if text:
        folder.settings_file.write_text(text)
    if made_with:
        folder.remember_installation(made_with)
    return {"WISPGATE_DATA": str(folder.path)}


def test_without_any_setting_everything_listens_on_loopback(tmp_path: Path) -> None:
    settings = configuration.load(a_folder(tmp_path))

    assert settings.http == Address("127.0.0.1", 8080)
    assert settings.diameter == Address("127.0.0.1", 3868)
    assert settings.metrics.is_loopback
    assert settings.data == tmp_path / "data"


def test_environment_wins_over_file_and_option_over_both(tmp_path: Path) -> None:
    environment = a_folder(
        tmp_path, 'http = "127.0.0.1:1"\ndiameter = "127.0.0.1:2"\nmetrics = "127.0.0.1:3"\n'
    )
    environment |= {"WISPGATE_DIAMETER": "127.0.0.1:22", "WISPGATE_METRICS": "127.0.0.1:33"}

    settings = configuration.load(environment, options={"metrics": "127.0.0.1:333", "http": None})

    ports = settings.http.port, settings.diameter.port, settings.metrics.port
    assert ports == (1, 22, 333)


def test_option_data_wins_over_the_environment(tmp_path: Path) -> None:
    settings = configuration.load(a_folder(tmp_path), options={"data": tmp_path / "other"})

    assert settings.data == tmp_path / "other"


def test_a_wrong_value_is_named_with_key_rule_and_place(tmp_path: Path) -> None:
    environment = a_folder(tmp_path, 'http = "nonsense"\n')

    with pytest.raises(Misconfigured) as raised:
        configuration.load(environment)

    assert "http = 'nonsense'" in raised.value.message
    assert "wispgate.toml" in raised.value.message
    assert "address and a port" in raised.value.message


def test_a_wrong_variable_is_named_as_such(tmp_path: Path) -> None:
    environment = a_folder(tmp_path) | {"WISPGATE_LOG_LEVEL": "loud"}

    with pytest.raises(Misconfigured, match="environment variable WISPGATE_LOG_LEVEL"):
        configuration.load(environment)


def test_unknown_keys_in_the_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="no setting 'htp'"):
        configuration.load(a_folder(tmp_path, 'htp = "127.0.0.1:1"\n'))


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"wispgate\.toml cannot be read"):
        configuration.load(a_folder(tmp_path, "http ="))


def test_a_wrong_secret_is_not_repeated(tmp_path: Path) -> None:
    environment = a_folder(tmp_path) | {"WISPGATE_DATABASE": "mysql://u:verysecret@h/n"}

    with pytest.raises(Misconfigured) as raised:
        configuration.load(environment)

    assert "verysecret" not in raised.value.message
    assert "(hidden)" in raised.value.message


def test_secrets_are_not_shown_by_repr(tmp_path: Path) -> None:
    environment = a_folder(tmp_path) | {"WISPGATE_DATABASE": "postgresql://u:verysecret@h/n"}

    assert "verysecret" not in repr(configuration.load(environment))


def test_children_read_the_same_settings_from_the_environment(tmp_path: Path) -> None:
    given = a_folder(tmp_path, 'allowed_hosts = ["a.example", "b.example"]\nhttp_workers = 3\n')
    settings = configuration.load(given, options={"sandbox": True, "http": "[::1]:80"})

    assert configuration.load(settings.environment()) == settings


def test_a_sandbox_is_remembered_without_the_option(tmp_path: Path) -> None:
    environment = a_folder(tmp_path, made_with=Installation(partitions=4, is_sandbox=True))

    settings = configuration.load(environment)

    assert settings.sandbox
    assert settings.partitions == 4


def test_an_ordinary_folder_never_becomes_a_sandbox(tmp_path: Path) -> None:
    environment = a_folder(tmp_path, made_with=Installation(partitions=1, is_sandbox=False))

    with pytest.raises(Misconfigured, match="was made with sandbox = false"):
        configuration.load(environment, options={"sandbox": True})


def test_the_number_of_partitions_cannot_change(tmp_path: Path) -> None:
    environment = a_folder(
        tmp_path, "partitions = 2\n", made_with=Installation(partitions=1, is_sandbox=False)
    )

    with pytest.raises(Misconfigured, match="was made with partitions = 1"):
        configuration.load(environment)


def test_every_setting_is_documented() -> None:
    keys = configuration.documented_keys()

    assert set(keys) == set(configuration.Settings.__dataclass_fields__) - {"data"}
    assert all(key.about.endswith(".") and "|" not in key.about for key in keys.values())
