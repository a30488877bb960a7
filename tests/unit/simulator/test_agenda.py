"""The agenda of many phones."""

from datetime import UTC, datetime, timedelta

from wispgate.kernel.identifiers import Imei, Imsi
from wispgate.simulator.agenda import Agenda
from wispgate.simulator.ue import UE
from wispgate.simulator.usim import Usim

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def a_phone() -> UE:
    return UE(Usim(Imsi("001010000000001"), bytes(16), bytes(16)), Imei("35693803", "000001"))


def test_the_due_are_taken_in_their_order_and_once() -> None:
    agenda, early, late = Agenda(), a_phone(), a_phone()
    agenda.put(late, LATER)
    agenda.put(early, NOW)

    due = agenda.take_due(LATER)

    assert [id(ue) for ue in due] == [id(early), id(late)]
    assert agenda.take_due(LATER) == []
    assert agenda.first_at() is None


def test_a_later_entry_replaces_the_earlier() -> None:
    agenda, phone = Agenda(), a_phone()
    agenda.put(phone, NOW)

    agenda.put(phone, LATER)

    assert agenda.take_due(NOW) == []
    assert agenda.first_at() == LATER


def test_a_phone_without_plans_is_taken_off() -> None:
    agenda, phone = Agenda(), a_phone()
    agenda.put(phone, NOW)

    agenda.put(phone, None)

    assert agenda.first_at() is None
