"""Decoded network profiles by line and version: what is versioned may be kept."""

from collections import OrderedDict
from uuid import UUID

from wispgate.domain.policy.profile import NetworkProfile
from wispgate.kernel.errors import WispgateError

CAPACITY = 50_000


class UnreadableProfile(WispgateError):
    """A row of ours holds no profile that we understand: our fault, never the asker's."""

    code = "unreadable_profile"


class ProfileCache:
    """The decoded profile of a row that a statement just returned."""

    def __init__(self, *, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._profiles: OrderedDict[UUID, NetworkProfile] = OrderedDict()

    def decode(self, line_id: UUID, version: int, text: str) -> NetworkProfile:
        """The profile in `text`, decoded only where this version was not seen before."""
        known = self._profiles.get(line_id)
        if known is not None and known.version == version:
            self._profiles.move_to_end(line_id)
            return known
        try:
            profile = NetworkProfile.decode(text)
        except (ValueError, LookupError, TypeError) as error:
            raise UnreadableProfile(
                f"the profile of line {line_id} cannot be read: {error}", line_id=line_id
            ) from error
        self._profiles[line_id] = profile
        if len(self._profiles) > self._capacity:
            self._profiles.popitem(last=False)
        return profile
