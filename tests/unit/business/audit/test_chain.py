import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from wispgate.business.audit import chain
from wispgate.business.audit.chain import Entry, Header, SigningKey, VerifyingKey
from wispgate.kernel.errors import InvalidValue

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = SigningKey.from_octets(bytes(range(32)))


def entries(*numbers: int) -> list[Entry]:
    return [Entry(700 + n, UUID(int=n), hashlib.sha256(str(n).encode()).digest()) for n in numbers]


def header(last: Header | None = None, *numbers: int) -> Header:
    made = chain.next_header(last, "audit/x", entries(*numbers), id_is_number=True, now=NOW)
    return KEY.sign(made)


def test_a_block_follows_the_one_before_it() -> None:
    first = header(None, 1, 2, 3)
    second = header(first, 4, 5)

    assert (first.number, first.rows_before, first.previous) == (1, 0, chain.NOTHING_BEFORE)
    assert (second.number, second.rows_before, second.previous) == (2, 3, first.hash)
    assert second.rows_after == 5


def test_what_is_signed_is_these_lines() -> None:
    root = hashlib.sha256(f"701 1 {hashlib.sha256(b'1').hexdigest()}\n".encode()).hexdigest()

    assert header(None, 1).text.decode() == (
        f"wispgate-seal 1\nchain audit/x\nnumber 1\nform 1\nrows-before 0\nrows 1\n"
        f"previous {'0' * 64}\nroot {root}\nsealed-at 2026-03-01T12:00:00.000000Z\n"
    )


def test_a_signature_holds_for_its_block_and_key_only() -> None:
    signed = header(None, 1)
    keys = [KEY.verifying_key]
    other = SigningKey.from_octets(b"o" * 32).verifying_key

    assert chain.is_signed(signed.text, signed.key, signed.signature, keys)
    assert not chain.is_signed(signed.text, signed.key, signed.signature, [other])
    assert not chain.is_signed(signed.text, other.name, signed.signature, [other])
    assert not chain.is_signed(signed.text, signed.key, "no base64!", keys)
    assert not chain.is_signed(replace(signed, rows=2).text, signed.key, signed.signature, keys)


def test_a_checkpoint_is_read_back_as_it_was_written() -> None:
    signed = header(header(None, 1), 2)

    assert Header.from_json(signed.as_json()) == signed


@pytest.mark.parametrize("wrong", [{"number": "x"}, {"sealed_at": "then"}, {"chain": None}])
def test_what_is_no_checkpoint_is_refused(wrong: dict[str, object]) -> None:
    given = {key: value for key, value in (header(None, 1).as_json() | wrong).items() if value}

    with pytest.raises(InvalidValue, match="no checkpoint"):
        Header.from_json(given)


def test_entries_are_unpacked_as_they_were_packed() -> None:
    made = entries(1, 2, 3)

    assert len(chain.pack(made)) == 3 * 56
    assert chain.unpack(chain.pack(made)) == made


def test_a_list_of_entries_that_was_cut_is_refused() -> None:
    with pytest.raises(InvalidValue, match="damaged"):
        chain.unpack(chain.pack(entries(1))[:-1])


def test_ids_of_a_ledger_are_written_as_uuids() -> None:
    (entry,) = entries(5)

    assert chain.lines_of([entry], id_is_number=True).split()[1] == "5"
    assert chain.lines_of([entry], id_is_number=False).split()[1] == str(UUID(int=5))


def test_keys_are_read_back_as_they_were_written() -> None:
    public = KEY.verifying_key

    assert SigningKey.from_text(KEY.to_text()).verifying_key == public
    assert VerifyingKey.from_text(public.to_text()) == public
    assert public.to_pem().startswith("-----BEGIN PUBLIC KEY-----")
    assert KEY.to_text() not in repr(KEY)


@pytest.mark.parametrize("text", ["", "x", "AAAA", "A" * 43 + "!"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="32 octets"):
        SigningKey.from_text(text)


def test_an_instant_has_one_text() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=2)))

    assert chain.instant(elsewhere) == chain.instant(NOW) == "2026-03-01T12:00:00.000000Z"


def test_a_mark_names_chain_block_and_time() -> None:
    assert chain.mark_text("audit/x", 7, NOW).decode() == (
        "wispgate-mark 1\nchain audit/x\nnumber 7\nat 2026-03-01T12:00:00.000000Z\n"
    )


def test_the_platforms_chain_has_a_name_of_its_own() -> None:
    assert chain.chain_name("audit", None) == "audit/platform"
    assert chain.chain_name("audit", UUID(int=1)) == f"audit/{UUID(int=1)}"
