"""PLMN identities: octets, texts and the lengths of network codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.vectors.loader import load
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.plmn import Plmn, mnc_length

VECTORS = load("identifiers")["plmn"]


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: row["octets"])
def test_octets_equal_the_vector(row):
    plmn = Plmn(row["mcc"], row["mnc"])

    assert plmn.encode().hex() == row["octets"]
    assert Plmn.decode(bytes.fromhex(row["octets"])) == plmn


@given(st.from_regex(r"[0-9]{3}", fullmatch=True), st.from_regex(r"[0-9]{2,3}", fullmatch=True))
def test_network_comes_back_from_octets_and_text(mcc, mnc):
    plmn = Plmn(mcc, mnc)

    assert Plmn.decode(plmn.encode()) == plmn
    assert Plmn.parse(str(plmn)) == plmn


@pytest.mark.parametrize(
    "octets", ["a0f110", "0af110", "00fa10", "00f1a0", "00f10a", "00a110", "fff1ff"]
)
def test_octets_with_letters_for_digits_are_refused(octets):
    with pytest.raises(InvalidValue, match="not a PLMN"):
        Plmn.decode(bytes.fromhex(octets))


@pytest.mark.parametrize("length", [0, 2, 4])
def test_octets_of_another_length_are_refused(length):
    with pytest.raises(InvalidValue, match="three octets"):
        Plmn.decode(bytes(length))


@pytest.mark.parametrize(
    ("text", "plmn"),
    [
        ("00101", Plmn("001", "01")),
        ("001-01", Plmn("001", "01")),
        ("310/410", Plmn("310", "410")),
        (" 310410\n", Plmn("310", "410")),
    ],
)
def test_network_is_read_as_people_write_it(text, plmn):
    assert Plmn.parse(text) == plmn


@pytest.mark.parametrize(
    "text", ["", "0010", "0010101", "001-x1", "\u0660\u0660\u0661\u0660\u0661"]
)
def test_text_that_is_no_network_is_refused(text):
    with pytest.raises(InvalidValue):
        Plmn.parse(text)


@pytest.mark.parametrize(
    ("mcc", "mnc"), [("01", "01"), ("0x1", "01"), ("001", "1"), ("001", "0123")]
)
def test_codes_of_another_length_are_refused(mcc, mnc):
    with pytest.raises(InvalidValue, match="digits, not"):
        Plmn(mcc, mnc)


@pytest.mark.parametrize(
    ("mcc", "rest", "length"),
    [
        ("001", "01", 2),
        ("262", "01", 2),
        ("999", "99", 2),
        ("310", "41", 3),
        ("316", "01", 3),
        ("302", "72", 3),
        ("334", "02", 3),
        ("405", "85", 3),
        ("405", "79", 3),
        ("405", "51", 2),
        ("405", "01", 2),
        ("732", "10", 3),
        ("732", "01", 2),
        ("374", "12", 2),
        ("374", "13", 2),
        ("374", "14", 3),
        ("714", "020", 2),
    ],
)
def test_length_of_a_network_code_follows_its_country(mcc, rest, length):
    assert mnc_length(mcc, rest) == length


@pytest.mark.parametrize(
    ("plmn", "realm"),
    [
        (Plmn("001", "01"), "epc.mnc001.mcc001.3gppnetwork.org"),
        (Plmn("310", "410"), "epc.mnc410.mcc310.3gppnetwork.org"),
    ],
)
def test_realm_has_the_network_code_in_three_digits(plmn, realm):
    assert plmn.realm == realm
