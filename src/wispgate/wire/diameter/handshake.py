"""Reads the two messages with which nodes introduce themselves, and decides whether it suffices."""

from wispgate.wire.diameter.capabilities import (
    Capabilities,
    LocalNode,
    common_applications,
    decode_capabilities,
)
from wispgate.wire.diameter.commands import AVP_ERROR_MESSAGE, AVP_RESULT_CODE
from wispgate.wire.diameter.errors import DiameterError
from wispgate.wire.diameter.events import CapabilitiesRefused
from wispgate.wire.diameter.message import Message, decode_message
from wispgate.wire.diameter.results import ResultCode, is_success
from wispgate.wire.diameter.validation import Violation, check_request, violation_of


def read_introduction(raw: bytes) -> Message | Violation:
    """A CER that keeps the rules, or what to answer to one that does not."""
    try:
        message = decode_message(raw)
    except DiameterError as error:
        return violation_of(error)
    return check_request(message) or message


def read_welcome(raw: bytes, node: LocalNode) -> Capabilities | CapabilitiesRefused | Violation:
    """What a CEA says: who they are, that they (or we) do not want it, or nothing readable."""
    try:
        message = decode_message(raw)
        result_code = message.get_int(AVP_RESULT_CODE)
        if not is_success(result_code):
            return CapabilitiesRefused(result_code, message.find_text(AVP_ERROR_MESSAGE) or "")
        remote = decode_capabilities(message)
    except DiameterError as error:
        return violation_of(error)
    refusal = decide_refusal(node, remote)
    return remote if refusal is None else CapabilitiesRefused(refusal, by_us=True)


def decide_refusal(node: LocalNode, remote: Capabilities) -> ResultCode | None:
    """Why two nodes cannot speak although both would, or None."""
    if not remote.can_go_without_inband_security:
        return ResultCode.NO_COMMON_SECURITY
    if not common_applications(node, remote):
        return ResultCode.NO_COMMON_APPLICATION
    return None
