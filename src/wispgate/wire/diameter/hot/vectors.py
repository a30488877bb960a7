"""Answers of S6a: AIA with its vectors, ULA with the profile that somebody encoded before."""

from struct import Struct
from typing import Final

from wispgate.wire.diameter.answers import Origin
from wispgate.wire.diameter.commands import (
    APPLICATION_S6A,
    AVP_AUTHENTICATION_INFO,
    AVP_AUTN,
    AVP_E_UTRAN_VECTOR,
    AVP_ITEM_NUMBER,
    AVP_KASME,
    AVP_RAND,
    AVP_ULA_FLAGS,
    AVP_XRES,
    VENDOR_3GPP,
)
from wispgate.wire.diameter.hot.answers import HotAnswers
from wispgate.wire.diameter.message import encode_avps

_CODE: Final = 0xFFFFFFFF
_OF_3GPP: Final = 0xC0000000
_NO_STATE_MAINTAINED: Final = 1
_header: Final = Struct(">3I")
_number: Final = Struct(">4I")
# RAND; XRES of eight octets, as every USIM of ours has it; AUTN; KASME.
_usual_vector: Final = Struct(">3I16s3I8s3I16s3I32s")
_USUAL_LENGTHS: Final = (16, 8, 16, 32)
_PADDING: Final = (b"", b"\0\0\0", b"\0\0", b"\0")


class S6aAnswers(HotAnswers):
    """The answers of one local identity, with what all of the application have in common."""

    __slots__ = ()

    def __init__(self, origin: Origin) -> None:
        common = encode_avps(
            [
                ("Auth-Session-State", _NO_STATE_MAINTAINED),
                (
                    "Vendor-Specific-Application-Id",
                    [("Vendor-Id", VENDOR_3GPP), ("Auth-Application-Id", APPLICATION_S6A)],
                ),
            ]
        )
        super().__init__(origin, common)


def eutran_vector(
    rand: bytes, xres: bytes, autn: bytes, kasme: bytes, *, item_number: int = 0
) -> bytes:
    """An E-UTRAN-Vector; a number of zero stands for none (TS 29.272 section 7.3.18)."""
    members = _number_of(item_number) + (
        _usual_members(rand, xres, autn, kasme)
        if (len(rand), len(xres), len(autn), len(kasme)) == _USUAL_LENGTHS
        else _members(rand, xres, autn, kasme)
    )
    return _around(AVP_E_UTRAN_VECTOR & _CODE, members)


def authentication_info(vectors: bytes) -> bytes:
    """The Authentication-Info that holds these encoded vectors."""
    return _around(AVP_AUTHENTICATION_INFO & _CODE, vectors)


def ula_flags(flags: int) -> bytes:
    """ULA-Flags (TS 29.272 section 7.3.8)."""
    return _number.pack(AVP_ULA_FLAGS & _CODE, _OF_3GPP | 16, VENDOR_3GPP, flags)


def _number_of(item_number: int) -> bytes:
    if item_number == 0:
        return b""
    return _number.pack(AVP_ITEM_NUMBER & _CODE, _OF_3GPP | 16, VENDOR_3GPP, item_number)


def _usual_members(rand: bytes, xres: bytes, autn: bytes, kasme: bytes) -> bytes:
    return _usual_vector.pack(
        AVP_RAND & _CODE, _OF_3GPP | 28, VENDOR_3GPP, rand,
        AVP_XRES & _CODE, _OF_3GPP | 20, VENDOR_3GPP, xres,
        AVP_AUTN & _CODE, _OF_3GPP | 28, VENDOR_3GPP, autn,
        AVP_KASME & _CODE, _OF_3GPP | 44, VENDOR_3GPP, kasme,
    )  # fmt: skip


def _members(rand: bytes, xres: bytes, autn: bytes, kasme: bytes) -> bytes:
    return (
        _around(AVP_RAND & _CODE, rand)
        + _around(AVP_XRES & _CODE, xres)
        + _around(AVP_AUTN & _CODE, autn)
        + _around(AVP_KASME & _CODE, kasme)
    )


def _around(code: int, data: bytes) -> bytes:
    length = 12 + len(data)
    return _header.pack(code, _OF_3GPP | length, VENDOR_3GPP) + data + _PADDING[length & 3]
