"""Requests with everything in them that the captures do not show."""

from wispgate.wire.diameter.header import request_header
from wispgate.wire.diameter.message import AvpItem, encode_message

PROXY_INFO: AvpItem = ("Proxy-Info", [("Proxy-Host", "dra.example"), ("Proxy-State", b"\1\2\3")])
_ARP: AvpItem = (
    "Allocation-Retention-Priority",
    [("Priority-Level", 8), ("Pre-emption-Capability", 1), ("Pre-emption-Vulnerability", 0)],
)


def _routing(host: str) -> list[AvpItem]:
    return [
        ("Session-Id", f"{host};1;22"),
        ("Origin-Host", host),
        ("Origin-Realm", "example"),
        ("Destination-Host", "ours.example"),
        ("Destination-Realm", "example"),
    ]


def a_request(application: int, command: int, avps: list[AvpItem], *, flags: int = 0) -> bytes:
    header = request_header(command, application, hop_by_hop=7, end_to_end=9)
    header = header._replace(flags=header.flags | flags)
    return encode_message(header, avps)


def a_full_ccr(*more: AvpItem) -> bytes:
    """A CCR of Gy, retransmitted, with two services and units at the command as well."""
    return a_request(4, 272, [
        *_routing("pgw.example"),
        ("Auth-Application-Id", 4),
        ("Service-Context-Id", "32251@3gpp.org"),
        ("CC-Request-Type", 2),
        ("CC-Request-Number", 3),
        ("User-Name", "user"),
        ("Origin-State-Id", 5),
        ("Subscription-Id", [("Subscription-Id-Data", "491701"), ("Subscription-Id-Type", 0)]),
        ("Subscription-Id", [("Subscription-Id-Type", 1), ("Subscription-Id-Data", "001010000000001")]),
        ("Termination-Cause", 1),
        ("Requested-Action", 0),
        ("Multiple-Services-Indicator", 1),
        ("Service-Identifier", 77),
        ("Framed-IP-Address", b"\x0a\0\0\1"),
        ("Requested-Service-Unit", [("CC-Service-Specific-Units", 1)]),
        ("Used-Service-Unit", [("CC-Time", 30), ("CC-Service-Specific-Units", 2)]),
        ("Multiple-Services-Credit-Control", [
            ("Requested-Service-Unit", []),
            ("Used-Service-Unit", [
                ("Tariff-Change-Usage", 0), ("Reporting-Reason", 3), ("CC-Time", 10),
                ("CC-Total-Octets", 2**40), ("CC-Input-Octets", 1), ("CC-Output-Octets", 2),
                ("CC-Money", [("Unit-Value", [("Value-Digits", 5), ("Exponent", -2)])]),
            ]),
            ("Used-Service-Unit", [("Tariff-Change-Usage", 1), ("CC-Total-Octets", 2**64 - 1)]),
            ("Service-Identifier", 1), ("Service-Identifier", 2), ("Rating-Group", 10),
            ("Reporting-Reason", 2), ("Reporting-Reason", 4), ("Result-Code", 2001),
            ("QoS-Information", [("QoS-Class-Identifier", 9), _ARP]),
        ]),
        ("Multiple-Services-Credit-Control", [("Rating-Group", 0xFFFFFFFF)]),
        ("User-Equipment-Info", [("User-Equipment-Info-Value", b"3535490069873310"), ("User-Equipment-Info-Type", 0)]),
        ("Service-Information", [("PS-Information", [
            ("3GPP-Charging-Id", b"\0\0\0\1"),
            ("PDN-Connection-Charging-ID", 4711),
            ("PDP-Address", "10.0.0.1"),
            ("PDP-Address", "2001:db8::1"),
            ("Called-Station-Id", "internet"),
            ("3GPP-Charging-Characteristics", "0800"),
            ("3GPP-SGSN-MCC-MNC", "00101"),
            ("3GPP-MS-TimeZone", b"\x80\0"),
            ("3GPP-User-Location-Info", b"\x82\0\xf1\x10\0\1\0\xf1\x10\0\0\1\1"),
            ("3GPP-RAT-Type", b"\6"),
            ("User-Equipment-Info", [("User-Equipment-Info-Type", 0), ("User-Equipment-Info-Value", b"1")]),
        ])]),
        ("Route-Record", "dra1.example"),
        ("Route-Record", "dra2.example"),
        PROXY_INFO,
        ("Proxy-Info", [("Proxy-Host", "dra2.example"), ("Proxy-State", b"")]),
        *more,
    ], flags=0x10)  # fmt: skip


def a_full_gx_ccr(*more: AvpItem) -> bytes:
    """A CCR of Gx with usage monitoring."""
    return a_request(16777238, 272, [
        *_routing("pgw.example"),
        ("Auth-Application-Id", 16777238),
        ("CC-Request-Type", 2),
        ("CC-Request-Number", 1),
        ("Origin-State-Id", 1),
        ("Termination-Cause", 4),
        ("Subscription-Id", [("Subscription-Id-Type", 1), ("Subscription-Id-Data", "001010000000001")]),
        ("Supported-Features", [("Vendor-Id", 10415), ("Feature-List-ID", 1), ("Feature-List", 11)]),
        ("Supported-Features", [("Feature-List-ID", 2), ("Feature-List", 0xFFFFFFFF)]),
        ("Network-Request-Support", 1),
        ("Framed-IP-Address", b"\x0a\0\0\1"),
        ("Framed-IPv6-Prefix", b"\0\x40\x20\1\x0d\xb8\xca\xfe\0\1"),
        ("IP-CAN-Type", 5),
        ("RAT-Type", 1004),
        ("User-Equipment-Info", [("User-Equipment-Info-Type", 3), ("User-Equipment-Info-Value", b"\xff\0")]),
        ("QoS-Information", [
            ("QoS-Class-Identifier", 5), ("Max-Requested-Bandwidth-UL", 1), ("Max-Requested-Bandwidth-DL", 2),
            ("Extended-Max-Requested-BW-UL", 3), ("Extended-Max-Requested-BW-DL", 4),
            ("Guaranteed-Bitrate-UL", 5), ("Guaranteed-Bitrate-DL", 6), ("Bearer-Identifier", b"\5"),
            ("APN-Aggregate-Max-Bitrate-UL", 7), ("APN-Aggregate-Max-Bitrate-DL", 8),
            ("Extended-APN-AMBR-UL", 9), ("Extended-APN-AMBR-DL", 10), _ARP,
        ]),
        ("Default-EPS-Bearer-QoS", [("QoS-Class-Identifier", 9), _ARP]),
        ("3GPP-User-Location-Info", b"\x82\0\xf1\x10\0\1\0\xf1\x10\0\0\1\1"),
        ("3GPP-SGSN-MCC-MNC", "00101"),
        ("3GPP-Charging-Characteristics", "0800"),
        ("PDN-Connection-Charging-ID", 4711),
        ("AN-GW-Address", "192.0.2.1"),
        ("AN-GW-Address", "2001:db8::2"),
        ("Called-Station-Id", "internet"),
        ("Event-Trigger", 2),
        ("Event-Trigger", 33),
        ("Usage-Monitoring-Information", [
            ("Monitoring-Key", b"daily"),
            ("Used-Service-Unit", [("CC-Total-Octets", 2**33)]),
            ("Used-Service-Unit", [("CC-Input-Octets", 1), ("CC-Output-Octets", 2)]),
            ("Usage-Monitoring-Level", 0), ("Usage-Monitoring-Report", 0), ("Usage-Monitoring-Support", 0),
        ]),
        ("Usage-Monitoring-Information", [("Monitoring-Key", b"monthly")]),
        ("Charging-Rule-Report", [("Charging-Rule-Name", b"a"), ("PCC-Rule-Status", 1)]),
        PROXY_INFO,
        *more,
    ])  # fmt: skip


def _s6a(command: int, avps: list[AvpItem]) -> bytes:
    return a_request(16777251, command, [
        *_routing("mme.example"),
        ("Vendor-Specific-Application-Id", [("Vendor-Id", 10415), ("Auth-Application-Id", 16777251)]),
        ("Auth-Session-State", 1),
        ("User-Name", "001010000000001"),
        ("Supported-Features", [("Vendor-Id", 10415), ("Feature-List-ID", 1), ("Feature-List", 3)]),
        PROXY_INFO,
        *avps,
    ])  # fmt: skip


def a_full_air(*more: AvpItem) -> bytes:
    """An AIR that resynchronises."""
    wanted: list[AvpItem] = [
        ("Number-Of-Requested-Vectors", 3),
        ("Immediate-Response-Preferred", 1),
        ("Re-Synchronization-Info", bytes(range(30))),
    ]
    utran: list[AvpItem] = [("Number-Of-Requested-Vectors", 1)]
    return _s6a(318, [
        ("Requested-EUTRAN-Authentication-Info", wanted),
        ("Requested-UTRAN-GERAN-Authentication-Info", utran),
        ("Visited-PLMN-Id", b"\0\xf1\x10"),
        *more,
    ])  # fmt: skip


def a_full_ulr(*more: AvpItem) -> bytes:
    return _s6a(316, [
        ("RAT-Type", 1004),
        ("ULR-Flags", 34),
        ("Visited-PLMN-Id", b"\0\xf1\x10"),
        ("UE-SRVCC-Capability", 0),
        ("Terminal-Information", [("IMEI", "35354900698733"), ("Software-Version", "01")]),
        ("Active-APN", [("Context-Identifier", 1), ("Service-Selection", "internet")]),
        *more,
    ])  # fmt: skip


def a_full_pur(*more: AvpItem) -> bytes:
    return _s6a(321, [("PUR-Flags", 1), *more])


def a_full_dwr(*more: AvpItem) -> bytes:
    header = request_header(280, 0, hop_by_hop=7, end_to_end=9, is_proxiable=False)
    avps: list[AvpItem] = [
        ("Origin-Host", "mme.example"),
        ("Origin-Realm", "example"),
        ("Origin-State-Id", 1795375402),
    ]
    return encode_message(header, [*avps, *more])


FULL_REQUESTS = {
    "DWR": a_full_dwr,
    "Gy CCR": a_full_ccr,
    "Gx CCR": a_full_gx_ccr,
    "AIR": a_full_air,
    "ULR": a_full_ulr,
    "PUR": a_full_pur,
}
