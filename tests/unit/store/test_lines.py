"""Lines are kept as their rows last showed them."""

from typing import Any
from uuid import UUID

from tests.unit.store.test_profiles import a_profile
from wispgate.store.directory import Identity
from wispgate.store.lines import LineCache
from wispgate.store.profiles import ProfileCache

LINE = UUID(int=1)


def a_row(version: int, *, line_id: UUID = LINE, is_exhausted: bool = False) -> dict[str, Any]:
    return {
        "line_id": line_id,
        "line_imsi": "001010000000001",
        "msisdn": None,
        "profile": a_profile(version).encode(),
        "profile_version": version,
        "is_exhausted": is_exhausted,
    }


def test_a_line_is_known_as_its_row_last_showed_it() -> None:
    cache = LineCache(ProfileCache())

    line = cache.keep(a_row(1))

    assert cache.find_known(LINE) is line
    assert cache.keep(a_row(1)) is line
    assert (line.imsi, line.msisdn, line.profile.version) == ("001010000000001", "", 1)


def test_another_version_or_flag_is_another_line() -> None:
    cache = LineCache(ProfileCache())
    line = cache.keep(a_row(1))

    exhausted = cache.keep(a_row(1, is_exhausted=True))
    newer = cache.keep(a_row(2))

    assert not line.profile.is_exhausted
    assert exhausted.profile.is_exhausted
    assert cache.find_known(LINE) is newer


def test_what_was_contradicted_is_forgotten() -> None:
    cache = LineCache(ProfileCache())
    cache.keep(a_row(1))

    cache.forget(LINE)
    cache.forget(LINE)

    assert cache.find_known(LINE) is None


def test_the_line_not_seen_for_longest_goes_first() -> None:
    cache = LineCache(ProfileCache(), capacity=2)
    for number in (1, 2, 1, 3):
        cache.keep(a_row(1, line_id=UUID(int=number)))

    assert [cache.find_known(UUID(int=n)) is not None for n in (1, 2, 3)] == [True, False, True]


def test_a_line_has_the_identities_of_its_row_and_any_of_another_kind() -> None:
    line = LineCache(ProfileCache()).keep(a_row(1))

    assert line.has(Identity(LINE, "imsi", "001010000000001"))
    assert not line.has(Identity(LINE, "imsi", "001010000000002"))
    assert line.has(Identity(LINE, "nai", "router@example"))
