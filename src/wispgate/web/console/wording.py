"""Sentences with instants and links in them, written in Python and shown by one template tag."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from wispgate.kernel.money import Money
from wispgate.kernel.units import format_bps, format_octets


@dataclass(frozen=True, slots=True)
class Link:
    text: str
    address: str


Piece = str | datetime | Link
Sentence = Sequence[Piece]

# The trade's words stay; each has one sentence of help.
GLOSSARY = {
    "ICCID": "The number printed on the SIM card: 18 to 20 digits that begin with 89.",
    "IMSI": "The subscriber's identity in the network, stored on the SIM: up to 15 digits.",
    "MSISDN": "The telephone number, in international form without a plus sign.",
    "IMEI": "The serial number of the phone or router.",
    "MME": "The node of the packet core that a phone registers at.",
    "HSS": "Our register of subscribers: it authenticates SIMs and says what they may do.",
    "PLMN": "A mobile network, named by its country code and network code, such as 001-01.",
    "Ki": "The secret key of the SIM. It is sealed when it arrives and never shown.",
    "Core": "One mobile network: its peers, its PLMNs and its ranges of IMSIs.",
    "Peer": "A Diameter node of the core that may connect to us, such as an MME.",
    "Realm": "The domain that a Diameter node belongs to.",
    "Profile": "Which kind of equipment a peer is, so that we speak to it as it understands.",
    "APN": "The packet network that a session leads to, such as internet.",
    "QCI": "The class of service of a bearer: 9 is ordinary data, 1 is voice.",
    "ARP": "Who gets a bearer first when the cell is full: 1 is the highest priority.",
    "Rating group": "The kind of traffic that a gateway reports by itself; -1 is all of it.",
    "Granted": "What the gateway may use before it asks again.",
    "Reserved": "Held for open sessions: neither used yet nor free.",
    "Bucket": "An amount of data or money with an end and a source.",
    "Push": "Something that the network is told at once, and what came of it.",
    "Ledger": "Every movement of money and data. Entries are added and never changed.",
    "Exhausted": "The data of the plan is used up; the plan says what happens then.",
    "Wallet": "The money of the subscriber, which pays for plans and top-ups.",
    "Plan": "What a line may do in the network and what it costs, in versions.",
    "Range": "Numbers of your own, from the first to the last, which lines are given from.",
    "Quarantine": "A number that somebody had rests for a while before it is given again.",
    "Batch": "The file that the card was imported with.",
    "Line": "One service with a SIM and a number, charged to one subscriber.",
    "Operator": "A tenant of this installation: an MNO, an MVNO or a private network.",
    "Host": "The operator whose network, SIMs and numbers an MVNO uses.",
    "MVNO": "An operator without a radio network of its own, under a host.",
    "Subscriber": "Who owes and pays: a person or an organization.",
}


def join(pieces: Sequence[Sentence], separator: str = "; ") -> Sentence:
    """Several clauses as one sentence."""
    joined: list[Piece] = []
    for clause in pieces:
        if joined and clause:
            joined.append(separator)
        joined.extend(clause)
    return joined


def counted(count: int, singular: str, plural: str = "") -> str:
    """ "1 line", "2 lines" """
    return f"{grouped(count)} {singular if count == 1 else plural or singular + 's'}"


def grouped(count: int) -> str:
    """ "29 999 986", with thin spaces"""
    return f"{count:,}".replace(",", "\u2009")


def amount(value: Decimal | int, unit: str, currency: str = "") -> str:
    """What a bucket or a ledger entry says: "18.2 GB", "4.00 EUR", "5 min", "12 messages"."""
    match unit:
        case "octets":
            return format_octets(int(value))
        case "money":
            return str(Money(Decimal(value), currency))
        case "seconds":
            return duration(int(value))
        case _:
            return counted(int(value), unit.removesuffix("s"))


def exact(value: Decimal | int, unit: str) -> str:
    """The same to the last unit, for who points at it: "18 200 000 000 octets"."""
    if unit == "money":
        return f"{Decimal(value):f}"
    return f"{grouped(int(value))} {unit}"


def duration(seconds: int) -> str:
    """The largest unit, or two where one says too little: "9 days", "1 h 20 min", "40 s"."""
    minutes = seconds // 60
    if minutes >= 2 * 24 * 60:
        return counted(minutes // (24 * 60), "day")
    if minutes >= 60:
        rest = f" {minutes % 60} min" if minutes % 60 and minutes < 12 * 60 else ""
        return f"{minutes // 60} h{rest}"
    return f"{minutes} min" if minutes else f"{seconds} s"


def speeds(down_bps: int, up_bps: int) -> str:
    """ "50 Mbit/s down, 10 Mbit/s up" """
    return f"{format_bps(down_bps)} down, {format_bps(up_bps)} up"


def short_host(host: str) -> str:
    """The first label of a node's name, as people call it."""
    return host.partition(".")[0]
