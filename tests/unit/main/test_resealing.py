"""The process that seals an archive anew: it alone gets the vault's key, and shows nothing of it."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wispgate.business.tenants import archive
from wispgate.business.tenants.archive import Manifest
from wispgate.domain.authentication.sealing import OpeningKey, keyring, open_sealed, seal
from wispgate.main import secret_files
from wispgate.network.hss.resealing import Resealer

HERE, THERE = OpeningKey(b"\x01" * 32), OpeningKey(b"\x02" * 32)
ICCID, SECRET = "8949440000001155314", b"a secret of the card"
HEAD = Manifest(
    operator_id="1", slug="north", name="North", made_at="", made_with="0", partitions=1,
    migrations={}, left_out={},
)  # fmt: skip


def an_archive(path: Path, key: OpeningKey = HERE) -> None:
    sealed = seal(key.sealing_key, SECRET, bound_to=ICCID)
    row = {"iccid": ICCID, "sealed_key": "\\x" + sealed.hex(), "sealed_codes": None, "sqn": 2**40}
    with path.open("wb") as file, archive.writing(file) as writer:
        writer.add("public.inventory_sim", [json.dumps(row)])
        writer.add("public.crm_contact", ['{"name": "Ada", "balance": 1.10}'])
        writer.finish(HEAD)


def run(source: Path, target: Path, *, key: OpeningKey | None) -> subprocess.CompletedProcess[str]:
    target.touch()
    environment, descriptors = dict(os.environ), []
    if key is not None:
        descriptors = [secret_files.pipe_with(key.to_text())]
        environment[secret_files.VAULT_FD] = str(descriptors[0])
    command = [sys.executable, "-m", "wispgate.main.resealing", str(source), str(target)]
    try:
        return subprocess.run(
            [*command, THERE.sealing_key.to_text()], env=environment, pass_fds=descriptors,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def rows(content: bytes) -> dict[str, list[str]]:
    with archive.reading(io.BytesIO(content)) as reader:
        return {part.name: list(reader.lines(part)) for part in reader.manifest.tables}


def test_seals_are_of_the_recipient_and_everything_else_is_as_it_was(tmp_path: Path) -> None:
    source, target = tmp_path / "a.zip", tmp_path / "b.zip"
    an_archive(source)

    done = run(source, target, key=HERE)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"1 secrets of north sealed anew in {target}\n"
    before, after = rows(source.read_bytes()), rows(target.read_bytes())
    (card,) = (json.loads(line) for line in after["public.inventory_sim"])
    sealed = archive.octets_of(card.pop("sealed_key"))
    assert open_sealed(keyring([THERE]), sealed, bound_to=ICCID) == SECRET
    assert card == {"iccid": ICCID, "sealed_codes": None, "sqn": 2**40}
    assert after["public.crm_contact"] == before["public.crm_contact"]
    with archive.reading(io.BytesIO(target.read_bytes())) as reader:
        assert reader.manifest.sealed_with == (THERE.sealing_key.key_id.hex(),)


@pytest.mark.parametrize(
    ("key", "words"), [(None, "was not handed over"), (THERE, "no opening key")]
)
def test_without_the_key_nothing_is_sealed_anew(
    tmp_path: Path, key: OpeningKey | None, words: str
) -> None:
    source = tmp_path / "a.zip"
    an_archive(source)

    done = run(source, tmp_path / "b.zip", key=key)

    assert done.returncode == 1
    assert words in done.stderr
    assert SECRET.decode() not in done.stderr + done.stdout


def test_a_resealer_does_not_show_its_keys() -> None:
    shown = repr(Resealer([HERE], THERE.sealing_key))

    assert shown == "Resealer(1 keys)"
