"""Money: exact, of one currency, and rounded only on purpose."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.money import CurrencyMismatch, Money, currency_exponent

AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=6)


def euros(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


@pytest.mark.parametrize("amount", [1, 1.5, "1.00"])
def test_only_a_decimal_is_an_amount(amount):
    with pytest.raises(TypeError, match="takes a Decimal"):
        Money(amount, "EUR")


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_not_finite_is_no_money(amount):
    with pytest.raises(InvalidValue, match="not an amount") as refusal:
        Money(Decimal(amount), "EUR")

    assert refusal.value.field == "amount"


@pytest.mark.parametrize("currency", ["eur", "EU", "EURO", "E1R", "ÄÖÜ", ""])
def test_what_is_no_currency_is_refused(currency):
    with pytest.raises(InvalidValue, match="ISO 4217") as refusal:
        Money(Decimal(1), currency)

    assert refusal.value.field == "currency"


@pytest.mark.parametrize(
    "text", ["10.00", "-0.000001", "+5", "0E-7", "1E+3", "99999999999999.999999"]
)
def test_amount_is_read_exactly(text):
    assert Money.parse(text, "EUR").amount == Decimal(text)


@pytest.mark.parametrize(
    "text", ["", "ten", "1,00", "1_000", " 1", "1\n", "NaN", "\u0661", "1e3", ".5", "1."]
)
def test_text_that_is_no_amount_is_refused(text):
    with pytest.raises(InvalidValue, match="not an amount"):
        Money.parse(text, "EUR")


@pytest.mark.parametrize("text", ["100000000000000", "-1E+14", "1E+99"])
def test_amount_beyond_the_ledger_is_refused(text):
    with pytest.raises(InvalidValue, match="more money than a ledger holds"):
        Money.parse(text, "EUR")


@given(AMOUNTS)
def test_amount_comes_back_from_its_text(amount):
    assert Money.parse(str(amount), "EUR").amount == amount


@pytest.mark.parametrize(
    ("currency", "exponent"),
    [("EUR", 2), ("USD", 2), ("JPY", 0), ("KRW", 0), ("XAF", 0), ("KWD", 3), ("TND", 3)],
)
def test_currency_has_its_minor_unit(currency, exponent):
    assert currency_exponent(currency) == exponent
    assert Money.zero(currency).exponent == exponent


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("0.125", "EUR", "0.13"),
        ("-0.125", "EUR", "-0.13"),
        ("0.124999", "EUR", "0.12"),
        ("0.5", "JPY", "1"),
        ("1.0005", "KWD", "1.001"),
    ],
)
def test_half_a_minor_unit_is_rounded_up(amount, currency, rounded):
    money = Money.parse(amount, currency)

    assert money.rounded() == Money.parse(rounded, currency)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("10", "EUR", "10.00 EUR"),
        ("0.125", "EUR", "0.13 EUR"),
        ("10.4", "JPY", "10 JPY"),
        ("1E+3", "KWD", "1000.000 KWD"),
    ],
)
def test_text_shows_the_rounded_amount(amount, currency, shown):
    assert str(Money.parse(amount, currency)) == shown


@given(AMOUNTS, AMOUNTS)
def test_what_is_added_can_be_taken_away(a, b):
    first, second = Money(a, "EUR"), Money(b, "EUR")

    assert first + second - second == first
    assert first - second == -(second - first)


def test_amount_is_multiplied_by_numbers_only():
    price = euros("9.99")

    assert price * 3 == euros("29.97")
    assert price * Decimal("0.5") == euros("4.995")
    with pytest.raises(TypeError):
        price * 0.5


def test_amounts_are_ordered():
    small, large = euros("1.00"), euros("2")

    assert small < large
    assert small <= euros("1")
    assert large > small
    assert large >= small


def test_nothing_is_false_and_debt_is_true():
    assert not Money.zero("EUR")
    assert euros("-0.01")


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__"])
def test_amounts_of_two_currencies_do_not_mix(operation):
    with pytest.raises(CurrencyMismatch, match="EUR and USD do not add"):
        getattr(euros("1"), operation)(Money(Decimal(1), "USD"))
