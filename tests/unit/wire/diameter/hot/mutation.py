"""Requests changed a little, so that some still keep all rules and others just do not."""

import random

from wispgate.wire.diameter.avp import FLAG_VENDOR, Avp, encode_avp
from wispgate.wire.diameter.errors import DiameterError
from wispgate.wire.diameter.message import decode_message, encode_message


def reshaped(message: bytes, chance: random.Random) -> bytes:
    """A few AVPs changed, doubled, moved or gone, at any depth; all lengths around them fit."""
    decoded = decode_message(message)
    avps = list(decoded.avps)
    for _ in range(chance.randint(1, 3)):
        avps = _reshape(avps, chance)
    header = decoded.header
    if chance.random() < 0.05:
        header = header._replace(flags=header.flags ^ 1 << chance.randrange(8))
    return encode_message(header, avps)


def _reshape(avps: list[Avp], chance: random.Random) -> list[Avp]:
    if not avps:
        return avps
    at = chance.randrange(len(avps))
    kind = chance.randrange(8)
    if kind == 0:
        return [*avps[:at], *avps[at + 1 :]]
    if kind == 1:
        return [*avps, avps[at]]
    if kind == 2:
        return chance.sample(avps, len(avps))
    return [*avps[:at], _changed(avps[at], chance), *avps[at + 1 :]]


def _changed(avp: Avp, chance: random.Random) -> Avp:
    definition = avp.definition
    if definition is not None and definition.is_grouped and chance.random() < 0.9:
        try:
            members = list(avp.members.avps)
        except DiameterError:
            return avp
        inside = b"".join(member.encode() for member in _reshape(members, chance))
        return Avp(avp.code, avp.vendor_id, avp.flags, inside)
    flags, data = avp.flags, avp.data
    match chance.randrange(5):
        case 0:
            flags ^= 1 << chance.randrange(7)
        case 1:
            data = _shaken(data, chance)
        case 2:
            data += bytes(chance.randrange(5))
        case 3:
            data = data[: -chance.randint(1, 4)]
        case _:
            return _with_other_key(avp, chance)
    return Avp(avp.code, avp.vendor_id, flags, data)


def _shaken(data: bytes, chance: random.Random) -> bytes:
    if not data:
        return data
    shaken = bytearray(data)
    shaken[chance.randrange(len(shaken))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
    return bytes(shaken)


def _with_other_key(avp: Avp, chance: random.Random) -> Avp:
    vendor_id = chance.choice((0, 10415, 10415, 9))
    code = chance.choice((avp.code, 1, 25, 263, 264, 415, 432, 446, 628, 872, 874, 1016, 40000))
    flags = avp.flags | FLAG_VENDOR if vendor_id else avp.flags & ~FLAG_VENDOR
    return Avp(code, vendor_id, flags, avp.data)


def with_padding(message: bytes, filler: int) -> bytes:
    """The message with octets of padding that are not zero, as no one should write them."""
    decoded = decode_message(message)
    body = b""
    for avp in decoded.avps:
        octets = encode_avp(avp.code, avp.vendor_id, avp.flags, avp.data)
        padding = -len(avp.data) % 4
        body += octets[: len(octets) - padding] + bytes([filler]) * padding
    return message[:20] + body
