"""Tries our own listeners as a peer would: a TCP connection, and nothing said over it."""

import socket
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from wispgate.domain.diagnosis.evidence import Listener

_PATIENCE_SECONDS: Final = 2.0
# What a listener at all addresses is reached by from its own machine.
_SAME_MACHINE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 (compared)


def probe(listeners: Sequence[Listener]) -> tuple[Listener, ...]:
    """The listeners with what is wrong with reaching them. SCTP ones are taken as they are."""
    return tuple(
        each if each.transport == "sctp" or each.fault else replace(each, fault=_fault(each))
        for each in listeners
    )


def _fault(listener: Listener) -> str:
    host, _, port = listener.address.rpartition(":")
    host = host.strip("[]")
    try:
        socket.create_connection(
            (_SAME_MACHINE.get(host, host), int(port)), timeout=_PATIENCE_SECONDS
        ).close()
    except OSError as error:
        return (error.strerror or str(error) or "it does not answer").lower()
    return ""
