"""Reads the vector files beside it and single cases of `tests/data/cases`."""

import json
from functools import cache
from pathlib import Path
from typing import Any

_VECTORS = Path(__file__).parent
_CASES = _VECTORS.parent / "cases"


@cache
def load(name: str) -> dict[str, Any]:
    """The vector file `name`.json."""
    return json.loads((_VECTORS / f"{name}.json").read_text())


@cache
def hss_case(identifier: str) -> dict[str, Any]:
    """One case of examples_policy_hss.json, such as "POL-004"."""
    cases = json.loads((_CASES / "examples_policy_hss.json").read_text())["cases"]
    return next(case for case in cases if case["id"] == identifier)


def octets(row: dict[str, Any], *names: str) -> tuple[bytes, ...]:
    """Hexadecimal fields of a row as octets."""
    return tuple(bytes.fromhex(row[name]) for name in names)


def number(row: dict[str, Any], name: str) -> int:
    """A hexadecimal field of a row as an integer: SQN, AMF and AK are added bit by bit."""
    return int(row[name], 16)
