"""Profiles are decoded once per version."""

import json
from uuid import UUID

import pytest

from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.profile import ApnProfile, NetworkProfile
from wispgate.store.profiles import ProfileCache, UnreadableProfile


def a_profile(version: int) -> NetworkProfile:
    return NetworkProfile(
        version=version, apns=(ApnProfile(1, "internet", Speed(1, 1)),), speed=Speed(1, 1)
    )


def test_the_same_version_is_decoded_once() -> None:
    cache, line = ProfileCache(), UUID(int=1)
    first = cache.decode(line, 1, a_profile(1).encode())

    again = cache.decode(line, 1, "not looked at")

    assert again is first


def test_another_version_is_another_profile() -> None:
    cache, line = ProfileCache(), UUID(int=1)
    cache.decode(line, 1, a_profile(1).encode())

    assert cache.decode(line, 2, a_profile(2).encode()).version == 2
    assert cache.decode(line, 1, a_profile(1).encode()).version == 1


def test_what_was_not_seen_for_long_is_forgotten_first() -> None:
    cache = ProfileCache(capacity=2)
    kept, forgotten = UUID(int=1), UUID(int=2)
    first = cache.decode(kept, 1, a_profile(1).encode())
    cache.decode(forgotten, 1, a_profile(1).encode())
    cache.decode(kept, 1, "")
    cache.decode(UUID(int=3), 1, a_profile(1).encode())

    assert cache.decode(kept, 1, "") is first
    with pytest.raises(UnreadableProfile):
        cache.decode(forgotten, 1, "")


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"version": "x"}', "{"])
def test_a_row_without_a_profile_is_a_fault_of_ours(text: str) -> None:
    with pytest.raises(UnreadableProfile) as caught:
        ProfileCache().decode(UUID(int=1), 1, text)

    assert not isinstance(caught.value, ValueError)


def test_lines_of_one_plan_share_all_but_their_version() -> None:
    cache = ProfileCache()
    text = json.dumps(json.loads(a_profile(7).encode()))

    first = cache.decode(UUID(int=1), 7, text)
    second = cache.decode(UUID(int=2), 8, text.replace('"version": 7', '"version": 8'))

    assert (first.version, second.version) == (7, 8)
    assert second.apns is first.apns
    assert second == NetworkProfile.decode(a_profile(8).encode())
