"""Where a message belongs: loops, and requests that are for somebody else (RFC 6733 section 6).

We are a server and the origin of requests; nothing is relayed through us (docs/why/diameter.md).
"""

from struct import Struct
from typing import Final

from wispgate.wire.diameter.commands import AVP_ROUTE_RECORD
from wispgate.wire.diameter.results import ResultCode

_CODE = Struct(">I")
_ROUTE_RECORD: Final = _CODE.pack(AVP_ROUTE_RECORD)
_AVP_HEADER: Final = 8


def has_route_record(message: bytes, identity: bytes) -> bool:
    """Whether the message passed a node of this name (lower case) before: a loop (section 6.1.3).

    Works on octets, since it is asked of every request: a match inside another AVP needs that very
    AVP header there, and then the sender wrote it.
    """
    position = message.find(_ROUTE_RECORD)
    while position >= 0:
        if position & 3 == 0 and _names(message, position, identity):
            return True
        position = message.find(_ROUTE_RECORD, position + 1)
    return False


def _names(message: bytes, position: int, identity: bytes) -> bool:
    length = int.from_bytes(message[position + 5 : position + 8], "big")
    if length != _AVP_HEADER + len(identity):
        return False
    return message[position + _AVP_HEADER : position + length].lower() == identity


def decide_misdirection(
    host: str | None, realm: str | None, *, our_host: str, our_realm: str
) -> ResultCode | None:
    """What to answer to a request that is not for us; None if it is (sections 6.1.4 to 6.1.6).

    `our_host` and `our_realm` are in lower case. Who names us as the host means us, whatever the
    realm; another realm is one that nobody here serves; another host of our realm cannot be reached.
    """
    if host is not None and host.lower() == our_host:
        return None
    if realm is not None and realm.lower() != our_realm:
        return ResultCode.REALM_NOT_SERVED
    return None if host is None else ResultCode.UNABLE_TO_DELIVER
