"""What the hot decoders remember of what came before is bounded and changes nothing."""

from tests.unit.wire.diameter.hot.requests import a_full_ccr
from wispgate.wire.diameter.hot import frame, leftovers
from wispgate.wire.diameter.hot.credit_control import decode_ccr
from wispgate.wire.diameter.hot.form import form
from wispgate.wire.diameter.hot.frame import shared_text


def test_texts_without_end_do_not_fill_the_memory() -> None:
    texts = [shared_text(b"host-%d" % number) for number in range(10_000)]

    assert texts[-1] == "host-9999"
    assert len(frame._texts) <= 4096
    assert shared_text(b"x" * 1000) == "x" * 1000
    assert b"x" * 1000 not in frame._texts


def test_avps_without_end_do_not_fill_the_memory() -> None:
    for number in range(9_000):
        assert decode_ccr(a_full_ccr(("Acct-Multi-Session-Id", f"{number}"))) is not None

    assert len(leftovers._known) <= 8192


def test_a_fault_is_found_again_when_it_comes_again() -> None:
    fault = a_full_ccr(("Acct-Multi-Session-Id", "1"), ("Acct-Multi-Session-Id", "2"))

    assert [decode_ccr(fault) for _ in range(3)] == [None] * 3


def test_the_form_is_one_of_two() -> None:
    assert form() == ("interpreted" if frame.__file__.endswith(".py") else "compiled")
