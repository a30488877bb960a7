"""The clock port. `main` wires one; everything else is given it, or is given `now`."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time of this installation: the world's, a sandbox's or a test's."""

    def now(self) -> datetime:
        """An aware datetime in UTC."""
        ...
