"""Who opens seals: keys in memory, and an agent at a real socket."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from wispgate.domain.authentication.errors import OpeningKeyMissing, SealBroken
from wispgate.domain.authentication.sealing import OpeningKey, seal
from wispgate.kernel.errors import InvalidValue, Misconfigured, Unavailable
from wispgate.network.hss import key_holders
from wispgate.network.hss.key_agent import KeyAgent, KeyFile, serve
from wispgate.network.hss.key_holders import AgentKeys, HeldKeys

OLD, NEW = OpeningKey(b"\x01" * 32), OpeningKey(b"\x02" * 32)
SECRET = b"a secret of the card"


def sealed(key: OpeningKey = OLD) -> bytes:
    return seal(key.sealing_key, SECRET, bound_to="card")


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    path = tmp_path / "keys"
    path.write_text(OLD.to_text() + "\n")
    path.chmod(0o600)
    return KeyFile(path)


@pytest.fixture
async def agent(tmp_path: Path, file: KeyFile) -> AsyncIterator[AgentKeys]:
    server = await serve(KeyAgent(file), tmp_path / "agent.sock")
    keys = AgentKeys(tmp_path / "agent.sock")
    yield keys
    await keys.close()
    server.close()


async def test_held_keys_open_what_is_sealed_for_them() -> None:
    keys = HeldKeys([OLD])

    assert await keys.open(sealed(), bound_to="card") == SECRET
    assert await keys.list_keys() == [OLD.sealing_key]
    with pytest.raises(OpeningKeyMissing):
        await keys.open(sealed(NEW), bound_to="card")


async def test_a_seal_of_an_unknown_key_makes_held_keys_ask_again_but_not_each_time() -> None:
    asked = []

    async def ask_again() -> list[OpeningKey]:
        asked.append(1)
        return [OLD, NEW]

    keys = HeldKeys([OLD], ask_again=ask_again)

    assert await keys.open(sealed(NEW), bound_to="card") == SECRET
    unknown = OpeningKey(b"\x03" * 32)
    for _ in range(3):
        with pytest.raises(OpeningKeyMissing):
            await keys.open(sealed(unknown), bound_to="card")
    assert asked == [1]


async def test_closed_keys_open_nothing_and_show_nothing() -> None:
    keys = HeldKeys([OLD])
    shown = repr(keys)

    await keys.close()

    assert shown == "HeldKeys(1)"
    with pytest.raises(OpeningKeyMissing):
        await keys.open(sealed(), bound_to="card")


async def test_an_agent_opens_what_is_sealed_for_it(agent: AgentKeys) -> None:
    answers = [agent.open(sealed(), bound_to="card") for _ in range(20)]

    assert await asyncio.gather(*answers) == [SECRET] * 20
    assert await agent.list_keys() == [OLD.sealing_key]


async def test_an_agent_tells_what_is_wrong_as_held_keys_would(agent: AgentKeys) -> None:
    with pytest.raises(SealBroken, match="thief"):
        await agent.open(sealed(), bound_to="thief")
    with pytest.raises(OpeningKeyMissing):
        await agent.open(sealed(NEW), bound_to="card")
    with pytest.raises(InvalidValue, match="no question"):
        await agent._ask({"do": "tell me everything"})


async def test_an_agent_makes_and_destroys_keys_and_keeps_its_file(
    agent: AgentKeys, file: KeyFile
) -> None:
    made = await agent.make_key()
    both = [key.sealing_key for key in file.read()]
    await agent.forget_key(OLD.sealing_key)

    assert both == [OLD.sealing_key, made]
    assert [key.sealing_key for key in file.read()] == [made]
    with pytest.raises(OpeningKeyMissing):
        await agent.open(sealed(), bound_to="card")
    fresh = seal(made, SECRET, bound_to="card")
    assert await agent.open(fresh, bound_to="card") == SECRET


async def test_an_agent_that_was_started_again_is_found_by_the_next_question(
    tmp_path: Path, file: KeyFile
) -> None:
    path = tmp_path / "agent.sock"
    server = await serve(KeyAgent(file), path)
    keys = AgentKeys(path)
    await keys.list_keys()
    server.close()
    assert keys._streams is not None
    keys._streams[1].transport.abort()

    again = await serve(KeyAgent(file), path)

    assert await keys.open(sealed(), bound_to="card") == SECRET
    await keys.close()
    again.close()


async def test_without_an_agent_the_keys_are_unavailable(tmp_path: Path) -> None:
    keys = AgentKeys(tmp_path / "nobody.sock")

    with pytest.raises(Unavailable, match="does not answer"):
        await keys.list_keys()


async def test_an_agent_that_says_nothing_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_holders, "_ANSWER_SECONDS", 0.05)
    silent = socket.socket(socket.AF_UNIX)
    silent.bind(str(tmp_path / "silent.sock"))
    silent.listen()
    keys = AgentKeys(tmp_path / "silent.sock")

    with pytest.raises(Unavailable, match="does not answer"):
        await keys.open(sealed(), bound_to="card")
    silent.close()


@pytest.mark.parametrize(
    "line", [b"nonsense\n", b"[]\n", b"{}\n", b'{"do": "open", "sealed": "AA=", "bound_to": "x"}\n']
)
def test_nonsense_is_answered_and_quoted_nowhere(file: KeyFile, line: bytes) -> None:
    answer = KeyAgent(file).answer(line)

    assert answer["error"] in ("invalid_value", "seal_broken")
    assert "AA=" not in str(answer)


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path, file: KeyFile) -> None:
    (tmp_path / "keys").chmod(0o640)

    with pytest.raises(Misconfigured, match="chmod go="):
        file.read()


def test_a_new_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "fresh")

    made = file.make()

    assert file.read() == (made,)
    assert (tmp_path / "fresh").stat().st_mode & 0o777 == 0o600


def test_a_key_file_with_something_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("not a key")
    path.chmod(0o600)

    with pytest.raises(Misconfigured, match="keys: an opening key is base64"):
        KeyFile(path).read()
