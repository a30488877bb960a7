"""One request of a gateway with what was read of it; every step of its answer is told of it."""

from dataclasses import dataclass

import structlog

from wispgate.domain.policy.capabilities import CoreProfile
from wispgate.network.pcrf.answers import gx_answer
from wispgate.network.pcrf.requests import PolicyRequest
from wispgate.network.transport.applications import Request
from wispgate.wire.diameter.answers import Result
from wispgate.wire.diameter.message import AvpItem

_log = structlog.get_logger("gx")


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One request with what is read of it."""

    request: Request
    asked: PolicyRequest
    core: CoreProfile

    def answer(self, result: Result, *avps: AvpItem) -> bytes:
        return gx_answer(self.request, self.asked, result, avps)


def log_outcome(dialogue: Dialogue, outcome: str) -> None:
    asked = dialogue.asked
    _log.debug(
        "session",
        peer=dialogue.request.peer.identity,
        session=asked.session_id,
        imsi=asked.imsi,
        apn=asked.apn,
        outcome=outcome,
    )
