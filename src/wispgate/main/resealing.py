"""The process that seals an archive's SIM secrets anew: `python -m wispgate.main.resealing`.

It is of the authentication function: it gets the vault's private key from an inherited
descriptor, knows no database, and writes sealed octets only. Arguments: the archive, the new
archive, the recipient's public key.
"""

import sys
from pathlib import Path

from wispgate.business.tenants.archive import seal_anew
from wispgate.domain.authentication.sealing import SealingKey
from wispgate.kernel.errors import WispgateError
from wispgate.main import secret_files
from wispgate.network.hss.resealing import Resealer


def main(arguments: list[str]) -> int:
    source, target, recipient = arguments
    try:
        reseal = Resealer([secret_files.receive_opening_key()], SealingKey.from_text(recipient))
        with Path(source).open("rb") as given, Path(target).open("r+b") as made:
            manifest, count = seal_anew(given, made, reseal)
    except (WispgateError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{count} secrets of {manifest.slug} sealed anew in {target}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
