"""What policy tells the rest through the outbox."""

from dataclasses import dataclass
from typing import ClassVar

from wispgate.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkProfileChanged(Event):
    """The line's desired profile has a new version; enforcement compares it with what is known."""

    kind: ClassVar[str] = "policy.network_profile_changed"

    version: int
