"""Builds answers: what must come back of a request, and what went wrong (RFC 6733 section 6.2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wispgate.wire.diameter.commands import AVP_PROXY_INFO, AVP_SESSION_ID, VENDOR_3GPP
from wispgate.wire.diameter.copies import proxy_infos_of, session_of
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.message import AvpItem, Message, encode_message
from wispgate.wire.diameter.results import is_protocol_error


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a request: a base code, or that of a vendor in Experimental-Result.

    `failed_avp` is the octets of the AVP at fault; `error_message` is for the log of the other
    side, never for people.
    """

    code: int
    vendor_id: int = 0
    failed_avp: bytes = b""
    error_message: str = ""

    @property
    def is_protocol_error(self) -> bool:
        """Only such answers have the E bit; a vendor's codes are never of that kind."""
        return self.vendor_id == 0 and is_protocol_error(self.code)


@dataclass(frozen=True, slots=True)
class Origin:
    """The local identity that answers."""

    host: str
    realm: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A request whose AVPs do not hold together: its header, and the octets to look for the rest."""

    header: Header
    raw: bytes


# What can be answered. Of a bare header, behind which nothing is believed, nothing comes back.
Answerable = Message | Unreadable | Header


def experimental(code: int, vendor_id: int = VENDOR_3GPP) -> Result:
    """A result of a vendor's application, 3GPP's unless said otherwise."""
    return Result(code, vendor_id)


def answer_to(
    request: Answerable,
    result: Result | int,
    origin: Origin,
    avps: Iterable[AvpItem] = (),
) -> bytes:
    """The answer's octets: Session-Id first, the result, who answers, `avps`, Proxy-Info last.

    Of a request whose AVPs cannot be read comes back what is whole.
    """
    if isinstance(result, int):
        result = Result(result)
    header = request if isinstance(request, Header) else request.header
    session, proxies = _copied(request)
    return encode_message(
        header.answer_header(is_error=result.is_protocol_error),
        [*session, *result_avps(result), *_origin_avps(origin), *avps, *proxies],
    )


def result_avps(result: Result) -> list[AvpItem]:
    """Result-Code or Experimental-Result, with Failed-AVP and Error-Message where there are any."""
    avps: list[AvpItem] = []
    if result.vendor_id:
        avps.append(
            (
                "Experimental-Result",
                [("Vendor-Id", result.vendor_id), ("Experimental-Result-Code", result.code)],
            )
        )
    else:
        avps.append(("Result-Code", result.code))
    if result.failed_avp:
        avps.append(("Failed-AVP", [result.failed_avp]))
    if result.error_message:
        avps.append(("Error-Message", result.error_message))
    return avps


def _copied(request: Answerable) -> tuple[Sequence[AvpItem], Sequence[AvpItem]]:
    if isinstance(request, Message):
        return request.list_avps(AVP_SESSION_ID)[:1], request.list_avps(AVP_PROXY_INFO)
    if isinstance(request, Unreadable):
        return [session_of(request.raw)], [proxy_infos_of(request.raw)]
    return (), ()


def _origin_avps(origin: Origin) -> list[AvpItem]:
    return [("Origin-Host", origin.host), ("Origin-Realm", origin.realm)]
