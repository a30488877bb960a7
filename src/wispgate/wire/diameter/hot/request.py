"""What every hot request has: who asks whom, in which session, and what the answer must repeat."""

from typing import Final

from wispgate.wire.diameter.commands import (
    AVP_DESTINATION_HOST,
    AVP_DESTINATION_REALM,
    AVP_ORIGIN_HOST,
    AVP_ORIGIN_REALM,
    AVP_PROXY_INFO,
    AVP_SESSION_ID,
    AVP_USER_NAME,
    LONGEST_SESSION_ID,
)
from wispgate.wire.diameter.header import FLAG_RETRANSMITTED, Header
from wispgate.wire.diameter.hot.frame import (
    BASE_END,
    FIRST_WORD,
    FOUR,
    SHAPE,
    TGPP_VENDOR,
    VENDOR_BIT,
    Frame,
    after_avp,
    has_zero_padding,
    plain_text,
    shared_text,
)
from wispgate.wire.diameter.hot.leftovers import check_command_leftovers, walk_group
from wispgate.wire.diameter.hot.unusual import Unusual

# With its eight octets of header.
_LONGEST_SESSION: Final = LONGEST_SESSION_ID + 8

# The AVPs of the base protocol have codes below this one, those of credit control beyond.
ROUTING_END: Final = 300
# A second one is left over, and never good.
READ_ONCE: Final = frozenset(
    {
        AVP_SESSION_ID,
        AVP_ORIGIN_HOST,
        AVP_ORIGIN_REALM,
        AVP_DESTINATION_HOST,
        AVP_DESTINATION_REALM,
        AVP_USER_NAME,
    }
)


class HotRequest:
    """Values as `Message` gives them; None where an AVP is absent.

    `session` and `proxy_infos` are whole AVPs as they came, for the answer. `extra` tells where
    the AVPs stand that were checked and not read, in words of four octets
    from the message's start.
    """

    __slots__ = (
        "application_id",
        "command_code",
        "destination_host",
        "destination_realm",
        "end_to_end",
        "extra",
        "flags",
        "hop_by_hop",
        "origin_host",
        "origin_realm",
        "proxy_infos",
        "raw",
        "session",
        "session_id",
        "user_name",
    )

    def __init__(self, frame: Frame) -> None:
        words = frame.words
        self.raw = frame.raw
        self.extra = frame.extra
        self.flags = words[1] >> 24
        self.command_code = words[1] & 0xFFFFFF
        self.application_id = words[2]
        self.hop_by_hop = words[3]
        self.end_to_end = words[4]
        self.session = b""
        self.session_id = ""
        self.origin_host: str | None = None
        self.origin_realm: str | None = None
        self.destination_host: str | None = None
        self.destination_realm: str | None = None
        self.user_name: str | None = None
        self.proxy_infos: list[bytes] = []

    @property
    def header(self) -> Header:
        """For the generic codec, which builds the answers that are rare."""
        return Header(
            self.flags, self.command_code, self.application_id, self.hop_by_hop, self.end_to_end
        )

    @property
    def is_retransmitted(self) -> bool:
        """The T bit: possibly a duplicate of an earlier request (RFC 6733 section 3)."""
        return self.flags & FLAG_RETRANSMITTED != 0

    def read(self, frame: Frame, read_once: frozenset[int]) -> None:
        """Reads all AVPs, and checks those that nobody takes."""
        words = frame.words
        end = len(words)
        leftover: list[int] = []
        position = FIRST_WORD
        while position < end:
            shape = words[position + 1] & SHAPE
            if shape < BASE_END:
                after = position + (shape + 3 >> 2)
                if after > end or shape < 8:
                    raise Unusual
                code = words[position]
                is_read = (
                    (shape == FOUR and self.take_short(code, words[position + 2]))
                    or (code < ROUTING_END and self.take_routing(frame, position, shape))
                    or self.take_long(frame, position, shape)
                )
            else:
                after = after_avp(position, shape, end)
                is_read = words[position + 2] == TGPP_VENDOR and self.take_of_3gpp(
                    frame, position, shape - VENDOR_BIT
                )
            if not is_read:
                leftover.append(position)
            position = after
        if leftover:
            check_command_leftovers(frame, leftover, read_once)

    def take_short(self, code: int, value: int) -> bool:
        """Reads an AVP of the base vendor with four octets, if it is one of this command's."""
        return False

    def take_long(self, frame: Frame, position: int, length: int) -> bool:
        """Reads any other AVP of the base vendor, if it is one of this command's."""
        return False

    def take_of_3gpp(self, frame: Frame, position: int, length: int) -> bool:
        """Reads an AVP of 3GPP's, if it is one of this command's."""
        return False

    def take_routing(self, frame: Frame, position: int, length: int) -> bool:
        """Reads an AVP that all requests may have."""
        code = frame.words[position]
        first = position << 2
        if code == AVP_ORIGIN_HOST and self.origin_host is None:
            self.origin_host = shared_text(frame.raw[first + 8 : first + length])
        elif code == AVP_ORIGIN_REALM and self.origin_realm is None:
            self.origin_realm = shared_text(frame.raw[first + 8 : first + length])
        elif code == AVP_DESTINATION_REALM and self.destination_realm is None:
            self.destination_realm = shared_text(frame.raw[first + 8 : first + length])
        elif code == AVP_DESTINATION_HOST and self.destination_host is None:
            self.destination_host = shared_text(frame.raw[first + 8 : first + length])
        elif code == AVP_SESSION_ID and not self.session:
            self._take_session(frame, first, length)
        elif code == AVP_USER_NAME and self.user_name is None:
            self.user_name = plain_text(frame.raw[first + 8 : first + length])
        elif code == AVP_PROXY_INFO:
            self.proxy_infos.append(_proxy_info(frame, first, length))
        else:
            return False
        return True

    def _take_session(self, frame: Frame, first: int, length: int) -> None:
        if not 8 < length <= _LONGEST_SESSION or not has_zero_padding(
            frame.words, first + length + 3 >> 2, length
        ):
            raise Unusual
        self.session = frame.raw[first : first + length + 3 & ~3]
        self.session_id = plain_text(frame.raw[first + 8 : first + length])

    def must_have_routing(self) -> None:
        """What every request of ours requires (RFC 6733 section 6.1.1)."""
        if (
            not self.session
            or self.origin_host is None
            or self.origin_realm is None
            or self.destination_realm is None
        ):
            raise Unusual


def _proxy_info(frame: Frame, first: int, length: int) -> bytes:
    """The whole AVP, found to be a group; what is in it is its writer's affair."""
    walk_group(frame, (first >> 2) + 2, first + length)
    return frame.raw[first : first + length]
