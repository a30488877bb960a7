"""Gy, Gx and speed of the simulated core over real sockets, in virtual time."""

from datetime import timedelta

import pytest

from tests.harness.home_network import (
    GX,
    GY,
    Guest,
    a_denial,
    a_final_unit,
    a_grant,
    a_guest,
    ambr_of,
)
from wispgate.simulator.dialects import GENERIC_3GPP, OPEN5GS, Dialect
from wispgate.simulator.quota import Access
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.avp import AvpSequence
from wispgate.wire.diameter.message import AvpItem, Message

MB = 1_000_000
BOTH = pytest.mark.parametrize("dialect", [OPEN5GS, GENERIC_3GPP], ids=lambda d: d.name)


def services(message: Message) -> list[AvpSequence]:
    return [avp.members for avp in message.list_avps("Multiple-Services-Credit-Control")]


def used_octets(guest: Guest) -> int:
    """All octets that Gy was told of."""
    total = 0
    for message in guest.charged():
        for service in services(message):
            for unit in service.list_avps("Used-Service-Unit"):
                total += unit.members.get_int("CC-Input-Octets")
                total += unit.members.get_int("CC-Output-Octets")
    return total


def last_reason(message: Message) -> int | None:
    """The Reporting-Reason of a report, where it belongs."""
    service = services(message)[0]
    inside = service.find_avp("Used-Service-Unit")
    within = inside.members.find_int("Reporting-Reason") if inside else None
    beside = service.find_int("Reporting-Reason")
    return within if beside is None else beside


def types_of(messages: list[Message]) -> list[int]:
    return [message.get_int("CC-Request-Type") for message in messages]


async def online(guest: Guest, *grants: list[AvpItem], speed: int = MB) -> None:
    """Attached, with these answers to come, and wanting so many octets per second."""
    if grants:
        guest.home.grants = list(grants)
    assert await guest.epc.attach(guest.phone)
    guest.phone.traffic(speed)


@BOTH
async def test_hours_of_traffic_are_counted_to_the_octet(dialect: Dialect) -> None:
    async with a_guest(dialect) as guest:
        await online(guest, [a_grant(("Validity-Time", 300), octets=10**12)], speed=333_333)

        await guest.epc.run(timedelta(hours=24))

        await guest.epc.detach(guest.phone)
        reported, updates = used_octets(guest), types_of(guest.charged()).count(2)
    assert guest.phone.octets == 333_333 * 86_400
    assert reported == guest.phone.octets
    assert updates == 24 * 12


@BOTH
async def test_nothing_passes_beyond_what_was_granted(dialect: Dialect) -> None:
    async with a_guest(dialect) as guest:
        grants = [[a_grant(octets=1_000_001)], [a_grant(octets=2_000_003)], [a_denial(4012)]]
        await online(guest, *grants)

        await guest.epc.run(timedelta(minutes=1))

    assert guest.phone.octets == 3_000_004
    assert guest.phone.octets_per_second == 0
    assert used_octets(guest) == 3_000_004


async def test_an_exhausted_open5gs_session_ends_and_the_phone_is_not_told() -> None:
    async with a_guest() as guest:
        await online(guest, [a_grant(octets=MB)], [a_denial(4012)])

        await guest.epc.run(timedelta(minutes=1))

        gy, gx = types_of(guest.charged()), types_of(guest.policed())
    assert gy == [1, 2, 3]
    assert gx == [1, 3]
    assert guest.phone.is_attached


async def test_an_exhausted_group_of_a_full_core_is_only_blocked() -> None:
    async with a_guest(GENERIC_3GPP) as guest:
        await online(guest, [a_grant(octets=MB, group=1)], [a_denial(4012, group=1)])

        await guest.epc.run(timedelta(minutes=1))

        gy = types_of(guest.charged())
    assert gy == [1, 2]
    assert guest.phone.is_attached


@pytest.mark.parametrize("action", [0, 1, 2])
async def test_any_final_unit_ends_an_open5gs_session(action: int) -> None:
    async with a_guest() as guest:
        await online(guest, [a_grant(a_final_unit(action), octets=MB)])

        await guest.epc.run(timedelta(minutes=1))

        gy = guest.charged()
    assert types_of(gy) == [1, 3]
    assert last_reason(gy[-1]) == 2
    assert guest.phone.octets == MB
    assert guest.phone.is_attached


@pytest.mark.parametrize(
    ("action", "access"), [(0, Access.BLOCKED), (1, Access.WALLED), (2, Access.WALLED)]
)
async def test_a_full_core_does_what_the_final_unit_says(action: int, access: Access) -> None:
    server: AvpItem = (
        "Redirect-Server",
        [("Redirect-Address-Type", 2), ("Redirect-Server-Address", "http://pay.test/")],
    )
    final = a_final_unit(action, *([server] if action == 1 else []))
    async with a_guest(GENERIC_3GPP) as guest:
        await online(guest, [a_grant(final, octets=MB, group=1)], [a_grant(group=1)])
        await guest.epc.run(timedelta(seconds=5))
        paying = guest.phone.traffic(1000, is_walled_garden=True)

        await guest.epc.run(timedelta(seconds=5))

        gy, connection = guest.charged(), guest.epc.connection(guest.phone)
    assert connection is not None
    assert types_of(gy) == [1, 2]
    assert last_reason(gy[-1]) == 2
    assert services(gy[-1])[0].find("Requested-Service-Unit") is None
    assert connection.charging.quotas[1].access is access
    assert guest.phone.octets == MB + (5000 if access is Access.WALLED else 0)
    assert paying.passed_octets == (5000 if access is Access.WALLED else 0)


async def test_a_redirected_phone_passes_again_after_reauthorisation() -> None:
    async with a_guest(GENERIC_3GPP) as guest:
        final = a_final_unit(1)
        grants = [[a_grant(final, octets=MB, group=1)], [a_grant(group=1)]]
        await online(guest, *grants)
        await guest.epc.run(timedelta(seconds=5))
        guest.home.grants = [[a_grant(octets=5 * MB, group=1)]]

        answer = await guest.home.to_gateway(GY)
        await guest.epc.run(timedelta(seconds=2))

        reasons = [last_reason(message) for message in guest.charged()]
    assert answer.get_int("Result-Code") == 2002
    assert reasons == [None, 2, 7]
    assert guest.phone.octets == 3 * MB


async def test_open5gs_acknowledges_reauthorisation_and_does_nothing() -> None:
    async with a_guest() as guest:
        await online(guest)
        before = len(guest.charged())

        answer = await guest.home.to_gateway(GY)
        await guest.epc.run(timedelta(seconds=5))

        after = len(guest.charged())
    assert answer.get_int("Result-Code") == 2001
    assert after == before


@pytest.mark.parametrize("application_id", [GX, GY])
async def test_an_unknown_session_is_answered_5002(application_id: int) -> None:
    async with a_guest() as guest:
        await online(guest)

        answer = await guest.home.to_gateway(application_id, session_id="nobody;1;2")

    assert answer.get_int("Result-Code") == 5002
    assert answer.get_text("Error-Message") == "DIAMETER_UNKNOWN_SESSION_ID"


@BOTH
async def test_below_the_threshold_more_is_asked_for_in_time(dialect: Dialect) -> None:
    async with a_guest(dialect) as guest:
        await online(guest, [a_grant(("Volume-Quota-Threshold", 40_000), octets=200_000)])

        await guest.epc.run(timedelta(seconds=16))

        reports = guest.charged()[1:]
    assert {last_reason(report) for report in reports} == {0}
    assert len(reports) == 100
    assert guest.phone.octets == 16 * MB


@BOTH
async def test_a_grant_expires_even_if_nothing_was_used(dialect: Dialect) -> None:
    async with a_guest(dialect) as guest:
        guest.home.grants = [[a_grant(("Validity-Time", 600), octets=MB)]]
        await guest.epc.attach(guest.phone)

        await guest.epc.run(timedelta(hours=1))

        reports = guest.charged()[1:]
    assert [last_reason(report) for report in reports] == [4] * 6
    assert guest.phone.octets == 0


@BOTH
async def test_granted_time_runs_out(dialect: Dialect) -> None:
    minute: AvpItem = ("Granted-Service-Unit", [("CC-Time", 60)])
    async with a_guest(dialect) as guest:
        await online(guest, [a_grant(minute)])

        await guest.epc.run(timedelta(minutes=3))

        reports = guest.charged()[1:]
    assert [last_reason(report) for report in reports] == [3, 3, 3]
    used = [services(report)[0].get_avp("Used-Service-Unit").members for report in reports]
    assert [unit.get_int("CC-Time") for unit in used] == [60, 60, 60]


async def test_the_first_time_of_open5gs_is_the_time_of_day() -> None:
    async with a_guest() as guest:
        await online(guest, [a_grant(octets=10 * MB)])

        await guest.epc.run(timedelta(seconds=30))

        times = [
            services(report)[0].get_avp("Used-Service-Unit").members.get_int("CC-Time")
            for report in guest.charged()[1:]
        ]
    start = 1_772_366_400
    assert times == [start + 10, 10, 10]


async def test_an_idle_group_gives_its_quota_back() -> None:
    async with a_guest(GENERIC_3GPP) as guest:
        holding = a_grant(("Quota-Holding-Time", 60), octets=10 * MB, group=1)
        await online(guest, [holding], [a_grant(group=1)])
        await guest.epc.run(timedelta(seconds=2))
        guest.phone.stop_traffic()

        await guest.epc.run(timedelta(minutes=5))

        reports = guest.charged()[1:]
    assert [last_reason(report) for report in reports] == [1]
    assert services(reports[0])[0].find("Requested-Service-Unit") is None
    assert used_octets(guest) == 2 * MB


async def test_each_group_of_a_full_core_has_its_own_quota() -> None:
    async with a_guest(GENERIC_3GPP) as guest:
        guest.home.grants = [
            [a_grant(octets=10 * MB, group=1)],
            [a_grant(octets=MB, group=20)],
            [a_denial(4012, group=20)],
        ]
        await guest.epc.attach(guest.phone)
        free = guest.phone.traffic(MB // 2, rating_group=1)
        paid = guest.phone.traffic(MB, rating_group=20)

        await guest.epc.run(timedelta(seconds=10))

        groups = [[s.get_int("Rating-Group") for s in services(m)] for m in guest.charged()]
    assert groups == [[1], [20], [20]]
    assert (free.passed_octets, paid.passed_octets) == (5 * MB, MB)


async def test_a_group_that_is_not_charged_passes_uncounted() -> None:
    async with a_guest(GENERIC_3GPP) as guest:
        await online(guest, [a_denial(4011, group=1)])

        await guest.epc.run(timedelta(minutes=1))

        reports = guest.charged()
    assert types_of(reports) == [1]
    assert guest.phone.octets == 60 * MB


@BOTH
async def test_a_session_unknown_to_the_server_ends(dialect: Dialect) -> None:
    async with a_guest(dialect) as guest:
        await online(guest, [a_grant(("Validity-Time", 60), octets=10**12)])
        guest.home.gy = 5002

        await guest.epc.run(timedelta(minutes=2))

        gy, gx = types_of(guest.charged()), types_of(guest.policed())
    assert gy == [1, 2]
    assert gx == [1, 3]
    assert guest.phone.octets == 60 * MB


async def test_without_an_answer_a_session_may_go_on_uncontrolled() -> None:
    continuing: AvpItem = ("Credit-Control-Failure-Handling", 1)
    async with a_guest(GENERIC_3GPP, patience=0.05) as guest:
        await online(guest, [a_grant(octets=MB, group=1), continuing])
        guest.home.silent = {GY}

        await guest.epc.run(timedelta(seconds=60))

    assert guest.phone.octets == 60 * MB


@BOTH
async def test_without_an_answer_a_session_ends_by_default(dialect: Dialect) -> None:
    async with a_guest(dialect, patience=0.05) as guest:
        await online(guest, [a_grant(octets=MB)])
        guest.home.silent = {GY}

        await guest.epc.run(timedelta(seconds=60))

        gx = types_of(guest.policed())
    assert guest.phone.octets == MB
    assert gx == [1, 3]


async def test_a_session_that_nobody_answers_is_not_opened() -> None:
    async with a_guest(patience=0.05) as guest:
        guest.home.silent = {GY}

        await guest.epc.attach(guest.phone)

        goodbye = guest.charged()[-1]
    assert guest.phone.last_cause == 17
    assert goodbye.get_int("CC-Request-Type") == 3
    assert goodbye.find("Destination-Host") is None


async def test_a_repeated_request_has_the_same_identifiers_and_the_flag() -> None:
    async with a_guest() as guest:
        await online(guest, [a_grant(octets=MB)])
        await guest.epc.run(timedelta(seconds=1))
        connection = guest.epc.connection(guest.phone)
        assert connection is not None

        await guest.epc.pgw.retransmit_gy(connection)

        first, again = guest.charged()[-2:]
    assert not first.header.is_retransmitted
    assert again.header.is_retransmitted
    assert first.header.end_to_end == again.header.end_to_end
    assert first.avps == again.avps


async def test_asr_ends_a_session_of_a_full_core() -> None:
    async with a_guest(GENERIC_3GPP) as guest:
        await online(guest)

        answer = await guest.home.to_gateway(GY, command_code=commands.COMMAND_ABORT_SESSION)

        await guest.epc.settle()
        last = guest.charged()[-1]
    assert answer.get_int("Result-Code") == 2001
    assert last.get_int("Termination-Cause") == 4
    assert not guest.phone.is_attached


async def test_asr_is_nothing_that_open5gs_knows() -> None:
    async with a_guest() as guest:
        await online(guest)

        answer = await guest.home.to_gateway(GY, command_code=commands.COMMAND_ABORT_SESSION)

    assert answer.get_int("Result-Code") == 3001
    assert guest.phone.is_attached


# --- speed ---------------------------------------------------------------------------------------


async def test_the_phone_is_held_to_the_speed_of_its_subscription() -> None:
    async with a_guest() as guest:
        await online(guest, speed=100 * MB)

        await guest.epc.run(timedelta(seconds=60))

    assert guest.phone.octets_per_second == 10 * MB
    assert guest.phone.octets == 600 * MB


async def test_open5gs_takes_a_new_speed_only_from_idle_to_active() -> None:
    async with a_guest() as guest:
        await online(guest, speed=100 * MB)
        answer = await guest.home.insert(ambr_of(8_000_000))
        await guest.epc.run(timedelta(hours=3))
        unchanged = guest.phone.octets_per_second
        await guest.epc.rest(guest.phone)

        await guest.epc.run(timedelta(seconds=1))

    assert answer.get_int("Result-Code") == 2001
    assert (unchanged, guest.phone.octets_per_second) == (10 * MB, MB)


async def test_a_full_core_takes_a_new_speed_at_once() -> None:
    async with a_guest(GENERIC_3GPP) as guest:
        await online(guest, speed=100 * MB)

        await guest.home.insert(ambr_of(8_000_000))
        await guest.epc.settle()

    assert guest.phone.octets_per_second == MB


@pytest.mark.parametrize(("dialect", "speed"), [(OPEN5GS, 10 * MB), (GENERIC_3GPP, MB // 2)])
async def test_only_a_full_core_obeys_qos_of_a_reauthorisation(
    dialect: Dialect, speed: int
) -> None:
    qos: AvpItem = (
        "QoS-Information",
        [("APN-Aggregate-Max-Bitrate-UL", 1000), ("APN-Aggregate-Max-Bitrate-DL", 4_000_000)],
    )
    async with a_guest(dialect) as guest:
        await online(guest, speed=100 * MB)

        answer = await guest.home.to_gateway(GX, qos)

        await guest.epc.settle()
    assert answer.get_int("Result-Code") == 2001
    assert guest.phone.octets_per_second == speed


async def test_a_rule_of_a_full_core_slows_its_group_down_and_goes_again() -> None:
    rule: AvpItem = (
        "Charging-Rule-Definition",
        [
            ("Charging-Rule-Name", b"slow"),
            ("QoS-Information",
             [("Max-Requested-Bandwidth-UL", 8000), ("Max-Requested-Bandwidth-DL", 8000)]),
        ],
    )  # fmt: skip
    async with a_guest(GENERIC_3GPP) as guest:
        await online(guest)

        await guest.home.to_gateway(GX, ("Charging-Rule-Install", [rule]))
        await guest.epc.settle()
        slow = guest.phone.octets_per_second
        await guest.home.to_gateway(GX, ("Charging-Rule-Remove", [("Charging-Rule-Name", b"slow")]))
        await guest.epc.settle()

    assert (slow, guest.phone.octets_per_second) == (1000, MB)


async def test_rules_of_open5gs_change_and_change_no_speed() -> None:
    rule: AvpItem = (
        "Charging-Rule-Definition",
        [("Charging-Rule-Name", b"voice"), ("Flow-Status", 2)],
    )
    async with a_guest() as guest:
        await online(guest)

        await guest.home.to_gateway(GX, ("Charging-Rule-Install", [rule]))
        await guest.epc.settle()

        connection = guest.epc.connection(guest.phone)
    assert connection is not None
    assert list(connection.policy.rules) == ["voice"]
    assert guest.phone.octets_per_second == MB


async def test_a_release_cause_ends_the_session_of_a_full_core() -> None:
    attached = []
    for dialect in (OPEN5GS, GENERIC_3GPP):
        async with a_guest(dialect) as guest:
            await online(guest)

            await guest.home.to_gateway(GX, ("Session-Release-Cause", 0))

            await guest.epc.settle()
            attached.append((guest.phone.is_attached, guest.phone.octets_per_second))
    assert attached == [(True, MB), (False, 0)]


async def test_a_new_apn_speed_is_brought_before_the_pcrf() -> None:
    async with a_guest(GENERIC_3GPP) as guest:
        await online(guest)
        data = dict(guest.home.subscription())["APN-Configuration-Profile"]
        apn = [item for item in dict(data)["APN-Configuration"] if item[0] != "AMBR"]
        profile = [item for item in data if item[0] != "APN-Configuration"]

        await guest.home.insert(
            ("APN-Configuration-Profile",
             [*profile, ("APN-Configuration", [*apn, ambr_of(2_000_000)])])
        )  # fmt: skip
        await guest.epc.settle()

        update = guest.policed()[-1]
    assert update.get_int("CC-Request-Type") == 2
    qos = update.get_avp("QoS-Information").members
    assert qos.get_int("APN-Aggregate-Max-Bitrate-DL") == 2_000_000


async def test_flows_share_the_speed_in_proportion() -> None:
    async with a_guest() as guest:
        await online(guest, speed=30 * MB)
        small = guest.phone.traffic(10 * MB)

        await guest.epc.run(timedelta(seconds=4))

    assert small.passed_octets == 10 * MB
    assert guest.phone.octets == 40 * MB


async def test_a_transfer_ends_when_its_octets_have_passed() -> None:
    async with a_guest() as guest:
        await guest.epc.attach(guest.phone)
        transfer = guest.phone.traffic(MB, up_octets_per_second=MB // 7, octets=12_345_678)

        await guest.epc.run(timedelta(minutes=1))

    assert transfer.is_done
    assert guest.phone.octets == 12_345_678
    assert guest.phone.state.value == "registered, idle"
