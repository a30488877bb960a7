"""Lines as the partition's rows last showed them: kept to decide, contradicted by what writes.

Nothing is ever answered from here alone. Whoever decides upon a kept line writes with the version
and flag that were decided upon, and the statement writes only if they still hold; and whoever
would refuse reads the row first.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from wispgate.domain.policy.profile import NetworkProfile
from wispgate.store.directory import Identity
from wispgate.store.profiles import ProfileCache

CAPACITY = 200_000


@dataclass(frozen=True, slots=True)
class KnownLine:
    """A line with its profile under the row's own exhausted flag."""

    line_id: UUID
    imsi: str
    msisdn: str
    profile: NetworkProfile
    profile_version: int
    is_exhausted: bool

    def has(self, identity: Identity) -> bool:
        """Whether the row itself agrees that the identity is its own."""
        own = {"imsi": self.imsi, "msisdn": self.msisdn}
        return own.get(identity.kind, identity.value) == identity.value


class LineCache:
    """The lines seen last. One event loop uses it, so it has no lock."""

    def __init__(self, profiles: ProfileCache, *, capacity: int = CAPACITY) -> None:
        self._profiles = profiles
        self._capacity = capacity
        self._lines: OrderedDict[UUID, KnownLine] = OrderedDict()

    def find_known(self, line_id: UUID) -> KnownLine | None:
        """The line as it was; to be written with, never to be answered from."""
        return self._lines.get(line_id)

    def keep(self, row: Mapping[str, Any]) -> KnownLine:
        """The line of a row that a statement just returned: `line_id`, `line_imsi`, `msisdn`,
        `profile`, `profile_version`, `is_exhausted`. Raises UnreadableProfile.
        """
        line_id, version, is_exhausted = row["line_id"], row["profile_version"], row["is_exhausted"]
        known = self._lines.get(line_id)
        # The version counts every change of the row but that of its flag.
        if (
            known is not None
            and known.profile_version == version
            and known.is_exhausted == is_exhausted
        ):
            self._lines.move_to_end(line_id)
            return known
        profile = self._profiles.decode(line_id, version, row["profile"])
        line = KnownLine(
            line_id=line_id,
            imsi=row["line_imsi"] or "",
            msisdn=row["msisdn"] or "",
            profile=profile.with_exhausted(is_exhausted=is_exhausted),
            profile_version=version,
            is_exhausted=is_exhausted,
        )
        self._lines[line_id] = line
        self._lines.move_to_end(line_id)
        if len(self._lines) > self._capacity:
            self._lines.popitem(last=False)
        return line

    def forget(self, line_id: UUID) -> None:
        """What was written contradicted it."""
        self._lines.pop(line_id, None)
