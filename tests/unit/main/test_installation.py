import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.toys import environment
from wispgate.kernel.errors import Misconfigured
from wispgate.main.installation import AlreadyRunning, DataFolder, Installation, write_whole

HOLDER = """
import pathlib, sys, time
from wispgate.main.installation import DataFolder
with DataFolder(pathlib.Path(sys.argv[1])).locked():
    print("locked", flush=True)
    time.sleep(600)
"""


def a_folder(path: Path) -> DataFolder:
    folder = DataFolder(path / "data")
    folder.make()
    return folder


def test_what_a_folder_was_made_with_is_found_again(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)

    folder.remember_installation(Installation(partitions=3, is_sandbox=True))

    assert folder.find_installation() == Installation(partitions=3, is_sandbox=True)


def test_a_new_folder_has_no_installation(tmp_path: Path) -> None:
    assert a_folder(tmp_path).find_installation() is None


@pytest.mark.parametrize("text", ["{", "[]", '{"partitions": 1}', '{"other": 1}'])
def test_a_damaged_installation_file_is_no_new_folder(tmp_path: Path, text: str) -> None:
    folder = a_folder(tmp_path)
    folder.installation_file.write_text(text)

    with pytest.raises(Misconfigured, match="damaged"):
        folder.find_installation()


def test_a_folder_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    folder.remember_installation(Installation(partitions=1, is_sandbox=False, format=99))

    with pytest.raises(Misconfigured, match="newer WISPGate"):
        folder.find_installation()


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")

    with pytest.raises(Misconfigured, match="cannot be made"):
        a_folder(tmp_path)


def test_a_second_holder_is_told_who_is_the_first(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder.path)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()

        with pytest.raises(AlreadyRunning, match=f"process {holder.pid}"), folder.locked():
            pass

        assert folder.is_locked()
        holder.kill()


def test_a_lock_ends_with_its_killed_holder(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder.path)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.kill()
        holder.wait()

    assert not folder.is_locked()
    with folder.locked():
        assert folder.is_locked()


def test_asking_for_the_lock_of_a_new_folder_changes_nothing(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "none")

    assert not folder.is_locked()
    assert not folder.path.exists()


def test_files_are_replaced_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, "old")

    write_whole(path, "new")

    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
