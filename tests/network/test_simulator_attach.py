"""Phones of the simulator attach over real sockets, and obey what they are told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.harness.home_network import GY, IMSI, OPC, S6A, K, a_denial, a_guest, ambr_of, refused
from wispgate.domain.authentication.sqn import UsimSequence
from wispgate.kernel.identifiers import Imsi
from wispgate.simulator.dialects import GENERIC_3GPP, OPEN5GS, Dialect
from wispgate.simulator.nas import State
from wispgate.simulator.usim import Usim
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.answers import Result

BOTH = pytest.mark.parametrize("dialect", [OPEN5GS, GENERIC_3GPP], ids=lambda d: d.name)


@BOTH
async def test_a_phone_attaches_and_opens_both_sessions(dialect: Dialect) -> None:
    async with a_guest(dialect) as guest:
        is_attached = await guest.epc.attach(guest.phone)

        asked = [(r.header.application_id, r.header.command_code) for r in guest.home.node.requests]
    assert is_attached
    assert guest.phone.state is State.REGISTERED_ACTIVE
    assert str(guest.phone.address) == "10.45.0.2"
    assert asked[:2] == [
        (S6A, commands.COMMAND_AUTHENTICATION_INFORMATION),
        (S6A, commands.COMMAND_UPDATE_LOCATION),
    ]
    assert sorted(asked[2:]) == sorted(
        [(GY, commands.COMMAND_CREDIT_CONTROL), (16777238, commands.COMMAND_CREDIT_CONTROL)]
    )


async def test_a_card_that_is_ahead_makes_the_mme_resynchronise() -> None:
    async with a_guest() as guest:
        ahead = UsimSequence().find_after(5000 << 5)
        assert ahead is not None
        guest.phone.usim = Usim(IMSI, K, OPC, sequence=ahead)

        is_attached = await guest.epc.attach(guest.phone)

        airs = guest.home.node.requests_of(S6A, commands.COMMAND_AUTHENTICATION_INFORMATION)
    assert is_attached
    assert len(airs) == 2


async def test_a_card_with_other_keys_is_silenced() -> None:
    async with a_guest() as guest:
        guest.phone.usim = Usim(IMSI, bytes(16), OPC)

        await guest.epc.attach(guest.phone)

    assert guest.phone.last_cause == 3
    assert guest.phone.next_attempt_at is None


@pytest.mark.parametrize(
    ("aia", "ula", "gx", "gy", "cause"),
    [
        (refused(5001), 2001, 2001, 2001, 8),
        (refused(5004), 2001, 2001, 2001, 11),
        (2001, refused(5420), 2001, 2001, 15),
        (2001, refused(5421), 2001, 2001, 13),
        (2001, refused(5004), 2001, 2001, 11),
        (2001, 2001, 2001, 4012, 17),
        (2001, 2001, 2001, 4010, 17),
        (2001, 2001, 2001, 5030, 17),
        (2001, 2001, 5003, 2001, 17),
        (5012, 2001, 2001, 2001, 17),
    ],
)
async def test_open5gs_tells_the_phone_these_causes(
    aia: Result | int, ula: Result | int, gx: int, gy: int, cause: int
) -> None:
    async with a_guest() as guest:
        home = guest.home
        home.aia, home.ula, home.gx, home.gy = aia, ula, gx, gy

        await guest.epc.attach(guest.phone)

    assert not guest.phone.is_attached
    assert guest.phone.last_cause == cause


@pytest.mark.parametrize(("gy", "esm_cause"), [(4012, 33), (5030, 29), (5012, 26)])
async def test_a_full_core_tells_the_cause_of_the_session(gy: int, esm_cause: int) -> None:
    async with a_guest(GENERIC_3GPP) as guest:
        guest.home.gy = gy

        await guest.epc.attach(guest.phone)

    assert (guest.phone.last_cause, guest.phone.last_esm_cause) == (19, esm_cause)


async def test_a_session_that_is_refused_gives_the_other_back() -> None:
    async with a_guest() as guest:
        guest.home.gy = 4012

        await guest.epc.attach(guest.phone)

        types = [message.get_int("CC-Request-Type") for message in guest.policed()]
        charged = [message.get_int("CC-Request-Type") for message in guest.charged()]
    assert types == [1, 3]
    assert charged == [1]


async def test_a_refusal_inside_the_group_is_followed_by_a_goodbye() -> None:
    async with a_guest() as guest:
        guest.home.grants = [[a_denial(4012)]]

        await guest.epc.attach(guest.phone)

        last = guest.charged()[-1]
    assert guest.phone.last_cause == 17
    assert last.get_int("CC-Request-Type") == 3
    used = last.get_avp("Multiple-Services-Credit-Control").get("Used-Service-Unit")
    assert [avp.value for avp in used] == [0, 0, 0]
    assert last.get_avp("Multiple-Services-Credit-Control").find("Reporting-Reason") is None


@pytest.mark.parametrize("ula", [2001, refused(5420)], ids=["success", "refusal"])
async def test_open5gs_drops_an_answer_without_subscription(ula: Result | int) -> None:
    async with a_guest() as guest:
        guest.home.ula, guest.home.ula_is_full = ula, False
        started = guest.epc.time.now()

        await guest.epc.attach(guest.phone)

        state = guest.phone.state
        await guest.epc.run(timedelta(seconds=15))
    assert state is State.ATTACHING
    assert guest.phone.state is State.DEREGISTERED
    assert guest.phone.last_cause is None
    assert guest.phone.next_attempt_at == started + timedelta(seconds=25)


async def test_a_refused_phone_comes_back_once_the_network_takes_it() -> None:
    async with a_guest() as guest:
        guest.home.gy = 4012
        await guest.epc.attach(guest.phone)
        await guest.epc.run(timedelta(minutes=5))
        guest.home.gy = 2001

        await guest.epc.run(timedelta(minutes=12))

        attempts = len(guest.home.node.requests_of(S6A, commands.COMMAND_UPDATE_LOCATION))
    assert guest.phone.is_attached
    assert attempts == 6


@pytest.mark.parametrize("result", [5001, 5004])
async def test_a_silenced_phone_waits_for_its_owner(result: int) -> None:
    async with a_guest() as guest:
        guest.home.aia = refused(result)
        await guest.epc.attach(guest.phone)
        guest.home.aia = 2001
        await guest.epc.run(timedelta(days=30))
        was_attached = guest.phone.is_attached

        await guest.epc.power_cycle(guest.phone)

        asked = guest.home.node.requests_of(S6A, commands.COMMAND_AUTHENTICATION_INFORMATION)
    assert not was_attached
    assert guest.phone.is_attached
    assert len(asked) == 2


async def test_withdrawal_detaches_and_ends_both_sessions() -> None:
    async with a_guest() as guest:
        await guest.epc.attach(guest.phone)

        answer = await guest.home.cancel(2)

        await guest.epc.settle()
        types = [m.get_int("CC-Request-Type") for m in (guest.policed()[-1], guest.charged()[-1])]
    assert answer.get_int("Result-Code") == 2001
    assert guest.phone.state is State.DEREGISTERED
    assert types == [3, 3]
    assert guest.phone.next_attempt_at == guest.epc.time.now() + timedelta(minutes=12)


async def test_detach_with_reattach_brings_the_phone_back_at_once() -> None:
    async with a_guest() as guest:
        await guest.epc.attach(guest.phone)
        guest.home.ambr_bps = 8_000_000
        guest.phone.traffic(100_000_000)
        await guest.epc.run(timedelta(seconds=1))
        before = guest.phone.octets_per_second

        await guest.home.cancel(2, flags=2)
        await guest.epc.run(timedelta(seconds=1))

    assert guest.phone.is_attached
    assert (before, guest.phone.octets_per_second) == (10_000_000, 1_000_000)


@pytest.mark.parametrize("kind", [0, 1])
async def test_implicit_cancellation_leaves_the_phone_in_the_dark(kind: int) -> None:
    async with a_guest() as guest:
        await guest.epc.attach(guest.phone)
        await guest.home.cancel(kind)
        await guest.epc.settle()
        believed = guest.phone.is_attached
        guest.phone.traffic(1000)

        await guest.epc.run(timedelta(seconds=1))

    assert believed
    assert guest.phone.is_attached
    assert any("cause 9" in record.text for record in guest.phone.diary)
    assert guest.phone.octets == 1000


async def test_a_phone_that_is_not_there_is_unknown() -> None:
    async with a_guest() as guest:
        answers = [await guest.home.cancel(2), await guest.home.insert(ambr_of(1))]

    codes = [
        answer.get_avp("Experimental-Result").members.get_int("Experimental-Result-Code")
        for answer in answers
    ]
    assert codes == [5001, 5001]


@pytest.mark.parametrize(("dialect", "purges"), [(OPEN5GS, 0), (GENERIC_3GPP, 1)])
async def test_only_a_full_core_tells_of_a_detach(dialect: Dialect, purges: int) -> None:
    async with a_guest(dialect) as guest:
        await guest.epc.attach(guest.phone)

        await guest.epc.detach(guest.phone)

        purged = guest.home.node.requests_of(S6A, commands.COMMAND_PURGE_UE)
        goodbyes = [guest.policed()[-1], guest.charged()[-1]]
    assert len(purged) == purges
    assert [m.get_int("CC-Request-Type") for m in goodbyes] == [3, 3]
    assert guest.phone.next_attempt_at is None


async def test_barring_ends_the_service_of_a_full_core_only() -> None:
    barred = [("Subscriber-Status", 1), ("Operator-Determined-Barring", 1)]
    attached = []
    for dialect in (OPEN5GS, GENERIC_3GPP):
        async with a_guest(dialect) as guest:
            await guest.epc.attach(guest.phone)

            await guest.home.insert(*barred)

            await guest.epc.settle()
            attached.append(guest.phone.is_attached)
    assert attached == [True, False]


async def test_a_barred_phone_is_refused_by_a_full_core() -> None:
    async with a_guest(GENERIC_3GPP) as guest:
        guest.home.extra_subscription = [
            ("Subscriber-Status", 1), ("Operator-Determined-Barring", 1),
        ]  # fmt: skip

        await guest.epc.attach(guest.phone)

    assert (guest.phone.last_cause, guest.phone.last_esm_cause) == (19, 8)
    assert guest.phone.next_attempt_at == guest.epc.time.now() + timedelta(minutes=12)


@pytest.mark.parametrize(
    ("dialect", "result"), [(OPEN5GS, 3001), (GENERIC_3GPP, 2001)], ids=lambda v: str(v)[:9]
)
async def test_reset_and_deletion_are_served_by_a_full_core(dialect: Dialect, result: int) -> None:
    async with a_guest(dialect) as guest:
        await guest.epc.attach(guest.phone)

        answers = [
            await guest.home.s6a(commands.COMMAND_DELETE_SUBSCRIBER_DATA, ("DSR-Flags", 8)),
            await guest.home.s6a(commands.COMMAND_RESET),
        ]

    assert [answer.get_int("Result-Code") for answer in answers] == [result, result]


async def test_after_a_reset_the_next_contact_updates_the_location() -> None:
    async with a_guest(GENERIC_3GPP) as guest:
        await guest.epc.attach(guest.phone)
        await guest.home.s6a(commands.COMMAND_RESET)
        await guest.epc.rest(guest.phone)
        guest.phone.traffic(1000)

        await guest.epc.run(timedelta(seconds=1))

        updates = guest.home.node.requests_of(S6A, commands.COMMAND_UPDATE_LOCATION)
    assert [update.get_int("ULR-Flags") for update in updates] == [34, 2]


async def test_a_lost_connection_is_made_anew_at_the_next_attempt() -> None:
    async with a_guest() as guest:
        guest.home.node.drop()
        await guest.epc.until(lambda: not guest.epc.is_connected)

        is_attached = await guest.epc.attach(guest.phone)

    assert is_attached


async def test_a_fleet_attaches_in_its_own_order_and_always_the_same() -> None:
    orders = []
    for _ in range(2):
        async with a_guest() as guest:
            fleet = guest.epc.fleet(20, first_imsi="001010000000100", keys=lambda _: (K, OPC))
            guest.epc.switch_on(*fleet, within=timedelta(minutes=1))

            await guest.epc.run(timedelta(minutes=2))

            asked = guest.home.node.requests_of(S6A, commands.COMMAND_UPDATE_LOCATION)
            orders.append([request.get_text("User-Name") for request in asked])
            assert all(phone.is_attached for phone in fleet)
    assert orders[0] == orders[1]
    assert orders[0] != sorted(orders[0])


async def test_a_core_may_tell_the_hss_of_its_terminals() -> None:
    async with a_guest(replace(GENERIC_3GPP, sends_notify=True)) as guest:
        await guest.epc.attach(guest.phone)

        notes = guest.home.node.requests_of(S6A, commands.COMMAND_NOTIFY)
    assert guest.phone.is_attached
    assert len(notes) == 1


async def test_a_phone_with_another_card_attaches_as_somebody_else() -> None:
    async with a_guest() as guest:
        await guest.epc.attach(guest.phone)

        await guest.epc.change_sim(guest.phone, Usim(Imsi("001010000000002"), K, OPC))
        await guest.epc.run(timedelta(seconds=1))

        asked = guest.home.node.requests_of(S6A, commands.COMMAND_UPDATE_LOCATION)
    assert guest.phone.is_attached
    assert [request.get_text("User-Name")[-1] for request in asked] == ["1", "2"]


async def test_a_request_that_cannot_be_read_is_answered_and_harmless() -> None:
    async with a_guest() as guest:
        await guest.epc.attach(guest.phone)

        answer = await guest.home.s6a(commands.COMMAND_CANCEL_LOCATION)

    assert answer.get_int("Result-Code") == 5005
    assert guest.phone.is_attached
