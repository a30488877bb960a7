"""Makes the Diameter dictionary that the package carries out of tables of protocol facts.

    python tools/make_dictionary.py SOURCE [TARGET]

SOURCE holds avps.csv, avps_other_vendors.csv, enums.csv, vendors.csv, applications.csv,
commands.csv, command_codes_all.csv, result_codes.csv and grammars/grammar.json. TARGET is
src/wispgate/wire/diameter/data. The output is committed; run this again when a table changes.
"""

import csv
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "src/wispgate/wire/diameter/data"

# One letter per type: the order of wispgate.wire.diameter.types.AvpType.
TYPES = [
    "OctetString",
    "Integer32",
    "Integer64",
    "Unsigned32",
    "Unsigned64",
    "Float32",
    "Float64",
    "Grouped",
    "Address",
    "Time",
    "UTF8String",
    "DiameterIdentity",
    "DiameterURI",
    "Enumerated",
    "IPFilterRule",
    "QoSFilterRule",
]
M_RULES = {"must": "m", "may": "o", "mustnot": "n", "": "o"}

# Names that two AVPs of the main tables share. The plain name goes to the AVP that our
# interfaces use; to none (None) where two of our interfaces mean different AVPs by it. The
# others are reached by the qualified name.
PLAIN_OWNERS: dict[str, tuple[int, int] | None] = {
    "Service-Type": (0, 6),
    "Filter-Id": (0, 11),
    "Termination-Cause": (0, 295),
    "MAC-Address": (0, 524),
    "SIP-Auth-Data-Item": (10415, 612),
    "SIP-Authentication-Scheme": (10415, 608),
    "SIP-Item-Number": (10415, 613),
    "SIP-Authenticate": (10415, 609),
    "SIP-Authorization": (10415, 610),
    "SIP-Number-Auth-Items": (10415, 607),
    "SIP-Method": (10415, 824),
    "Allocation-Retention-Priority": (10415, 1034),
    "Announcement-Order": (10415, 3906),
    "Radio-Frequency": (10415, 3508),
    "User-Data": None,
    "3GPP-PS-Data-Off-Status": None,
}
QUALIFIERS = {
    (10415, 606): "Cx",
    (10415, 702): "Sh",
    (10415, 1483): "S6a",
    (10415, 2548): "SLg",
    (10415, 2847): "Gx",
    (10415, 4406): "Ro",
}

# Positions where the grammar resolved a shared name to the wrong AVP: (group, member name).
CORRECTED_MEMBERS = {
    (3813, "Filter-Id"): (10415, 3805),
    (3821, "MAC-Address"): (10415, 3806),
    (3441, "Radio-Frequency"): (10415, 3462),
    (3461, "Radio-Frequency"): (10415, 3462),
    (376, "SIP-Authentication-Scheme"): (0, 377),
    (376, "SIP-Item-Number"): (0, 378),
    (376, "SIP-Authenticate"): (0, 379),
    (376, "SIP-Authorization"): (0, 380),
}

Key = tuple[int, int]
Member = list[int | None]


def main(arguments: list[str]) -> int:
    if len(arguments) not in (1, 2):
        print(__doc__)
        return 2
    source = Path(arguments[0])
    target = Path(arguments[1]) if len(arguments) == 2 else TARGET
    target.mkdir(parents=True, exist_ok=True)
    for name, content in (
        ("avps", make_avps(source)),
        ("values", make_values(source)),
        ("names", make_names(source)),
        ("grammars", make_grammars(source)),
    ):
        size = write(target / f"{name}.json", content)
        print(f"{name}.json: {size} octets")
    return 0


def write(path: Path, content: dict[str, Any]) -> int:
    """Compact, but one row per line at the second level, so that changes can be read."""
    sections = []
    for name, rows in content.items():
        if isinstance(rows, dict):
            lines = [f"{json.dumps(k)}:{compact(v)}" for k, v in rows.items()]
            sections.append(f"{json.dumps(name)}:{{\n" + ",\n".join(lines) + "\n}")
        else:
            sections.append(f"{json.dumps(name)}:[\n" + ",\n".join(map(compact, rows)) + "\n]")
    return path.write_text("{" + ",\n".join(sections) + "}\n", encoding="utf-8")


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def rows_of(source: Path, name: str) -> Iterator[dict[str, str]]:
    with (source / name).open(newline="", encoding="utf-8") as table:
        yield from csv.DictReader(table)


# --- AVPs ---------------------------------------------------------------------------------


def make_avps(source: Path) -> dict[str, Any]:
    """ "vendor:code" -> type, M rule, name in one string, type and rule as one letter each.

    Those of other vendors are for decoding only: they have no names to encode by.
    """
    main_rows = list(rows_of(source, "avps.csv"))
    others = list(rows_of(source, "avps_other_vendors.csv"))
    return {
        "avps": {avp_key(row): avp_row(row) for row in sorted(main_rows, key=sort_key)},
        "other_vendors": {avp_key(row): avp_row(row) for row in sorted(others, key=sort_key)},
        "qualified": qualified_names(main_rows),
    }


def sort_key(row: dict[str, str]) -> Key:
    return int(row["vendor_id"]), int(row["code"])


def avp_key(row: dict[str, str]) -> str:
    return f"{row['vendor_id']}:{row['code']}"


def avp_row(row: dict[str, str]) -> str:
    kind = TYPES.index(row["type"]) if row["type"] in TYPES else 0
    return f"{chr(ord('a') + kind)}{M_RULES[row['m_bit']]}{row['name']}"


def qualified_names(rows: list[dict[str, str]]) -> dict[str, str]:
    """ "vendor:code" -> qualified name for every AVP whose plain name belongs to another."""
    keys: dict[str, list[Key]] = defaultdict(list)
    for row in rows:
        keys[row["name"]].append((int(row["vendor_id"]), int(row["code"])))
    qualified = {}
    for name, sharing in keys.items():
        if len(sharing) == 1:
            continue
        for key in sharing:
            if key != PLAIN_OWNERS[name]:
                qualified[f"{key[0]}:{key[1]}"] = f"{QUALIFIERS.get(key, key[0])}:{name}"
    return qualified


# --- names of values, vendors, applications, commands, result codes --------------------------


def make_values(source: Path) -> dict[str, Any]:
    values: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows_of(source, "enums.csv"):
        values[f"{row['vendor_id']}:{row['code']}"].setdefault(row["value"], row["name"])
    return {"values": dict(values)}


def make_names(source: Path) -> dict[str, Any]:
    codes = {r["code"]: r["name"] for r in rows_of(source, "command_codes_all.csv")}
    codes |= {r["code"]: r["name"] for r in rows_of(source, "commands.csv")}
    return {
        "vendors": {r["vendor_id"]: r["name"] for r in rows_of(source, "vendors.csv")},
        "applications": {r["app_id"]: r["name"] for r in rows_of(source, "applications.csv")},
        "commands": {code: codes[code] for code in sorted(codes, key=int)},
        "result_codes": result_code_names(source, "Result-Code (268)"),
        "experimental_10415": result_code_names(
            source, "Experimental-Result-Code (298), vendor 10415"
        ),
        "experimental_13019": result_code_names(
            source, "Experimental-Result-Code (298), vendor 13019"
        ),
    }


def result_code_names(source: Path, carrier: str) -> dict[str, str]:
    names: dict[str, str] = {}
    for row in rows_of(source, "result_codes.csv"):
        if row["carried_in"] == carrier:
            names.setdefault(row["code"], row["name"].replace(" ", "_"))
    return names


# --- grammars ---------------------------------------------------------------------------------


def make_grammars(source: Path) -> dict[str, Any]:
    """Members are [vendor, code, min, max]; max is null where there is no limit.

    Variants (of a release, of an interface) are merged so that what any of them allows is
    allowed: the smallest minimum and the largest maximum.
    """
    grammar = json.loads((source / "grammars/grammar.json").read_text(encoding="utf-8"))
    for group in grammar["groups"]:
        correct(group)
    return {
        "commands": make_commands(grammar["commands"]),
        "groups": {
            f"{group['vendor_id']}:{group['code']}": merge(v["avps"] for v in group["variants"])
            for group in sorted(grammar["groups"], key=lambda g: (g["vendor_id"], g["code"]))
        },
    }


def correct(group: dict[str, Any]) -> None:
    for variant in group["variants"]:
        for member in variant["avps"]:
            key = CORRECTED_MEMBERS.get((group["code"], member["name"]))
            if key is not None:
                member["vendor_id"], member["code"] = key


def make_commands(commands: list[dict[str, Any]]) -> list[list[Any]]:
    """[application, code, is_request, interface, abbreviation, is_proxiable, members]."""
    variants: dict[tuple[int, int, bool], list[dict[str, Any]]] = defaultdict(list)
    for command in commands:
        variants[command["app_id"], command["code"], command["request"]].append(command)
    rows = []
    for (application, code, is_request), sharing in sorted(variants.items()):
        first = next((c for c in sharing if c["interface"] != "CC"), sharing[0])
        rows.append(
            [
                application,
                code,
                int(is_request),
                first["interface"],
                first["abbrev"],
                int("PXY" in first["flags"]),
                merge(c["avps"] for c in sharing),
            ]
        )
    return rows


def merge(variants: Iterable[list[dict[str, Any]]]) -> list[Member]:
    variants = list(variants)
    merged: dict[Key, Member] = {}
    for variant in variants:
        for member in variant:
            if member.get("code") is None:  # *[ AVP ], or a name that no table resolves
                continue
            key = (member["vendor_id"], member["code"])
            low, high = bounds_of(key, variants)
            merged.setdefault(key, [*key, low, high])
    return list(merged.values())


def bounds_of(key: Key, variants: list[list[dict[str, Any]]]) -> tuple[int, int | None]:
    lows: list[int] = []
    highs: list[int | None] = []
    for variant in variants:
        found = [m for m in variant if (m.get("vendor_id"), m.get("code")) == key]
        lows.append(min((m["min"] for m in found), default=0))
        highs.extend(m["max"] for m in found)
    return min(lows), None if None in highs else max(h for h in highs if h is not None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
