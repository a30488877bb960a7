"""Vendors' card files: their dialects, and all that can be wrong with them."""

import pytest

from tests.unit.business.world import HEADER, KI, OPC, card_file, card_row, iccid, imsi
from wispgate.business.inventory.cardfile import MAX_PROBLEMS, Findings, read_card_file
from wispgate.domain.authentication.keys import AlgorithmName, KeyMaterial

# OPc of the first test set follows from its OP (TS 35.208 section 4.3).
K_1, OP_1, OPC_1 = (
    "465b5ce8b199b49faa5f0a2ee238a6bc",
    "cdc202d5123e20f62b6d676ac72cb318",
    "cd63cb71954a9f4e48a5994e37a02baf",
)


def a_file(header: str, *rows: str) -> bytes:
    return "\n".join([header, *rows]).encode()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_each_usual_delimiter_is_understood(delimiter: str) -> None:
    content = card_file(1, 2).decode().replace(",", delimiter).encode()

    file = read_card_file(content)

    assert [row for row, _ in file.cards] == [2, 3]
    assert file.errors.total == 0


def test_vendors_own_headings_are_understood() -> None:
    header = "ICCID;IMSI;ACC;PIN1;PUK1;Ki;OPC;PIN_ADM;KIC1"
    row = f"{iccid(1)};{imsi(1)};0001;1234;12345678;{K_1};{OPC_1};0123456789abcdef;{K_1}"

    file = read_card_file(a_file(header, row))

    ((_, card),) = file.cards
    assert card.keys == KeyMaterial(AlgorithmName.MILENAGE, *map(bytes.fromhex, (K_1, OPC_1)))
    assert card.codes == {"pin1": "1234", "puk1": "12345678", "adm1": "0123456789abcdef"}


def test_an_operator_key_becomes_the_cards_own() -> None:
    file = read_card_file(a_file("iccid,imsi,k,op", f"{iccid(1)},{imsi(1)},{K_1},{OP_1}"))

    assert file.cards[0][1].keys.opc.hex() == OPC_1


def test_a_tuak_card_takes_longer_keys() -> None:
    row = f"{iccid(1)},{imsi(1)},{K_1 * 2},{OPC_1 * 2},TUAK,9000"

    file = read_card_file(a_file("iccid,imsi,ki,topc,algorithm,amf", row))

    keys = file.cards[0][1].keys
    assert (keys.algorithm, len(keys.k), len(keys.opc), keys.amf) == ("tuak", 32, 32, 0x9000)


def test_a_byte_order_mark_blank_lines_and_fillers_do_no_harm() -> None:
    content = b"\xef\xbb\xbf" + card_file(1).replace(iccid(1).encode(), iccid(1).encode() + b"F")

    file = read_card_file(content + b"\r\n,,,,,,\r\n")

    assert [card.iccid for _, card in file.cards] == [iccid(1)]


def test_an_embedded_card_is_known_by_its_eid() -> None:
    eid = "89049032123451234512345678901235"
    header = "iccid,imsi,ki,opc,eid"

    file = read_card_file(a_file(header, f"{iccid(1)},{imsi(1)},{K_1},{OPC_1},{eid}"))

    card = file.cards[0][1]
    assert (card.eid, card.form) == (eid, "esim")


def test_a_wrong_check_digit_is_a_warning_only() -> None:
    odd = iccid(1)[:-1] + str((int(iccid(1)[-1]) + 1) % 10)

    file = read_card_file(card_file(1).replace(iccid(1).encode(), odd.encode()))

    assert len(file.cards) == 1
    assert [(one.row, one.column, one.value) for one in file.warnings.problems] == [
        (2, "iccid", odd)
    ]


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("iccid", "1234", "18 to 20 digits"),
        ("imsi", "00101x", "6 to 15 digits"),
        ("ki", "zz5b5ce8", "32 hex digits"),
        ("opc", "", "32 hex digits"),
        ("pin1", "12", "4 to 8 digits"),
        ("puk1", "123", "8 digits"),
        ("adm1", "xyz", "16 hex digits"),
        ("algorithm", "comp128", "milenage"),
        ("amf", "80", "four hex digits"),
        ("form", "chip", "physical"),
        ("eid", "8904", "32 digits"),
    ],
)
def test_a_wrong_value_names_row_column_and_rule(column: str, value: str, rule: str) -> None:
    names = [*HEADER.split(","), "algorithm", "amf", "form", "eid"]
    cells = dict(zip(names, [*card_row(1).split(","), "", "", "", ""], strict=True))
    cells[column] = value

    file = read_card_file(a_file(",".join(names), card_row(2) + ",,,,", ",".join(cells.values())))

    problems = [one for one in file.errors.problems if one.row == 3]
    assert column in {one.column for one in problems}
    assert any(rule in one.rule for one in problems)


def test_every_wrong_value_of_a_row_is_told_at_once() -> None:
    row = f"{iccid(1)},1,zz,yy,1,2,3"

    file = read_card_file(a_file(HEADER, row))

    assert {one.column for one in file.errors.problems} == {
        *("imsi", "ki", "opc", "pin1", "puk1", "adm1")
    }


def test_no_secret_stands_in_what_is_said() -> None:
    shifted = f"{KI.format(7)},{imsi(1)},{iccid(1)},{OPC.format(7)},1234,87654321,13572468"
    wrong = f"{iccid(1)},{imsi(1)},zz5b5ce8,{OPC.format(7)}ff,98765,8765432,135724680"

    file = read_card_file(a_file(HEADER, shifted, wrong, card_row(3) + "," + KI.format(9)))

    told = repr(file) + repr(file.errors.problems)
    for secret in ("465b5ce8", "cd63cb71", "zz5b5ce8", "98765", "8765432", "135724680"):
        assert secret not in told
    assert "(8 characters, hidden)" in told


def test_a_good_card_never_shows_its_secrets() -> None:
    file = read_card_file(card_file(1))

    assert "465b5ce8" not in repr(file) + repr(file.cards) + str(file.cards[0][1])
    assert "1234" not in repr(file.cards[0][1])


def test_a_card_that_comes_twice_is_refused() -> None:
    rows = [card_row(1), card_row(1), card_row(2).replace(iccid(2), iccid(3))]

    file = read_card_file(a_file(HEADER, *rows, card_row(2)))

    told = [(one.row, one.column) for one in file.errors.problems]
    assert told == [(3, "iccid"), (3, "imsi"), (5, "imsi")]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "lacks this column"),
        (b"iccid,imsi,ki\n", "or the column op"),
        (b"iccid,imsi,eki,opc\n", "lacks this column"),
        (b"iccid,imsi,ki,k,opc\n", "mean the same"),
        (b"iccid,imsi,ki,opc\n1,2\n", "2 values, the header has 4"),
        (b'iccid,imsi,ki,opc\n"1,2\n', "no CSV"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
def test_a_file_of_another_kind_is_refused(content: bytes, rule: str) -> None:
    file = read_card_file(content)

    assert any(rule in one.rule for one in file.errors.problems)


def test_the_first_hundred_problems_are_told_and_all_are_counted() -> None:
    rows = [f"1,{imsi(number)},{K_1},{OPC_1},1234,12345678,12345678" for number in range(150)]

    file = read_card_file(a_file(HEADER, *rows))

    assert (len(file.errors.problems), file.errors.total) == (MAX_PROBLEMS, 150)


def test_a_file_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wispgate.business.inventory.cardfile.MAX_ROWS", 3)

    file = read_card_file(card_file(1, 2, 3, 4))

    assert "at most 3 rows" in file.errors.problems[0].rule


def test_long_values_are_shortened() -> None:
    file = read_card_file(a_file(HEADER, card_row(1).replace(imsi(1), "words " * 20)))

    assert file.errors.problems[0].value.endswith("…")


def test_equal_rows_have_equal_fingerprints_and_others_do_not() -> None:
    (_, card), (_, other) = read_card_file(card_file(1, 2)).cards
    ((_, again),) = read_card_file(card_file(1)).cards
    ((_, changed),) = read_card_file(card_file(1).replace(b",1234,", b",1235,")).cards

    assert card.fingerprint() == again.fingerprint()
    assert len({one.fingerprint() for one in (card, other, changed)}) == 3


@pytest.mark.parametrize(
    ("column", "value"),
    [("iccid", "0123456789abcdef"), ("iccid", "12345678"), ("imsi", "1234"), ("form", "3531393736303438"),
     ("eid", "465b5ce8b199b49faa5f0a2ee238a6bc"), ("imsi", "1234567812345678")],
)  # fmt: skip
def test_a_code_that_slipped_into_another_column_is_not_shown(column: str, value: str) -> None:
    findings = Findings()

    findings.add(2, column, value, "wrong")

    assert findings.problems[0].value == f"({len(value)} characters, hidden)"


@pytest.mark.parametrize(
    ("column", "value"),
    [("iccid", "8946700000000000"), ("imsi", "00101000000000"), ("form", "big")],
)
def test_a_value_that_is_no_code_by_its_form_is_shown(column: str, value: str) -> None:
    findings = Findings()

    findings.add(2, column, value, "wrong")

    assert findings.problems[0].value == value
