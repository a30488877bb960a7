"""What the self-test says: one finding for each link of the chain that was looked at."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """BROKEN nothing works until it is put right. ATTENTION look at it. GOOD as it should be."""

    BROKEN = "broken"
    ATTENTION = "attention"
    GOOD = "good"


class Link(StrEnum):
    """The links of the chain, in the order in which they hold: the first broken one counts."""

    PORT = "port"
    PEER = "peer"
    ADDRESS = "address"
    TLS = "tls"
    IDENTITY = "identity"
    REALM = "realm"
    APPLICATION = "application"
    CONNECTION = "connection"
    REQUESTS = "requests"
    IMSI = "imsi"
    LINE = "line"
    KEY = "key"
    PLMN = "plmn"
    REGISTRATION = "registration"
    APN = "apn"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen, what that means, and what to do about it (empty where all is well)."""

    link: Link
    severity: Severity
    seen: str
    meaning: str
    remedy: str = ""

    @property
    def is_broken(self) -> bool:
        return self.severity is Severity.BROKEN


def broken(link: Link, seen: str, meaning: str, remedy: str) -> Finding:
    return Finding(link, Severity.BROKEN, seen, meaning, remedy)


def attention(link: Link, seen: str, meaning: str, remedy: str) -> Finding:
    return Finding(link, Severity.ATTENTION, seen, meaning, remedy)


def good(link: Link, seen: str, meaning: str) -> Finding:
    return Finding(link, Severity.GOOD, seen, meaning)
