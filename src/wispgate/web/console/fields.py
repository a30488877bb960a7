"""Fields of forms: what is asked, what was given, and what is wrong with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from wispgate.kernel.errors import InvalidValue

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Option:
    """One of several to choose from; `note` says what choosing it means."""

    value: str
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question. `kind`: text, digits, password, choice (radio buttons), select or check."""

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    hint: str = ""
    options: Sequence[Option] = ()
    is_required: bool = True
    error: str = ""
    most: int = 200


def filled(
    fields: Sequence[Field], given: Mapping[str, str], errors: Mapping[str, str] | None = None
) -> list[Field]:
    """The fields with what was typed, which a form keeps, and with what is wrong."""
    wrong = errors or {}
    return [
        replace(field, value=given.get(field.name, ""), error=wrong.get(field.name, ""))
        for field in fields
    ]


class Reader:
    """Reads what was given, field by field, and collects all that is wrong instead of the first."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = given
        self.errors: dict[str, str] = {}

    def text(self, name: str) -> str:
        return self.given.get(name, "").strip()

    def read(self, name: str, parse: Callable[[str], Value], default: Value) -> Value:
        """The parsed value; `default` stands in for one that is wrong, which is remembered."""
        try:
            return parse(self.text(name))
        except InvalidValue as error:
            self.errors[name] = error.message
            return default


def positive(text: str) -> int:
    """A whole number from 1 to nine digits."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text)):
        raise InvalidValue("a whole number, one at least")
    return int(text)
