"""The process that seals SIM secrets anew: `python -m wispgate.main.resealing`.

It is of the authentication function: it gets the vault's private keys from an inherited descriptor
or asks who holds them, knows no database, and gives sealed octets only. Two ways:

    resealing ARCHIVE NEW_ARCHIVE KEY    a tenant's archive, for another installation
    resealing --lines KEY                questions on standard input, one answer a line
"""

import asyncio
import json
import sys
from base64 import b64decode, b64encode
from pathlib import Path

from wispgate.business.tenants.archive import seal_anew
from wispgate.domain.authentication.sealing import SealingKey, seal
from wispgate.kernel.errors import WispgateError
from wispgate.main import key_holding, secret_files
from wispgate.main import settings as configuration
from wispgate.network.hss.key_holders import KeyHolder
from wispgate.network.hss.resealing import Resealer


def main(arguments: list[str]) -> int:
    try:
        if arguments[0] == "--lines":
            asyncio.run(_answer_lines(SealingKey.from_text(arguments[1])))
        else:
            _seal_archive(*arguments)
    except (WispgateError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _seal_archive(source: str, target: str, recipient: str) -> None:
    keys = secret_files.receive_opening_keys().keys
    reseal = Resealer(keys, SealingKey.from_text(recipient))
    with Path(source).open("rb") as given, Path(target).open("r+b") as made:
        manifest, count = seal_anew(given, made, reseal)
    sys.stdout.write(f"{count} secrets of {manifest.slug} sealed anew in {target}\n")


async def _answer_lines(key: SealingKey) -> None:
    """Each line is a list of [sealed, bound to]; its answer one of [sealed anew, what is wrong]."""
    holder = key_holding.open_holder(configuration.load())
    try:
        for line in sys.stdin:
            answers = [
                await _reseal(holder, key, b64decode(sealed), bound_to)
                for sealed, bound_to in json.loads(line)
            ]
            sys.stdout.write(json.dumps(answers) + "\n")
            sys.stdout.flush()
    finally:
        await holder.close()


async def _reseal(
    holder: KeyHolder, key: SealingKey, sealed: bytes, bound_to: str
) -> tuple[str, str]:
    """A seal that is broken is told; a holder that is away ends the run."""
    try:
        plaintext = await holder.open(sealed, bound_to=bound_to)
    except ValueError as error:
        return "", str(error)
    return b64encode(seal(key, plaintext, bound_to=bound_to)).decode(), ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
