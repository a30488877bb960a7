"""Holds messages against the rules of RFC 6733 section 7.1 and the grammar of their command.

In this order: header, lengths, flags and unknown mandatory AVPs, grammar, values. The first fault
found is the answer. What is not refused, because real clients do it: an M bit set or cleared
against the tables on a known AVP, AVPs that the grammar does not name, unknown values of
enumerations, Session-Id not in first place, a missing P bit, and what stands in the tables
`TOLERATED_ABSENCES` and `TOLERATED_SURPLUS`.
"""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from wispgate.wire.diameter import dictionary
from wispgate.wire.diameter.avp import FLAG_VENDOR, Avp, AvpSequence, example_avp
from wispgate.wire.diameter.commands import (
    AVP_RESULT_CODE,
    AVP_SESSION_ID,
    LONGEST_SESSION_ID,
    TGPP,
)
from wispgate.wire.diameter.dictionary import CommandGrammar, Definition, Grammar, Member
from wispgate.wire.diameter.errors import DiameterError, InvalidAvpLength, InvalidAvpValue
from wispgate.wire.diameter.message import Message
from wispgate.wire.diameter.results import ResultCode

# 3GPP's deepest tree has eight levels. Groups that may hold any AVP can be nested without end.
MAX_DEPTH: Final = 16

_RESERVED_FLAGS: Final = 0x1F

# (group, member) that the grammar requires and clients in the field leave out.
TOLERATED_ABSENCES: Final = frozenset(
    {
        # Supported-Features without Vendor-Id: Open5GS and Magma.
        (TGPP | 628, 266),
    }
)
# (group, member) that clients repeat more often than the grammar allows.
TOLERATED_SURPLUS: Final = frozenset(
    {
        # Media-Sub-Component with three and four Flow-Descriptions: the P-CSCF beside Open5GS.
        (TGPP | 519, TGPP | 507),
    }
)
# In these groups stands what went wrong elsewhere, or what only its writer understands.
_OPAQUE_GROUPS: Final = frozenset({279, 284})  # Failed-AVP, Proxy-Info


@dataclass(frozen=True, slots=True)
class Violation:
    """Why a message cannot be taken. `failed_avp` is the content of Failed-AVP, or empty."""

    result_code: ResultCode
    failed_avp: bytes
    message: str


def violation_of(error: DiameterError) -> Violation:
    """The violation that an error of the decoder stands for."""
    return Violation(error.result_code, error.failed_avp, error.message)


def check_request(message: Message) -> Violation | None:
    """The first fault of a request, or None."""
    header = message.header
    if not header.is_request:
        return Violation(ResultCode.INVALID_HDR_BITS, b"", "an answer, where a request is due")
    if not dictionary.has_application(header.application_id):
        return Violation(
            ResultCode.APPLICATION_UNSUPPORTED, b"", f"application {header.application_id}"
        )
    grammar = dictionary.find_command(header.application_id, header.command_code, is_request=True)
    if grammar is None:
        return Violation(
            ResultCode.COMMAND_UNSUPPORTED,
            b"",
            f"command {header.command_code} of application {header.application_id}",
        )
    return (
        _check_request_bits(message, grammar)
        or _check_avps(message, grammar.grammar)
        or _check_session(message)
    )


def _check_session(message: Message) -> Violation | None:
    session = message.find_avp(AVP_SESSION_ID)
    if session is None or 0 < len(session.data) <= LONGEST_SESSION_ID:
        return None
    text = f"a Session-Id of {len(session.data)} octets, where 1 to {LONGEST_SESSION_ID} are right"
    return Violation(ResultCode.INVALID_AVP_VALUE, session.encode(), text)


def check_answer(message: Message) -> Violation | None:
    """The first fault of an answer, or None. Of an error answer only the short form is asked."""
    header = message.header
    if header.is_request:
        return Violation(ResultCode.INVALID_HDR_BITS, b"", "a request, where an answer is due")
    grammar = dictionary.find_command(header.application_id, header.command_code, is_request=False)
    is_short = header.is_error or grammar is None or _has_failed(message)
    return _check_avps(message, _ERROR_ANSWER if is_short or grammar is None else grammar.grammar)


# RFC 6733 section 7.2: what every answer has. Result-Code may be an Experimental-Result.
_ERROR_ANSWER = dictionary.grammar_of(
    (Member(264, 1, 1), Member(296, 1, 1), Member(AVP_RESULT_CODE, 0, 1))
)


def _has_failed(message: Message) -> bool:
    avp = message.find_avp(AVP_RESULT_CODE)
    return avp is not None and len(avp.data) == 4 and int.from_bytes(avp.data, "big") >= 3000


def _check_request_bits(message: Message, grammar: CommandGrammar) -> Violation | None:
    header = message.header
    if header.is_error:
        return Violation(ResultCode.INVALID_HDR_BITS, b"", "a request with the E bit")
    if header.is_proxiable and not grammar.is_proxiable:
        return Violation(ResultCode.INVALID_HDR_BITS, b"", f"{grammar.abbreviation} with the P bit")
    return None


def _check_avps(message: Message, grammar: Grammar) -> Violation | None:
    inspection = _Inspection()
    inspection.inspect(message, grammar)
    return inspection.first()


class _Kind(IntEnum):
    """Kinds of faults in the order in which they are answered."""

    LENGTH = 1
    FLAGS = 2
    GRAMMAR = 3
    VALUE = 4


class _Inspection:
    """One walk through the tree. Of each kind of fault the first found is kept, with its place."""

    def __init__(self) -> None:
        self._path: list[Avp] = []
        self._found: dict[_Kind, Violation] = {}

    def first(self) -> Violation | None:
        """The fault of the gravest kind."""
        return self._found[min(self._found)] if self._found else None

    def inspect(self, sequence: AvpSequence, grammar: Grammar | None) -> None:
        if grammar is not None:
            self._check_presence(sequence, grammar)
        for avp in sequence.avps:
            definition = avp.definition
            self._check_flags(avp, definition)
            try:
                # Of a group the members are split here, of anything else the value is decoded.
                _ = avp.value
            except InvalidAvpLength as error:
                self._find(_Kind.LENGTH, violation_of(error))
            except InvalidAvpValue as error:
                self._find(_Kind.VALUE, violation_of(error))
            else:
                if definition is not None and definition.is_grouped:
                    self._inspect_group(avp)

    def _inspect_group(self, avp: Avp) -> None:
        if avp.key in _OPAQUE_GROUPS:
            return
        if len(self._path) + 1 == MAX_DEPTH:
            too_deep = f"nested more than {MAX_DEPTH} deep"
            self._find(
                _Kind.VALUE, Violation(ResultCode.INVALID_AVP_VALUE, avp.around(b""), too_deep)
            )
            return
        self._path.append(avp)
        self.inspect(avp.members, dictionary.find_group(avp.key))
        self._path.pop()

    def _check_flags(self, avp: Avp, definition: Definition | None) -> None:
        if avp.flags & _RESERVED_FLAGS:
            code, what = ResultCode.INVALID_AVP_BITS, "has reserved flags"
        elif avp.flags & FLAG_VENDOR and avp.vendor_id == 0:
            code, what = ResultCode.INVALID_AVP_BITS, "has the V flag and vendor 0"
        elif definition is None and avp.is_mandatory:
            code, what = ResultCode.AVP_UNSUPPORTED, "is unknown and mandatory"
        else:
            return
        self._find(_Kind.FLAGS, Violation(code, avp.encode(), f"{avp.name} {what}"))

    def _check_presence(self, sequence: AvpSequence, grammar: Grammar) -> None:
        counts: dict[int, int] = {}
        for avp in sequence.avps:
            key = avp.vendor_id << 32 | avp.code
            counts[key] = counts.get(key, 0) + 1
        for member in grammar.required:
            if counts.get(member.key, 0) < member.minimum and self._is_due(member.key):
                self._find(_Kind.GRAMMAR, _missing(member.key))
        for key, count in counts.items():
            maximum = grammar.limits.get(key, count)
            if count > maximum and not self._is_tolerated(TOLERATED_SURPLUS, key):
                self._find(_Kind.GRAMMAR, _too_many(sequence, key, maximum))

    def _is_due(self, key: int) -> bool:
        return not self._is_tolerated(TOLERATED_ABSENCES, key)

    def _is_tolerated(self, cases: frozenset[tuple[int, int]], key: int) -> bool:
        return bool(self._path) and (self._path[-1].key, key) in cases

    def _find(self, kind: _Kind, violation: Violation) -> None:
        """Failed-AVP shows the AVP inside the groups in which it stands (section 7.5)."""
        if kind in self._found:
            return
        failed_avp = violation.failed_avp
        for group in reversed(self._path):
            failed_avp = group.around(failed_avp)
        self._found[kind] = replace(violation, failed_avp=failed_avp)


def _missing(key: int) -> Violation:
    definition = dictionary.find_definition(key)
    name = key if definition is None else definition.name
    return Violation(ResultCode.MISSING_AVP, example_avp(key), f"{name} is missing")


def _too_many(sequence: AvpSequence, key: int, maximum: int) -> Violation:
    surplus = sequence.list_avps(key)[maximum]
    return Violation(
        ResultCode.AVP_OCCURS_TOO_MANY_TIMES,
        surplus.encode(),
        f"{surplus.name} occurs more than {maximum} times",
    )
