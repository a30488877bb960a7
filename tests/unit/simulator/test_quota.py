"""A quota by itself: counting, exhaustion, thresholds, times and final units."""

from datetime import UTC, datetime, timedelta

import pytest

from wispgate.simulator.quota import Access, FinalAction, FinalUnit, Grant, Quota, Reason, Usage

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def later(number: float) -> datetime:
    return NOW + timedelta(seconds=number)


def a_quota(grant: Grant) -> Quota:
    quota = Quota(1)
    quota.receive(grant, NOW)
    return quota


def final(action: FinalAction) -> FinalUnit:
    return FinalUnit(action)


def test_nothing_passes_unasked() -> None:
    quota = Quota(1)

    assert quota.take(10, 10, NOW) == (0, 0)
    assert quota.due_reason(NOW) is None


@pytest.mark.parametrize(
    ("grant", "passed"),
    [
        (Grant(total_octets=150), (100, 50)),
        (Grant(input_octets=30), (30, 100)),
        (Grant(output_octets=30), (100, 30)),
        (Grant(total_octets=120, input_octets=30), (30, 90)),
        (Grant(seconds=60), (100, 100)),
    ],
)
def test_a_quota_lets_through_what_is_granted(grant: Grant, passed: tuple[int, int]) -> None:
    quota = a_quota(grant)

    assert quota.take(100, 100, NOW) == passed
    assert quota.usage(later(7)) == Usage(passed[0], passed[1], 7)


def test_an_empty_quota_is_exhausted() -> None:
    quota = a_quota(Grant(total_octets=100))

    quota.take(100, 0, NOW)

    assert quota.due_reason(NOW) is Reason.QUOTA_EXHAUSTED
    assert quota.next_due_at(NOW, 8000) == NOW
    assert not quota.is_passing


def test_the_instant_of_exhaustion_follows_from_the_speed() -> None:
    quota = a_quota(Grant(total_octets=1000))

    assert quota.next_due_at(NOW, 800) == later(10)
    assert quota.next_due_at(NOW, 0) is None


def test_a_threshold_is_what_remains() -> None:
    quota = a_quota(Grant(total_octets=1000, volume_threshold=200))
    early = quota.due_reason(NOW)
    warned_at = quota.next_due_at(NOW, 8000)

    quota.take(0, 800, NOW)

    assert early is None
    assert warned_at == later(0.8)
    assert quota.due_reason(NOW) is Reason.THRESHOLD
    assert quota.is_passing


def test_a_threshold_above_the_grant_asks_after_the_first_octet() -> None:
    quota = a_quota(Grant(total_octets=100, volume_threshold=500))
    before = quota.due_reason(NOW)

    quota.take(0, 1, NOW)

    assert (before, quota.due_reason(NOW)) == (None, Reason.THRESHOLD)


def test_time_runs_out_and_warns_before() -> None:
    quota = a_quota(Grant(seconds=60, time_threshold=10))

    reasons = [quota.due_reason(later(number)) for number in (49, 50, 60)]

    assert reasons == [None, Reason.THRESHOLD, Reason.QUOTA_EXHAUSTED]


def test_a_grant_expires() -> None:
    quota = a_quota(Grant(total_octets=100, validity_seconds=300))

    assert quota.next_due_at(NOW, 0) == later(300)
    assert quota.due_reason(later(299)) is None
    assert quota.due_reason(later(300)) is Reason.VALIDITY_TIME


def test_a_validity_of_nothing_is_a_second() -> None:
    quota = a_quota(Grant(total_octets=100, validity_seconds=0))

    assert quota.next_due_at(NOW, 0) == later(1)


@pytest.mark.parametrize(("holding", "reason"), [(60, Reason.QHT), (0, None), (None, None)])
def test_an_idle_quota_is_given_back(holding: int | None, reason: Reason | None) -> None:
    quota = a_quota(Grant(total_octets=100, holding_seconds=holding))

    assert quota.due_reason(later(60)) is reason


def test_what_is_used_after_a_report_counts_against_the_next_grant() -> None:
    quota = a_quota(Grant(total_octets=100))
    quota.take(0, 60, NOW)
    quota.reported(NOW)
    quota.take(0, 40, NOW)

    quota.receive(Grant(total_octets=100), later(1))

    assert quota.remaining_octets() == 60


def test_while_it_waits_for_an_answer_nothing_more_is_due() -> None:
    quota = a_quota(Grant(total_octets=100))
    quota.take(0, 100, NOW)

    quota.reported(NOW)

    assert quota.due_reason(later(9999)) is None
    assert quota.next_due_at(NOW, 8000) is None


def test_final_units_end_with_reason_final_and_ignore_thresholds() -> None:
    grant = Grant(total_octets=100, volume_threshold=90, final=final(FinalAction.TERMINATE))
    quota = a_quota(grant)
    quota.take(0, 50, NOW)
    early = quota.due_reason(NOW)

    quota.take(0, 50, NOW)

    assert (early, quota.due_reason(NOW)) == (None, Reason.FINAL)


@pytest.mark.parametrize(
    ("action", "access"),
    [
        (FinalAction.TERMINATE, Access.BLOCKED),
        (FinalAction.REDIRECT, Access.WALLED),
        (FinalAction.RESTRICT_ACCESS, Access.WALLED),
    ],
)
def test_a_final_unit_without_units_acts_at_once(action: FinalAction, access: Access) -> None:
    quota = a_quota(Grant(final=final(action)))

    assert quota.access is access


@pytest.mark.parametrize("grant", [Grant(), Grant(total_octets=0), Grant(seconds=0)])
def test_a_grant_of_nothing_blocks(grant: Grant) -> None:
    quota = a_quota(grant)

    assert quota.access is Access.BLOCKED
    assert quota.due_reason(later(10**6)) is None


def test_a_blocked_quota_asks_again_after_its_validity() -> None:
    quota = Quota(1)

    quota.block(60, NOW)

    assert quota.next_due_at(NOW, 0) == later(60)
    assert quota.due_reason(later(60)) is Reason.VALIDITY_TIME


def test_free_traffic_passes_without_limit() -> None:
    quota = Quota(1)

    quota.free()

    assert quota.take(10**12, 10**12, NOW) == (10**12, 10**12)
    assert quota.next_due_at(NOW, 10**9) is None
