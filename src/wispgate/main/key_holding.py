"""Who holds the vault's private keys, as the setting `vault` says: we, a key agent, or a plug-in."""

import asyncio
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.kernel.errors import Misconfigured
from wispgate.main import secret_files
from wispgate.main.secret_files import KeyDelivery
from wispgate.main.settings import Settings
from wispgate.network.hss.key_holders import AgentKeys, HeldKeys, KeyHolder

_HANDED_OVER: Final = "handed_over"
_AGENT: Final = "unix:"


def is_handed_over(settings: Settings) -> bool:
    """Whether our own processes hold the keys, so that the supervisor has to give them."""
    return settings.vault == _HANDED_OVER


def find_agent(settings: Settings) -> AgentKeys | None:
    if not settings.vault.startswith(_AGENT):
        return None
    return AgentKeys(Path(settings.vault.removeprefix(_AGENT)))


def open_holder(settings: Settings) -> KeyHolder:
    """For the authentication function alone. Raises Misconfigured."""
    if is_handed_over(settings):
        return held(secret_files.receive_opening_keys())
    return find_agent(settings) or _plug_in(settings.vault)


def held(delivery: KeyDelivery) -> HeldKeys:
    """Keys in this process, asked for anew where somebody can be asked."""

    async def ask_again() -> Sequence[OpeningKey]:
        return await asyncio.to_thread(delivery.ask_again)

    return HeldKeys(delivery.keys, ask_again=ask_again if delivery.supervisor else None)


def _plug_in(name: str) -> KeyHolder:
    """What `module:factory` makes, called without arguments; it reads its own settings."""
    module, _, factory = name.partition(":")
    try:
        holder: KeyHolder = getattr(importlib.import_module(module), factory)()
    except (ImportError, AttributeError) as error:
        raise Misconfigured(f"vault = {name}: {error}", option="vault") from None
    return holder
