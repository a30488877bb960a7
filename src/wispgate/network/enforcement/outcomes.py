"""What the answer to a push means (TS 29.272 section 5.2, TS 29.212 section 5.5)."""

from enum import StrEnum
from typing import Final

from wispgate.wire.diameter import commands
from wispgate.wire.diameter.message import Message
from wispgate.wire.diameter.results import ExperimentalResultCode, ResultCode, is_success

# Ends the stored result of a node that does not know the phone, or the session.
GONE: Final = "gone"

_TRANSIENT: Final = {ResultCode.UNABLE_TO_DELIVER, ResultCode.TOO_BUSY}


class Outcome(StrEnum):
    """DONE acknowledged. GONE nothing of the kind there. BUSY ask again. REFUSED the next rung."""

    DONE = "done"
    GONE = "gone"
    BUSY = "busy"
    REFUSED = "refused"


def read_outcome(answer: Message) -> tuple[Outcome, str]:
    """The outcome, and the result as people read it: "2001", "3gpp 5001"."""
    code = answer.find_int(commands.AVP_RESULT_CODE)
    if code is None:
        return _read_experimental(answer)
    text = str(code)
    if is_success(code):
        return Outcome.DONE, text
    if code == ResultCode.UNKNOWN_SESSION_ID:
        return Outcome.GONE, f"{text} {GONE}"
    is_transient = code in _TRANSIENT or 4000 <= code <= 4999
    return (Outcome.BUSY if is_transient else Outcome.REFUSED), text


def _read_experimental(answer: Message) -> tuple[Outcome, str]:
    group = answer.find_avp(commands.AVP_EXPERIMENTAL_RESULT)
    code = group.members.find_int(commands.AVP_EXPERIMENTAL_RESULT_CODE) if group else None
    if code is None:
        return Outcome.REFUSED, "no result"
    text = f"3gpp {code}"
    if is_success(code):
        return Outcome.DONE, text
    if code == ExperimentalResultCode.USER_UNKNOWN:
        return Outcome.GONE, f"{text} {GONE}"
    return (Outcome.BUSY if 4000 <= code <= 4999 else Outcome.REFUSED), text
