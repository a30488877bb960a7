"""Every refusal has a Gx result, and a repeated answer goes to its asker."""

from wispgate.domain.policy.decisions import Refusal
from wispgate.network.pcrf.answers import RESULTS, release_cause


def test_every_refusal_has_a_result() -> None:
    assert set(RESULTS) == set(Refusal)
    assert {result.code for result in RESULTS.values()} == {5003, 5030}


def test_only_what_lies_with_the_subscription_is_called_so() -> None:
    causes = {refusal: release_cause(refusal)[1] for refusal in Refusal}

    assert causes[Refusal.SUSPENDED] == 1
    assert causes[Refusal.OUT_OF_CREDIT] == 0
