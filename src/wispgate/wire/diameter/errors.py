"""What can be wrong with Diameter octets, names and values.

DiameterError                 root; `result_code` hints what to answer, `failed_avp` what with
├── FramingError              the stream cannot be cut into messages any more
│   ├── UnsupportedVersion        5011
│   └── InvalidMessageLength      5015
├── InvalidAvpLength          5014: a length that its type or its surroundings forbid
├── InvalidAvpValue           5004: octets that are no value of the type
├── MissingAvp                5005: asked for by name, not there
└── OurMistake                5012: the caller's fault, never the sender's
    ├── UnknownAvpName            no AVP of that name, or several
    ├── UnencodableValue          a value that the AVP's type cannot carry
    └── PeerNotOpen               a message for a peer that cannot take one now
"""

from wispgate.kernel.errors import WispgateError
from wispgate.wire.diameter.results import ResultCode


class DiameterError(WispgateError):
    """`failed_avp` is the octets that belong into Failed-AVP (RFC 6733 section 7.5), or empty."""

    code = "diameter_error"
    result_code: ResultCode = ResultCode.UNABLE_TO_COMPLY
    is_theirs: bool = True

    def __init__(self, message: str, *, failed_avp: bytes = b"", **facts: object) -> None:
        super().__init__(message, **facts)
        self.failed_avp = failed_avp


class FramingError(DiameterError):
    """`header` is the twenty octets that could not be believed, `messages` what came before."""

    code = "diameter_framing_error"

    def __init__(self, message: str, *, header: bytes, messages: list[bytes]) -> None:
        super().__init__(message)
        self.header = header
        self.messages = messages


class UnsupportedVersion(FramingError):
    code = "diameter_unsupported_version"
    result_code = ResultCode.UNSUPPORTED_VERSION


class InvalidMessageLength(FramingError):
    code = "diameter_invalid_message_length"
    result_code = ResultCode.INVALID_MESSAGE_LENGTH


class InvalidAvpLength(DiameterError):
    code = "diameter_invalid_avp_length"
    result_code = ResultCode.INVALID_AVP_LENGTH


class InvalidAvpValue(DiameterError):
    code = "diameter_invalid_avp_value"
    result_code = ResultCode.INVALID_AVP_VALUE


class MissingAvp(DiameterError):
    code = "diameter_missing_avp"
    result_code = ResultCode.MISSING_AVP


class OurMistake(DiameterError):
    code = "diameter_our_mistake"
    is_theirs = False


class UnknownAvpName(OurMistake):
    code = "diameter_unknown_avp_name"


class UnencodableValue(OurMistake):
    code = "diameter_unencodable_value"


class PeerNotOpen(OurMistake):
    code = "diameter_peer_not_open"
