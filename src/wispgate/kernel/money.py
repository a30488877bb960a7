"""Amounts of money: a Decimal with its currency, exact until it is rounded on purpose."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Self

from wispgate.kernel.errors import InvalidValue

# ISO 4217: currencies whose minor unit is not a hundredth.
_WITHOUT_MINOR_UNIT = (
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
    *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
)
_WITH_THOUSANDTHS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_EXPONENTS = dict.fromkeys(_WITHOUT_MINOR_UNIT, 0) | dict.fromkeys(_WITH_THOUSANDTHS, 3)

# The store keeps numeric(20,6).
LEDGER_DECIMALS = 6
LEDGER_QUANTUM = Decimal(1).scaleb(-LEDGER_DECIMALS)
_LEDGER_INTEGER_DIGITS = 14

_CURRENCY = re.compile(r"[A-Z]{3}")
_AMOUNT = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?(E[+-]?[0-9]{1,2})?")


class CurrencyMismatch(InvalidValue):
    code = "currency_mismatch"


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount. Sums of different currencies are refused, floats never get in."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"Money takes a Decimal, not {type(self.amount).__name__}")
        if not self.amount.is_finite():
            raise InvalidValue(f"not an amount of money: {self.amount}", field="amount")
        if not _CURRENCY.fullmatch(self.currency):
            raise InvalidValue(f"not an ISO 4217 currency: {self.currency!r}", field="currency")

    @classmethod
    def parse(cls, amount: str, currency: str) -> Self:
        """From decimal text in major units: Money.parse("10.00", "EUR")."""
        # Decimal alone would take "1_0", digits of other scripts and what no ledger can hold.
        if not _AMOUNT.fullmatch(amount):
            raise InvalidValue(f"not an amount of money: {amount!r}", field="amount")
        value = Decimal(amount)
        if value and value.adjusted() >= _LEDGER_INTEGER_DIGITS:
            raise InvalidValue(f"more money than a ledger holds: {amount}", field="amount")
        return cls(value, currency)

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(Decimal(0), currency)

    @property
    def exponent(self) -> int:
        """Decimal places of the currency's minor unit."""
        return currency_exponent(self.currency)

    def rounded(self) -> Self:
        """Half up to the minor unit: once per invoice line, after multiplying."""
        quantum = Decimal(1).scaleb(-self.exponent)
        return type(self)(self.amount.quantize(quantum, ROUND_HALF_UP), self.currency)

    def __add__(self, other: Self) -> Self:
        return type(self)(self.amount + self._same_currency(other), self.currency)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.amount - self._same_currency(other), self.currency)

    def __mul__(self, factor: int | Decimal) -> Self:
        return type(self)(self.amount * factor, self.currency)

    def __neg__(self) -> Self:
        return type(self)(-self.amount, self.currency)

    def __lt__(self, other: Self) -> bool:
        return self.amount < self._same_currency(other)

    def __le__(self, other: Self) -> bool:
        return self.amount <= self._same_currency(other)

    def __bool__(self) -> bool:
        return self.amount != 0

    def __str__(self) -> str:
        return f"{self.rounded().amount:f} {self.currency}"

    def _same_currency(self, other: Self) -> Decimal:
        if other.currency != self.currency:
            raise CurrencyMismatch(
                f"{self.currency} and {other.currency} do not add", field="currency"
            )
        return other.amount


def currency_exponent(currency: str) -> int:
    """Decimal places of a currency's minor unit (ISO 4217): 0, 2 or 3."""
    return _EXPONENTS.get(currency, 2)
