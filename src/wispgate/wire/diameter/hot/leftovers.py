"""Checks the AVPs that no hot decoder reads, by the dictionary, as `validation` would.

Anything that `validation` would refuse raises Unusual here; so may what it would take.
"""

from typing import Final

from wispgate.wire.diameter import dictionary
from wispgate.wire.diameter.commands import AVP_FAILED_AVP, AVP_PROXY_INFO
from wispgate.wire.diameter.dictionary import Grammar
from wispgate.wire.diameter.hot.frame import Frame
from wispgate.wire.diameter.hot.unusual import Unusual
from wispgate.wire.diameter.types import AvpType
from wispgate.wire.diameter.validation import TOLERATED_ABSENCES

_VENDOR: Final = 0x80000000
_MANDATORY: Final = 0x40000000
_RESERVED: Final = 0x1F000000

# How an AVP's data is checked.
_ANY: Final = 0
_FOUR: Final = 1
_EIGHT: Final = 2
_TEXT: Final = 3
_ADDRESS: Final = 4
_GROUP: Final = 5
_OPAQUE: Final = 6
_UNKNOWN: Final = 7
_CHECKS: Final[dict[AvpType, int]] = {
    AvpType.OCTET_STRING: _ANY,
    AvpType.INTEGER32: _FOUR,
    AvpType.INTEGER64: _EIGHT,
    AvpType.UNSIGNED32: _FOUR,
    AvpType.UNSIGNED64: _EIGHT,
    AvpType.FLOAT32: _FOUR,
    AvpType.FLOAT64: _EIGHT,
    AvpType.GROUPED: _GROUP,
    AvpType.ADDRESS: _ADDRESS,
    AvpType.TIME: _FOUR,
    AvpType.UTF8_STRING: _TEXT,
    AvpType.DIAMETER_IDENTITY: _TEXT,
    AvpType.DIAMETER_URI: _TEXT,
    AvpType.ENUMERATED: _FOUR,
    AvpType.IP_FILTER_RULE: _TEXT,
    AvpType.QOS_FILTER_RULE: _TEXT,
}
# By the AVP's key; only what the dictionary knows is remembered.
_checks: Final[dict[int, int]] = {}

# Hot decoders go three groups deep and 3GPP's trees eight; `validation` refuses sixteen.
_DEEPEST: Final = 10

# AVPs that came before octet by octet, such as a plan's QoS or a gateway's address, are as good as
# they were then. Should somebody send many, we start again.
_MOST_KNOWN: Final = 8192
_LONGEST_KNOWN: Final = 256
_known: Final[dict[bytes, int]] = {}


def check_command_leftovers(frame: Frame, positions: list[int], read_once: frozenset[int]) -> None:
    """The AVPs at these words of the command itself; `read_once` was read where it came first."""
    keys = _check_all(frame, positions, read_once)
    if len(set(keys)) < len(keys):
        words = frame.words
        command = dictionary.find_command(words[2], words[1] & 0xFFFFFF, is_request=True)
        _check_surplus(keys, None if command is None else command.grammar)


def check_group_leftovers(
    frame: Frame, positions: list[int], read_once: frozenset[int], group: int
) -> None:
    """The AVPs at these words of the group with this key."""
    keys = _check_all(frame, positions, read_once)
    if len(set(keys)) < len(keys):
        _check_surplus(keys, dictionary.find_group(group))


def _check_all(frame: Frame, positions: list[int], read_once: frozenset[int]) -> list[int]:
    """Their keys. What is required is what hot decoders read, so only surplus is left to find."""
    raw, words = frame.raw, frame.words
    keys: list[int] = []
    for position in positions:
        first = position << 2
        whole = raw[first : first + (words[position + 1] & 0xFFFFFF)]
        key = _known.get(whole, -1)
        if key < 0:
            key = _check_avp(frame, position, 0)
            _remember(whole, key)
        keys.append(key)
    if not read_once.isdisjoint(keys):
        raise Unusual
    frame.extra += positions
    return keys


def _remember(whole: bytes, key: int) -> None:
    if len(whole) <= _LONGEST_KNOWN:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[whole] = key


def _check_surplus(keys: list[int], grammar: Grammar | None) -> None:
    if grammar is None:
        return
    counts: dict[int, int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    for key, count in counts.items():
        if count > grammar.limits.get(key, count):
            raise Unusual


def _check_avp(frame: Frame, position: int, depth: int) -> int:
    """Checks one AVP whose end was found to lie where it may, and gives its key."""
    words = frame.words
    key, word = words[position], words[position + 1]
    data = position + 2 << 2
    if word & _VENDOR:
        vendor_id = words[position + 2]
        if vendor_id == 0:
            raise Unusual
        key |= vendor_id << 32
        data += 4
    if word & _RESERVED:
        raise Unusual
    check = _checks.get(key, -1)
    if check < 0:
        check = _find_check(key)
    end = (position << 2) + (word & 0xFFFFFF)
    if check == _GROUP:
        _check_group(frame, position, key, depth)
    elif check == _UNKNOWN:
        if word & _MANDATORY:
            raise Unusual
    elif check != _ANY:
        _check_data(frame, check, data, end)
    return key


def _check_data(frame: Frame, check: int, data: int, end: int) -> None:
    size = end - data
    if check == _FOUR:
        is_good = size == 4
    elif check == _EIGHT:
        is_good = size == 8
    elif check == _TEXT:
        frame.raw[data:end].decode()
        is_good = True
    elif check == _ADDRESS:
        is_good = len(read_address(frame, data >> 2, size)) == size
    else:
        walk_group(frame, data >> 2, end)
        is_good = True
    if not is_good:
        raise Unusual


def read_address(frame: Frame, position: int, size: int) -> bytes:
    """The octets at this word, found to be of type Address (RFC 6733 section 4.3.1)."""
    family = frame.words[position] >> 16
    if (family == 1 and size != 6) or (family == 2 and size != 18) or size < 2:
        raise Unusual
    return frame.raw[position << 2 : (position << 2) + size]


def _check_group(frame: Frame, position: int, key: int, depth: int) -> None:
    """A group's members, and their number against its grammar."""
    word = frame.words[position + 1]
    end = (position << 2) + (word & 0xFFFFFF)
    if depth == _DEEPEST:
        raise Unusual
    first = position + 3 if word & _VENDOR else position + 2
    keys = [_check_avp(frame, member, depth + 1) for member in walk_group(frame, first, end)]
    grammar = dictionary.find_group(key)
    _check_surplus(keys, grammar)
    if grammar is not None:
        for required in grammar.required:
            is_tolerated = (key, required.key) in TOLERATED_ABSENCES
            if keys.count(required.key) < required.minimum and not is_tolerated:
                raise Unusual


def walk_group(frame: Frame, first: int, end: int) -> list[int]:
    """The words where a group's AVPs begin; they must fill it up to the octet `end` exactly."""
    if end & 3:
        raise Unusual
    words = frame.words
    last = end >> 2
    positions: list[int] = []
    position = first
    while position < last:
        word = words[position + 1]
        length = word & 0xFFFFFF
        if length < (12 if word & _VENDOR else 8):
            raise Unusual
        positions.append(position)
        position += length + 3 >> 2
    if position != last:
        raise Unusual
    return positions


def _find_check(key: int) -> int:
    definition = dictionary.find_definition(key)
    if definition is None:
        return _UNKNOWN
    is_opaque = key in (AVP_FAILED_AVP, AVP_PROXY_INFO)
    check = _OPAQUE if is_opaque else _CHECKS[definition.type]
    _checks[key] = check
    return check
