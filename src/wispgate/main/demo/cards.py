"""The demo's own cards. Its phones need the keys that the installation only keeps sealed."""

import csv
import io
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from wispgate.kernel.identifiers import luhn_check_digit
from wispgate.main.installation import write_whole

PLMN: Final = "999-70"
_IMSI_START: Final = 999_700_000_000_001
_ICCID_START: Final = 8_999_970_000_000_000_01


@dataclass(frozen=True, slots=True)
class DemoCard:
    """One card: what its phone carries."""

    iccid: str
    imsi: str
    ki: str = field(repr=False)
    opc: str = field(repr=False)


def ensure_cards(folder: Path, *, count: int) -> list[DemoCard]:
    """The cards in `folder`, made at first and never changed after."""
    path = folder / "cards.json"
    if not path.exists():
        folder.mkdir(mode=0o700, exist_ok=True)
        write_whole(path, json.dumps([asdict(_make(number)) for number in range(count)]))
        os.chmod(path, 0o600)
    return load_cards(folder)


def load_cards(folder: Path) -> list[DemoCard]:
    """The cards that were made before."""
    return [DemoCard(**card) for card in json.loads((folder / "cards.json").read_text())]


def as_csv(cards: list[DemoCard]) -> bytes:
    """The file that a card vendor would send."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["iccid", "imsi", "ki", "opc"])
    writer.writerows([card.iccid, card.imsi, card.ki, card.opc] for card in cards)
    return text.getvalue().encode()


def _make(number: int) -> DemoCard:
    base = str(_ICCID_START + number)
    return DemoCard(
        iccid=base + luhn_check_digit(base),
        imsi=str(_IMSI_START + number),
        ki=secrets.token_hex(16),
        opc=secrets.token_hex(16),
    )
