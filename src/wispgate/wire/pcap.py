"""Capture files (pcap, as Wireshark and tcpdump read them) of messages that were traced.

What is recorded is messages, not packets: each is put into TCP segments of a made-up flow with
right sequence numbers and checksums. Link type 101 is bare IP.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from struct import Struct, unpack
from typing import Final

# Where Diameter is looked for (RFC 6733 section 2.1).
DIAMETER_PORT: Final = 3868

_LINK_RAW_IP: Final = 101
_SNAP_LENGTH: Final = 262_144
# An IP packet has at most 65,535 octets; headers take 60.
_MOST_IN_SEGMENT: Final = 65_000
_PSH_ACK: Final = 0x18
_TCP: Final = 6
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_FILE_HEADER = Struct("<IHHiIII")
_PACKET_HEADER = Struct("<IIII")
_TCP_HEADER = Struct(">HHIIBBHHH")
_IPV4_HEADER = Struct(">BBHHHBBH4s4s")
_IPV6_HEADER = Struct(">IHBB16s16s")

IpAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a flow."""

    address: IpAddress
    port: int


@dataclass(frozen=True, slots=True)
class Sent:
    """Octets that went from one end to the other, at an instant. Both ends have one IP version."""

    at: datetime
    source: Endpoint
    destination: Endpoint
    octets: bytes

    def __post_init__(self) -> None:
        if self.source.address.version != self.destination.address.version:
            raise ValueError(
                f"{self.source.address} does not speak with {self.destination.address}"
            )


def encode_capture(sent: Iterable[Sent]) -> bytes:
    """A whole file, in the given order."""
    header = _FILE_HEADER.pack(0xA1B2C3D4, 2, 4, 0, 0, _SNAP_LENGTH, _LINK_RAW_IP)
    return header + b"".join(_packets(sent))


def _packets(sent: Iterable[Sent]) -> Iterator[bytes]:
    # How much each end of each flow has sent; both begin to count at one.
    counts: defaultdict[tuple[Endpoint, Endpoint], int] = defaultdict(lambda: 1)
    for one in sent:
        way, back = (one.source, one.destination), (one.destination, one.source)
        for start in range(0, len(one.octets), _MOST_IN_SEGMENT):
            piece = one.octets[start : start + _MOST_IN_SEGMENT]
            packet = _ip(one, _tcp(one, piece, counts[way], counts[back]))
            counts[way] = counts[way] + len(piece) & 0xFFFFFFFF
            yield _stamped(one.at, packet)


def _stamped(at: datetime, packet: bytes) -> bytes:
    seconds, microseconds = divmod((at - _EPOCH) // _MICROSECOND, 1_000_000)
    return _PACKET_HEADER.pack(seconds, microseconds, len(packet), len(packet)) + packet


def _tcp(one: Sent, piece: bytes, sequence: int, acknowledged: int) -> bytes:
    def header(checksum: int) -> bytes:
        return _TCP_HEADER.pack(
            one.source.port, one.destination.port, sequence, acknowledged, 5 << 4, _PSH_ACK,
            65_535, checksum, 0,
        )  # fmt: skip

    length = _TCP_HEADER.size + len(piece)
    ends = one.source.address.packed + one.destination.address.packed
    pseudo = ends + length.to_bytes(4, "big") + _TCP.to_bytes(4, "big")
    return header(_checksum(pseudo + header(0) + piece)) + piece


def _ip(one: Sent, segment: bytes) -> bytes:
    source, destination = one.source.address.packed, one.destination.address.packed
    if one.source.address.version == 6:
        return _IPV6_HEADER.pack(6 << 28, len(segment), _TCP, 64, source, destination) + segment

    def header(checksum: int) -> bytes:
        length = _IPV4_HEADER.size + len(segment)
        return _IPV4_HEADER.pack(
            0x45, 0, length, 0, 0x4000, 64, _TCP, checksum, source, destination
        )

    return header(_checksum(header(0))) + segment


def _checksum(octets: bytes) -> int:
    """RFC 1071: the complement of the sum in one's complement of 16-bit words."""
    padded = octets + bytes(len(octets) & 1)
    total: int = sum(unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
