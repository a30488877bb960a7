"""Decoded network profiles by line and version: what is versioned may be kept.

Lines of one plan differ in their version alone. What they have in common is decoded once, and
is in memory once.
"""

from collections import OrderedDict
from dataclasses import replace
from functools import lru_cache
from typing import Final
from uuid import UUID

from wispgate.domain.policy.profile import NetworkProfile
from wispgate.kernel.errors import WispgateError

CAPACITY = 50_000
_SHARED: Final = 4096


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
            profile = _decode(text, version)
        except (ValueError, LookupError, TypeError) as error:
            raise UnreadableProfile(
                f"the profile of line {line_id} cannot be read: {error}", line_id=line_id
            ) from error
        self._profiles[line_id] = profile
        if len(self._profiles) > self._capacity:
            self._profiles.popitem(last=False)
        return profile


def _decode(text: str, version: int) -> NetworkProfile:
    """As the database writes JSON, the version stands as `"version": 7`, once."""
    mark = f'"version": {version},'
    if text.count(mark) != 1:
        return NetworkProfile.decode(text)
    return replace(_decode_shared(text.replace(mark, '"version": 0,')), version=version)


@lru_cache(maxsize=_SHARED)
def _decode_shared(text: str) -> NetworkProfile:
    return NetworkProfile.decode(text)
