"""The demo's phones: a simulated core beside the node, speaking Diameter and nothing else.

They come and go, use data now and then, and obey what the network tells them.
"""

import asyncio
from datetime import timedelta
from random import Random
from typing import Final

import structlog

from wispgate.kernel.plmn import Plmn
from wispgate.main.demo import cards, removal, story
from wispgate.main.demo.names import FOLDER, MME, REALM, SMF
from wispgate.main.settings import Settings
from wispgate.simulator.clocks import LiveTime
from wispgate.simulator.dialects import dialect_named
from wispgate.simulator.diameter import NotConnected
from wispgate.simulator.epc import EpcSettings, SimulatedEpc
from wispgate.simulator.ue import UE

_log = structlog.get_logger("demo")

# All phones are on within this time.
_SWITCH_ON: Final = timedelta(seconds=20)
_TURN: Final = timedelta(seconds=5)
_RETRY_SECONDS: Final = 3.0
# What phones want, in bit/s: chat, music, video, a download.
_APPETITES: Final = (64_000, 320_000, 2_500_000, 8_000_000, 20_000_000)


def run(settings: Settings) -> None:
    """Runs until terminated, or until the demo is removed."""
    asyncio.run(_keep_living(settings))
    _log.info("the demo is removed: the phones are off")


async def _keep_living(settings: Settings) -> None:
    random = Random()  # noqa: S311 (moods, no secrets)
    while removal.is_wanted(settings):
        try:
            await _live(settings, random)
        except NotConnected as error:
            _log.info("the phones wait for the node", cause=error.message)
            await asyncio.sleep(_RETRY_SECONDS)


async def _live(settings: Settings, random: Random) -> None:
    async with SimulatedEpc(_epc_settings(settings), time=LiveTime(), random=random) as epc:
        stock = cards.load_cards(settings.folder.path / FOLDER)[: story.PHONES]
        phones = [_add(epc, card) for card in stock]
        epc.switch_on(*phones, within=_SWITCH_ON)
        _log.info("phones switched on", phones=len(phones))
        while epc.is_connected and removal.is_wanted(settings):
            for phone in phones:
                _change_mood(phone, random)
            await epc.run(_TURN)
    if removal.is_wanted(settings):
        raise NotConnected("the connection was lost")


def _epc_settings(settings: Settings) -> EpcSettings:
    return EpcSettings(
        address=settings.diameter.reachable_host,
        port=settings.diameter.port,
        realm=REALM,
        mme_host=MME,
        smf_host=SMF,
        plmn=Plmn.parse(cards.PLMN),
        destination_realm=settings.origin_realm,
        dialect=dialect_named("open5gs"),
        # The phones begin anew, whatever was open before.
        origin_state_id=int(LiveTime().now().timestamp()),
    )


def _add(epc: SimulatedEpc, card: cards.DemoCard) -> UE:
    return epc.add_ue(card.imsi, bytes.fromhex(card.ki), bytes.fromhex(card.opc))


def _change_mood(phone: UE, random: Random) -> None:
    """Now and then somebody begins to use a phone, or stops."""
    if not phone.is_attached:
        return
    mood = random.random()
    if mood < 0.15:
        phone.stop_traffic()
    elif mood < 0.35:
        phone.stop_traffic()
        phone.traffic(random.choice(_APPETITES) // 8)
