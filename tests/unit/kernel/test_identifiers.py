"""Identifiers: their vectors, their rules and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.vectors.loader import hss_case, load
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.identifiers import (
    Eid,
    Iccid,
    Imei,
    Imsi,
    Msisdn,
    decode_tbcd,
    eid_check_digits,
    encode_tbcd,
    has_valid_luhn,
    luhn_check_digit,
)
from wispgate.kernel.plmn import Plmn

VECTORS = load("identifiers")
DIGITS = st.text("0123456789", min_size=1, max_size=30)
# Digits to Python's isdigit, and to nobody's network.
FOREIGN_DIGITS = "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667"


@pytest.mark.parametrize("row", VECTORS["iccid"], ids=lambda row: row["full"])
def test_check_digit_of_an_iccid_is_luhn(row):
    assert luhn_check_digit(row["without_check"]) == str(row["check"])
    assert Iccid(row["full"]).has_valid_check_digit()


@pytest.mark.parametrize("row", VECTORS["imei"], ids=lambda row: row["imei"])
def test_check_digit_of_an_imei_is_luhn(row):
    imei = Imei.parse(row["tac_snr"])

    assert imei.check_digit == str(row["check"])
    assert str(imei) == row["imei"]


@given(DIGITS)
def test_completed_digits_pass_the_luhn_test(digits):
    assert has_valid_luhn(digits + luhn_check_digit(digits))


@given(DIGITS, st.integers(1, 9))
def test_any_wrong_check_digit_fails_the_luhn_test(digits, difference):
    wrong = (int(luhn_check_digit(digits)) + difference) % 10

    assert not has_valid_luhn(f"{digits}{wrong}")


@pytest.mark.parametrize("text", ["", "0", "12a4", FOREIGN_DIGITS])
def test_what_is_no_number_fails_the_luhn_test(text):
    assert not has_valid_luhn(text)


@pytest.mark.parametrize("text", ["", "12a", FOREIGN_DIGITS])
def test_check_digit_of_no_number_is_refused(text):
    with pytest.raises(InvalidValue, match="digits only"):
        luhn_check_digit(text)


@pytest.mark.parametrize("row", VECTORS["tbcd"], ids=lambda row: row["digits"])
def test_tbcd_equals_its_vector(row):
    assert encode_tbcd(row["digits"]).hex() == row["octets"]
    assert decode_tbcd(bytes.fromhex(row["octets"])) == row["digits"]


@given(st.text("0123456789*#abc", max_size=30))
def test_tbcd_comes_back_from_its_octets(digits):
    assert decode_tbcd(encode_tbcd(digits)) == digits


def test_public_case_of_tbcd_holds():
    case = hss_case("POL-049")
    expected = case["expect"]["values"]

    for event, value in zip(case["events"], expected, strict=True):
        if value == "error":
            with pytest.raises(InvalidValue, match="TBCD"):
                encode_tbcd(event["value"])
        else:
            assert encode_tbcd(event["value"]).hex() == value.split()[0]


@pytest.mark.parametrize("octets", ["1f", "ff", "12f345", "ffff"])
def test_tbcd_filled_before_its_end_is_refused(octets):
    with pytest.raises(InvalidValue, match="filled before its end"):
        decode_tbcd(bytes.fromhex(octets))


@pytest.mark.parametrize("row", VECTORS["ef_imsi"], ids=lambda row: row["imsi"])
def test_imsi_on_a_card_equals_its_vector(row):
    assert Imsi(row["imsi"]).encode_ef().hex() == row["octets"]


@pytest.mark.parametrize("row", VECTORS["ef_iccid"], ids=lambda row: row["iccid"])
def test_iccid_on_a_card_equals_its_vector(row):
    assert Iccid(row["iccid"]).encode_ef().hex() == row["octets"]


@pytest.mark.parametrize("digits", ["00101", "0" * 16, "00101000000000x", "", FOREIGN_DIGITS])
def test_what_is_no_imsi_is_refused(digits):
    with pytest.raises(InvalidValue, match="not an IMSI") as refusal:
        Imsi(digits)

    assert refusal.value.field == "imsi"


def test_imsi_knows_its_home_network():
    imsi = Imsi("310410123456789")

    assert imsi.plmn() == Plmn("310", "410")
    assert imsi.belongs_to(Plmn("310", "410"))
    assert not imsi.belongs_to(Plmn("310", "411"))


def test_imsi_is_masked_but_for_network_and_end():
    imsi = Imsi("001010000000001")

    assert str(imsi) == "001010000000001"
    assert imsi.mask() == "00101…01"


@pytest.mark.parametrize("digits", ["12", "1" * 16, "+4915112", "", FOREIGN_DIGITS])
def test_what_is_no_msisdn_is_refused(digits):
    with pytest.raises(InvalidValue, match="not an MSISDN") as refusal:
        Msisdn(digits)

    assert refusal.value.field == "msisdn"


@pytest.mark.parametrize("text", ["+1 555 010-0001", " 15550100001 ", "1.555.010(0001)"])
def test_msisdn_is_read_as_people_write_it(text):
    assert Msisdn.parse(text) == Msisdn("15550100001")


def test_second_plus_sign_is_no_msisdn():
    with pytest.raises(InvalidValue):
        Msisdn.parse("++1555")


def test_msisdn_is_sent_as_tbcd_and_masked():
    msisdn = Msisdn("15550100001")

    assert msisdn.encode().hex() == "5155100000f1"
    assert (str(msisdn), msisdn.mask()) == ("15550100001", "155…01")


@pytest.mark.parametrize("digits", ["89" + "1" * 15, "89" + "1" * 19, "8a" + "1" * 17])
def test_iccid_of_impossible_length_is_refused(digits):
    with pytest.raises(InvalidValue, match="18 to 20 digits"):
        Iccid(digits)


def test_iccid_of_another_industry_is_refused():
    with pytest.raises(InvalidValue, match="begins with 89"):
        Iccid("88" + "1" * 17)


def test_iccid_of_a_vendors_file_loses_blanks_and_filler():
    iccid = Iccid.parse(" 8949 4400 0000 1155 314f ")

    assert str(iccid) == "8949440000001155314"


def test_iccid_without_check_digit_is_taken_and_told():
    iccid = Iccid("894944000000115531")

    assert not iccid.has_valid_check_digit()


@pytest.mark.parametrize(
    ("tac", "serial", "version"),
    [
        ("4901542", "323751", ""),
        ("49015420", "32375", ""),
        ("4901542x", "323751", ""),
        ("49015420", "323751", "1"),
        ("49015420", "323751", "xx"),
    ],
)
def test_impossible_parts_of_an_imei_are_refused(tac, serial, version):
    with pytest.raises(InvalidValue, match="not an IMEI"):
        Imei(tac, serial, version)


@pytest.mark.parametrize("text", ["", "4901542032375", "49015420323751812", "49015420323751x"])
def test_what_is_no_imei_is_refused(text):
    with pytest.raises(InvalidValue, match="14 to 16 digits"):
        Imei.parse(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("49015420323751", "490154203237518"),
        ("490154203237510", "490154203237518"),
        ("4901542032375107", "4901542032375107"),
        ("49-015420-323751-8", "490154203237518"),
    ],
)
def test_imei_is_read_with_and_without_check_digit(text, shown):
    assert str(Imei.parse(text)) == shown


def test_device_is_the_same_whatever_its_software():
    imei, imeisv = Imei.parse("490154203237518"), Imei.parse("4901542032375107")

    assert imei.is_same_device(imeisv)
    assert not imei.is_same_device(Imei.parse("352099001761481"))


@pytest.mark.parametrize("row", VECTORS["eid"], ids=lambda row: row["eid"])
def test_check_digits_of_an_eid_equal_the_vector(row):
    eid = Eid(row["base30"] + eid_check_digits(row["base30"]))

    assert str(eid) == row["eid"]


def test_wrong_check_digits_of_an_eid_are_refused():
    with pytest.raises(InvalidValue, match="check digits"):
        Eid("89049032123451234512345678901236")


@pytest.mark.parametrize("digits", ["8904903212345123451234567890123", "x" * 32])
def test_what_is_no_eid_is_refused(digits):
    with pytest.raises(InvalidValue, match="32 digits"):
        Eid(digits)


def test_base_of_an_eid_has_digits_only():
    with pytest.raises(InvalidValue, match="digits only"):
        eid_check_digits("89x")
