"""The S6a/S6d application: hands the requests of serving nodes to whoever answers them.

TS 29.272 sections 5.2 and 5.3. A fault of ours is never answered "unknown": that would silence
the phone until power cycle.
"""

from collections.abc import Awaitable
from typing import Final

from wispgate.kernel.clock import Clock
from wispgate.network.hss.answers import s6a_answer
from wispgate.network.hss.authentication import Authentication
from wispgate.network.hss.authentication_centre import AuthenticationCentre
from wispgate.network.hss.location_updates import LocationUpdates
from wispgate.network.hss.locations import Locations
from wispgate.network.hss.refusals import Refusals
from wispgate.network.hss.reports import Reports
from wispgate.network.hss.requests import location_request_of, vector_request_of
from wispgate.network.hss.usual import read_air, read_ulr
from wispgate.network.transport.applications import Answer, Request
from wispgate.store.access_log import AccessLog
from wispgate.store.directory import Directory
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.answers import Result
from wispgate.wire.diameter.hot.s6a import HotAir, HotUlr, decode_air, decode_ulr
from wispgate.wire.diameter.results import ResultCode

_COMMAND_UNSUPPORTED: Final = Result(ResultCode.COMMAND_UNSUPPORTED)


class S6a:
    """The S6a application of the node."""

    application_id = commands.APPLICATION_S6A
    vendor_id = commands.VENDOR_3GPP

    def __init__(
        self,
        directory: Directory,
        centre: AuthenticationCentre,
        locations: Locations,
        reports: Reports,
        access_log: AccessLog,
        *,
        clock: Clock,
    ) -> None:
        refusals = Refusals(access_log, clock=clock)
        self._authentication = Authentication(directory, centre, refusals)
        self._location_updates = LocationUpdates(directory, locations, reports, refusals)
        self._reports = reports

    def decode(self, raw: bytes) -> HotAir | HotUlr | None:
        """An AIR or ULR by the hot codec, unless it is unusual."""
        command = int.from_bytes(raw[5:8], "big")
        if command == commands.COMMAND_AUTHENTICATION_INFORMATION:
            return decode_air(raw)
        return decode_ulr(raw) if command == commands.COMMAND_UPDATE_LOCATION else None

    def handle(self, request: Request) -> Answer:
        """AIR, ULR, PUR and NOR; other commands are answered 3001."""
        hot = request.hot
        if isinstance(hot, HotAir):
            wanted = read_air(hot, request.peer) or vector_request_of(request)
            return self._authentication.begin(request, wanted) or (
                self._authentication.answer(request, wanted)
            )
        if isinstance(hot, HotUlr):
            asked = read_ulr(hot) or location_request_of(request.message)
            return self._location_updates.begin(request, asked) or (
                self._location_updates.answer(request, asked)
            )
        return self._handle_generic(request)

    def _handle_generic(self, request: Request) -> bytes | Awaitable[bytes]:
        match request.message.header.command_code:
            case commands.COMMAND_AUTHENTICATION_INFORMATION:
                return self._authentication.answer(request, vector_request_of(request))
            case commands.COMMAND_UPDATE_LOCATION:
                return self._location_updates.answer(request, location_request_of(request.message))
            case commands.COMMAND_PURGE_UE:
                return self._reports.purge(request)
            case commands.COMMAND_NOTIFY:
                return self._reports.notify(request)
            case _:
                return s6a_answer(request, _COMMAND_UNSUPPORTED)
