"""How long a peer waits, and for what."""

from dataclasses import dataclass
from datetime import timedelta

from wispgate.wire.diameter.watchdog import DEFAULT_INITIAL


@dataclass(frozen=True, slots=True)
class Timing:
    """`reconnect` is Tc of RFC 6733 section 2.1, `watchdog` Twinit of RFC 3539.

    A node that said it is busy is left alone for longer (RFC 6733 section 5.4.3).
    """

    reconnect: timedelta = timedelta(seconds=30)
    reconnect_when_busy: timedelta = timedelta(minutes=5)
    handshake: timedelta = timedelta(seconds=10)
    closing: timedelta = timedelta(seconds=5)
    watchdog: timedelta = DEFAULT_INITIAL
