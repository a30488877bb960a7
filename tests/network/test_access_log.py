"""The authentication log: what phones were refused, counted, and the last refusal of a card."""

import ssl
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from tests.harness.charging import Gateway, mscc
from tests.harness.databases import TestDatabase
from tests.harness.network import MME_HOST, NOW, REALM, Rows, a_node, an_mme
from tests.network.dialogue import IMSI, air, ulr
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.domain.diagnosis.evidence import KnockCause, Procedure
from wispgate.domain.policy.profile import Barring
from wispgate.network.transport.tls import cause_of
from wispgate.store import access_log
from wispgate.store.access_log import AccessLog, Note
from wispgate.store.hot import DatabaseLost, HotStore

GATEWAY = "pgw.epc.test"
STRANGER = "001010000000077"


def logged(rows: Rows) -> list[tuple[str, str, str, int]]:
    with rows.database.admin() as admin:
        return admin.execute(
            "SELECT imsi, procedure, result, times FROM access_log ORDER BY procedure, result"
        ).fetchall()


def last_refusal(rows: Rows) -> str:
    with rows.database.admin() as admin:
        row = admin.execute("SELECT last_refusal FROM hot_00.authentication").fetchone()
    assert row is not None
    return str(row[0])


def a_note(rows: Rows, imsi: str = IMSI) -> Note:
    return Note(
        core_id=rows.core_id, imsi=imsi, procedure=Procedure.AUTHENTICATION,
        result="unknown_subscriber", peer=MME_HOST,
    )  # fmt: skip


async def test_refusals_are_counted_and_the_card_keeps_its_last(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    rows.add_card(IMSI, barring=Barring.NO_ATTACH)
    async with a_node(database, opening_key) as node:
        mme = await an_mme(node)
        await air(mme, IMSI)
        await air(mme, IMSI)
        await ulr(mme, IMSI)
        await mme.close()

    assert logged(rows) == [
        (IMSI, "authentication", "suspended", 2),
        (IMSI, "registration", "suspended", 1),
    ]
    assert last_refusal(rows) == "suspended"


async def test_sessions_that_charging_refuses_are_counted_by_reason(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    rows.add_card(IMSI, barring=Barring.NO_ATTACH)
    rows.add_peer(GATEWAY, applications=("gy",))
    before = refusals_counted("suspended")
    async with a_node(database, opening_key) as node:
        gateway = await Gateway.connect(node, GATEWAY, REALM)
        gateway.destination_realm = REALM
        for number in range(50):
            answer = await gateway.ask("I", f"s{number}", 0, mscc(1), imsi=IMSI)
            assert answer.get_int("Result-Code") == 4010
        stranger = await gateway.ask("I", "t", 0, mscc(1), imsi=STRANGER)
        # The end of a session is nobody's refusal.
        await gateway.ask("T", "s1", 1, mscc(1), imsi=IMSI)
        await gateway.close()

    assert stranger.get_int("Result-Code") == 5030
    assert logged(rows) == [
        (IMSI, "charging", "suspended", 50),
        (STRANGER, "charging", "unknown_subscriber", 1),
    ]
    assert refusals_counted("suspended") - before == 50
    # The card's own last refusal is that of an authentication.
    assert last_refusal(rows) == ""


def refusals_counted(reason: str) -> float:
    labels = {"procedure": "charging", "reason": reason}
    return REGISTRY.get_sample_value("wispgate_network_refusals_total", labels) or 0.0


async def test_an_authentication_that_goes_well_takes_the_last_refusal_away(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    card = rows.add_card(IMSI, barring=Barring.NO_ATTACH)
    async with a_node(database, opening_key) as node:
        mme = await an_mme(node)
        await air(mme, IMSI)
        await mme.close()
    rows.bar(card, Barring.NONE)
    async with a_node(database, opening_key) as node:
        mme = await an_mme(node)
        await air(mme, IMSI)
        await mme.close()

    assert last_refusal(rows) == ""
    assert len(logged(rows)) == 1


async def test_an_imsi_that_nobody_has_is_its_range_s_operator_s(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    async with a_node(database, opening_key) as node:
        mme = await an_mme(node)
        await air(mme, IMSI)
        await mme.close()

    with rows.connect() as connection:
        seen = connection.execute("SELECT imsi, result, operator_id FROM access_log").fetchall()
    assert seen == [(IMSI, "unknown_subscriber", rows.operator_id)]


async def test_what_could_not_be_written_is_written_later(
    database: TestDatabase, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with HotStore(database.dsn("network")) as store:
        log = AccessLog(store)
        log.note(a_note(rows), now=NOW)
        whole, store.partitions = store.partitions, (_Away(),)  # type: ignore[assignment]
        with pytest.raises(DatabaseLost):
            await log.write()
        store.partitions = whole
        log.note(a_note(rows), now=NOW + timedelta(seconds=1))

        await log.write()
        await log.write()

    assert logged(rows) == [(IMSI, "authentication", "unknown_subscriber", 2)]


class _Away:
    async def fetch(self, name: str, values: object) -> list[object]:
        raise DatabaseLost("away")

    async def close(self) -> None:
        pass


async def test_a_flood_of_invented_imsis_fills_no_memory_and_old_entries_go(
    database: TestDatabase, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_log, "MOST_NOTES", 3)
    async with HotStore(database.dsn("network")) as store:
        log = AccessLog(store)
        for number in range(5):
            log.note(a_note(rows, f"00101000000000{number}"), now=NOW)
        await log.write()
        kept = len(logged(rows))

        await log.forget(before=NOW + timedelta(days=1))

    assert (kept, log.dropped, logged(rows)) == (3, 2, [])


def test_what_is_no_imsi_is_not_noted(rows: Rows) -> None:
    with pytest.raises(ValueError, match="not an IMSI"):
        a_note(rows, "alice@example.org")


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("WRONG_VERSION_NUMBER", KnockCause.NOT_TLS),
        ("PEER_DID_NOT_RETURN_A_CERTIFICATE", KnockCause.NO_CERTIFICATE),
        ("TLSV1_ALERT_UNKNOWN_CA", KnockCause.OURS_NOT_TRUSTED),
        ("SSLV3_ALERT_BAD_CERTIFICATE", KnockCause.OURS_NOT_TRUSTED),
        ("NO_SHARED_CIPHER", KnockCause.HANDSHAKE_FAILED),
    ],
)
def test_what_ended_a_handshake_has_a_word(reason: str, cause: KnockCause) -> None:
    error = ssl.SSLError(1, "failed")
    error.reason = reason

    assert cause_of(error) is cause
    assert cause_of(ssl.SSLCertVerificationError()) is KnockCause.UNTRUSTED_CERTIFICATE
    assert cause_of(TimeoutError()) is KnockCause.HANDSHAKE_FAILED
