"""Whether the addresses that the processes want are free, said before any of them is started."""

import errno
import socket
from collections.abc import Iterator

from wispgate.kernel.errors import Misconfigured
from wispgate.main.rules import Address
from wispgate.main.settings import Settings, variable

# The setting of each address; on the command line it is an option of the same name.
LISTENING = ("http", "diameter", "metrics")

_REASONS = {
    errno.EADDRINUSE: "another program listens there",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "ports below 1024 are for root",
}


def require_free(settings: Settings) -> None:
    """Raises Misconfigured, naming the option, for the first address that cannot be used."""
    taken: dict[Address, str] = {}
    for key, address in _listening(settings):
        if address in taken:
            raise Misconfigured(
                f"--{key} {address} is the address of --{taken[address]} too: choose another",
                option=f"--{key}",
            )
        taken[address] = key
        if problem := find_problem(address):
            raise Misconfigured(
                f"--{key} {address} cannot be used, {problem}: stop that program or choose "
                f"another address with --{key} (or {variable(key.replace('-', '_'))})",
                option=f"--{key}",
            )


def _listening(settings: Settings) -> Iterator[tuple[str, Address]]:
    """The option of each address that the processes will listen at."""
    for key in LISTENING:
        yield key, getattr(settings, key)
    for address in settings.metrics_of_processes[1:]:
        yield "metrics", address
    if settings.tls_certificate:
        yield "diameter-tls", settings.diameter_tls


def find_problem(address: Address) -> str | None:
    """Why nothing can listen there, in words; None if it is free."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((address.host, address.port))
            trial.listen(1)
    except OSError as error:
        return _REASONS.get(error.errno or 0, error.strerror or str(error))
    return None
