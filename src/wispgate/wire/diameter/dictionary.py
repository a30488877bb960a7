"""What AVPs, commands, applications and codes are called, of which type, and where they may stand.

The tables are data of this package, made by tools/make_dictionary.py. They are read when first
asked for; a definition is made when its AVP is first met.

An AVP is known by its key, vendor << 32 | code. Sixteen names belong to more than one AVP. The
plain name is that of the AVP our interfaces use (Service-Type is 0/6, SIP-Method 10415/824);
the others are reached by interface or vendor, such as "S6a:Service-Type" or "0:SIP-Method".
"User-Data" and "3GPP-PS-Data-Off-Status" have no plain owner: say "Cx:User-Data", "Sh:User-Data".
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from wispgate.wire.diameter.errors import UnknownAvpName
from wispgate.wire.diameter.types import AvpType

FLAG_VENDOR: Final = 0x80
FLAG_MANDATORY: Final = 0x40

_DATA: Final = Path(__file__).parent / "data"
_TYPES = {chr(ord("a") + kind): kind for kind in AvpType}


@dataclass(frozen=True, slots=True)
class Definition:
    """One AVP of the dictionary. `m_rule`: m must, o may, n must not be set when we send."""

    key: int
    name: str
    qualified_name: str
    type: AvpType
    m_rule: str

    @property
    def code(self) -> int:
        return self.key & 0xFFFFFFFF

    @property
    def vendor_id(self) -> int:
        return self.key >> 32

    @property
    def is_grouped(self) -> bool:
        return self.type is AvpType.GROUPED

    @property
    def flags(self) -> int:
        """The flag octet with which we send it: M only where the specification says must."""
        vendor = FLAG_VENDOR if self.key >> 32 else 0
        return vendor | (FLAG_MANDATORY if self.m_rule == "m" else 0)


@dataclass(frozen=True, slots=True)
class Member:
    """A position in a grammar; `maximum` None is without limit."""

    key: int
    minimum: int
    maximum: int | None


@dataclass(frozen=True, slots=True)
class Grammar:
    """The positions of a command or group. What else comes along is allowed as well.

    `required` and `limits` (key to maximum) say the same again for those who check messages.
    """

    members: tuple[Member, ...]
    required: tuple[Member, ...]
    limits: dict[int, int]


@dataclass(frozen=True, slots=True)
class CommandGrammar:
    """A command as one application has it."""

    application_id: int
    code: int
    is_request: bool
    interface: str
    abbreviation: str
    is_proxiable: bool
    grammar: Grammar


def avp_key(vendor_id: int, code: int) -> int:
    return vendor_id << 32 | code


def find_definition(key: int) -> Definition | None:
    """The AVP's definition, or None for one that the dictionary does not know."""
    # An attacker may send any key: only what exists is remembered.
    definition = _definitions.get(key)
    return definition if definition is not None else _make_definition(key)


def get_definition(name: str) -> Definition:
    """By name, plain or qualified. Raises UnknownAvpName, for names with several meanings too."""
    # Names are made of the rows that definitions are made of.
    return cast(Definition, find_definition(key_of(name)))


def key_of(name: str) -> int:
    """The key of a name, plain or qualified. Raises UnknownAvpName."""
    key = _keys_by_name().get(name)
    if key is None:
        forms = [q for q in _tables("avps")["qualified"].values() if q.endswith(f":{name}")]
        hint = f": say {' or '.join(forms)}" if forms else ""
        raise UnknownAvpName(f"no single AVP is named {name!r}{hint}")
    return key


def value_name(key: int, value: int) -> str | None:
    """The name of a value of an Enumerated AVP."""
    named: dict[str, str] = _tables("values")["values"].get(_text_key(key), {})
    return named.get(str(value))


def value_of(key: int, name: str) -> int | None:
    """The value that has this name in an Enumerated AVP."""
    named: dict[str, str] = _tables("values")["values"].get(_text_key(key), {})
    return next((int(value) for value, known in named.items() if known == name), None)


def vendor_name(vendor_id: int) -> str | None:
    return _name("vendors", vendor_id)


def application_name(application_id: int) -> str | None:
    return _name("applications", application_id)


def command_name(code: int) -> str | None:
    return _name("commands", code)


def result_code_name(code: int) -> str | None:
    return _name("result_codes", code)


def experimental_result_code_name(vendor_id: int, code: int) -> str | None:
    """Known for 3GPP (10415) and ETSI (13019)."""
    names: dict[str, str] = _tables("names").get(f"experimental_{vendor_id}", {})
    return names.get(str(code))


def find_command(application_id: int, code: int, *, is_request: bool) -> CommandGrammar | None:
    """The grammar of a command in an application, or None if there is none."""
    return _commands().get((application_id, code, is_request))


def list_commands() -> list[CommandGrammar]:
    return list(_commands().values())


def has_application(application_id: int) -> bool:
    """Whether any command of the application has a grammar here."""
    return application_id in _application_ids()


def find_group(key: int) -> Grammar | None:
    """The grammar of a Grouped AVP, or None where none is known."""
    grammar = _groups.get(key)
    if grammar is None:
        rows = _tables("grammars")["groups"].get(_text_key(key))
        if rows is None:
            return None
        grammar = _groups[key] = _make_grammar(rows)
    return grammar


def grammar_of(members: tuple[Member, ...]) -> Grammar:
    """The grammar with these positions."""
    return Grammar(
        members,
        tuple(m for m in members if m.minimum),
        {m.key: m.maximum for m in members if m.maximum is not None},
    )


def list_keys() -> list[int]:
    """The keys of all AVPs, those of other vendors included."""
    tables = _tables("avps")
    return [_key(text) for table in ("avps", "other_vendors") for text in tables[table]]


_definitions: dict[int, Definition] = {}
_groups: dict[int, Grammar] = {}


@cache
def _tables(name: str) -> dict[str, Any]:
    tables: dict[str, Any] = json.loads((_DATA / f"{name}.json").read_bytes())
    return tables


def _make_definition(key: int) -> Definition | None:
    tables, text = _tables("avps"), _text_key(key)
    row: str | None = tables["avps"].get(text) or tables["other_vendors"].get(text)
    if row is None:
        return None
    name = row[2:]
    qualified = tables["qualified"].get(text, name)
    definition = Definition(key, name, qualified, _TYPES[row[0]], row[1])
    _definitions[key] = definition
    return definition


@cache
def _keys_by_name() -> dict[str, int]:
    tables = _tables("avps")
    qualified: dict[str, str] = tables["qualified"]
    return {qualified.get(text, row[2:]): _key(text) for text, row in tables["avps"].items()}


@cache
def _commands() -> dict[tuple[int, int, bool], CommandGrammar]:
    commands = {}
    for row in _tables("grammars")["commands"]:
        application_id, code, is_request, interface, abbreviation, is_proxiable, members = row
        commands[application_id, code, bool(is_request)] = CommandGrammar(
            application_id,
            code,
            bool(is_request),
            interface,
            abbreviation,
            bool(is_proxiable),
            _make_grammar(members),
        )
    return commands


@cache
def _application_ids() -> frozenset[int]:
    return frozenset(application_id for application_id, _, _ in _commands())


def _make_grammar(rows: list[list[int]]) -> Grammar:
    return grammar_of(tuple(Member(avp_key(row[0], row[1]), row[2], row[3]) for row in rows))


def _name(table: str, code: int) -> str | None:
    names: dict[str, str] = _tables("names")[table]
    return names.get(str(code))


def _text_key(key: int) -> str:
    return f"{key >> 32}:{key & 0xFFFFFFFF}"


def _key(text: str) -> int:
    vendor_id, code = text.split(":")
    return avp_key(int(vendor_id), int(code))
