"""PIN and PUK for people who may see them: the web asks through the database, and gets a sealed
answer.

The authentication function opens a card's codes, keeps ADM to itself, and seals PINs and PUKs for
the key that the question brought. Nothing is in clear but in the two processes.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from wispgate.domain.authentication.sealing import SealingKey, seal
from wispgate.kernel.clock import Clock
from wispgate.kernel.errors import Unavailable
from wispgate.network.hss.key_holders import KeyHolder
from wispgate.store.hot import HotStore

_SHOWN: Final = ("pin1", "puk1", "pin2", "puk2")
# Whoever asked looks again within seconds.
_KEPT: Final = timedelta(minutes=5)


async def answer_requests(store: HotStore, keys: KeyHolder, *, clock: Clock) -> None:
    """Answers what was asked since the last time. Raises DatabaseLost or RowHeld."""
    for row in await store.public.fetch("list_puk_requests", {}):
        answer, failure = await _answer(keys, row)
        values = {"id": row["id"], "answer": answer, "failure": failure}
        await store.public.fetch("answer_puk_request", values)
    await store.public.fetch("forget_puk_requests", {"before": clock.now() - _KEPT})


async def _answer(keys: KeyHolder, row: Mapping[str, Any]) -> tuple[bytes | None, str]:
    try:
        plaintext = await keys.open(bytes(row["sealed_codes"]), bound_to=row["iccid"])
        codes = json.loads(plaintext)
    except Unavailable:
        return None, "the keys cannot be reached"
    except ValueError:
        return None, "the card's codes do not open"
    shown = {name: codes[name] for name in _SHOWN if name in codes}
    recipient = SealingKey(bytes(row["recipient"]))
    return seal(recipient, json.dumps(shown).encode(), bound_to=f"puk:{row['id']}"), ""
