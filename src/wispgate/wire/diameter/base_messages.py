"""The messages that a peer sends by itself: CER, DWR, DPR, their answers, and refusals."""

from datetime import datetime
from functools import lru_cache
from typing import Final

from wispgate.wire.diameter.answers import Answerable, Origin, Result, answer_to
from wispgate.wire.diameter.capabilities import LocalNode, capabilities_avps
from wispgate.wire.diameter.commands import (
    APPLICATION_BASE,
    COMMAND_CAPABILITIES_EXCHANGE,
    COMMAND_DEVICE_WATCHDOG,
    COMMAND_DISCONNECT_PEER,
)
from wispgate.wire.diameter.header import request_header
from wispgate.wire.diameter.hot.watchdog import HotDwr, WatchdogAnswers
from wispgate.wire.diameter.message import AvpItem, encode_message
from wispgate.wire.diameter.results import ResultCode

_LOW_20_BITS: Final = 0xFFFFF
_LOW_12_BITS: Final = 0xFFF
_ALL_32_BITS: Final = 0xFFFFFFFF


class BaseMessages:
    """Speaks for one local node on one connection, and numbers what it sends.

    `seed` is a random number of 32 bits: identifiers begin there.
    """

    def __init__(self, node: LocalNode, *, seed: int) -> None:
        self.node = node
        self._count = seed

    def next_hop_by_hop(self) -> int:
        """A number that no other request of this connection has while it is pending."""
        self._count = self._count + 1 & _ALL_32_BITS
        return self._count

    def next_end_to_end(self, now: datetime) -> int:
        """The low twelve bits of the time, then a count from a random start (section 3)."""
        return (int(now.timestamp()) & _LOW_12_BITS) << 20 | self._count & _LOW_20_BITS

    def capabilities_request(self, now: datetime) -> bytes:
        avps = capabilities_avps(self.node)
        return self._request(COMMAND_CAPABILITIES_EXCHANGE, avps, now)

    def capabilities_answer(self, request: Answerable, result: Result) -> bytes:
        return self._answer(request, result, capabilities_avps(self.node))

    def watchdog_request(self, now: datetime) -> bytes:
        return self._request(COMMAND_DEVICE_WATCHDOG, self._origin_state(), now)

    def watchdog_answer(self, request: Answerable, result: Result) -> bytes:
        return self._answer(request, result, self._origin_state())

    def usual_watchdog_answer(self, request: HotDwr) -> bytes:
        """As `watchdog_answer` with success, octet for octet, to what the hot codec read."""
        node = self.node
        answers = _watchdog_answers(node.origin_host, node.origin_realm, node.origin_state_id)
        return answers.encode(request, ResultCode.SUCCESS)

    def disconnect_request(self, cause: int, now: datetime) -> bytes:
        return self._request(COMMAND_DISCONNECT_PEER, [("Disconnect-Cause", cause)], now)

    def error_answer(self, request: Answerable, result: Result) -> bytes:
        """An answer that says no more than who could not do it, and why."""
        return self._answer(request, result, [])

    def _request(self, command_code: int, avps: list[AvpItem], now: datetime) -> bytes:
        header = request_header(
            command_code,
            APPLICATION_BASE,
            hop_by_hop=self.next_hop_by_hop(),
            end_to_end=self.next_end_to_end(now),
            is_proxiable=False,
        )
        node = self.node
        origin: list[AvpItem] = [
            ("Origin-Host", node.origin_host),
            ("Origin-Realm", node.origin_realm),
        ]
        return encode_message(header, origin + avps)

    def _answer(self, request: Answerable, result: Result, avps: list[AvpItem]) -> bytes:
        origin = Origin(self.node.origin_host, self.node.origin_realm)
        return answer_to(request, result, origin, avps)

    def _origin_state(self) -> list[AvpItem]:
        state = self.node.origin_state_id
        return [] if state is None else [("Origin-State-Id", state)]


@lru_cache(maxsize=64)
def _watchdog_answers(host: str, realm: str, origin_state_id: int | None) -> WatchdogAnswers:
    return WatchdogAnswers(Origin(host, realm), origin_state_id)
