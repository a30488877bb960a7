"""The cache before the directory: found once, forgotten on demand, absence never kept."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from wispgate.store.directory import Directory, Identity, Place
from wispgate.store.hot import HotStore

CORE = UUID(int=7)


class Table:
    """Stands for the identity table; counts how often it is asked."""

    def __init__(self, **lines: int) -> None:
        self.lines = lines
        self.questions: list[tuple[str, tuple[str, ...]]] = []

    @property
    def public(self) -> "Table":
        return self

    async def fetch(self, name: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        assert name == "find_identities"
        self.questions.append((values["kind"], tuple(values["values"])))
        return [
            {
                "core_id": core_id, "value": value, "operator_id": UUID(int=1),
                "account_id": UUID(int=2), "partition": 0,
                "line_id": UUID(int=self.lines[f"{values['kind']}_{value}"]),
            }
            for core_id, value in zip(values["core_ids"], values["values"], strict=True)
            if f"{values['kind']}_{value}" in self.lines
        ]  # fmt: skip


def a_directory(table: Table, capacity: int = 100) -> Directory:
    return Directory(cast(HotStore, table), capacity=capacity)


def imsi(value: str) -> Identity:
    return Identity(CORE, "imsi", value)


def line_of(place: Place | None) -> int:
    return 0 if place is None else place.line_id.int


async def test_a_place_is_looked_up_once() -> None:
    table = Table(imsi_1=11)
    directory = a_directory(table)

    found = [await directory.find(imsi("1")) for _ in range(3)]

    assert [line_of(place) for place in found] == [11, 11, 11]
    assert table.questions == [("imsi", ("1",))]
    assert line_of(directory.find_known(imsi("1"))) == 11


async def test_what_does_not_exist_is_asked_again() -> None:
    table = Table()
    directory = a_directory(table)
    before = await directory.find(imsi("1"))
    table.lines["imsi_1"] = 11

    after = await directory.find(imsi("1"))

    assert (line_of(before), line_of(after)) == (0, 11)


async def test_what_is_forgotten_is_looked_up_anew() -> None:
    table = Table(imsi_1=11)
    directory = a_directory(table)
    await directory.find(imsi("1"))
    table.lines["imsi_1"] = 12

    directory.forget(imsi("1"))
    directory.forget(imsi("unknown"))

    assert directory.find_known(imsi("1")) is None
    assert line_of(await directory.find(imsi("1"))) == 12


async def test_questions_of_one_moment_go_together_by_kind() -> None:
    table = Table(imsi_1=11, imsi_2=12, msisdn_1=13)
    directory = a_directory(table)
    wanted = [imsi("1"), Identity(CORE, "msisdn", "1"), imsi("2"), imsi("3")]

    found = await asyncio.gather(*(directory.find(identity) for identity in wanted))

    assert [line_of(place) for place in found] == [11, 13, 12, 0]
    assert sorted(table.questions) == [("imsi", ("1", "2", "3")), ("msisdn", ("1",))]


async def test_what_was_not_asked_for_long_makes_room() -> None:
    table = Table(imsi_1=11, imsi_2=12, imsi_3=13)
    directory = a_directory(table, capacity=2)
    await directory.find(imsi("1"))
    await directory.find(imsi("2"))
    directory.find_known(imsi("1"))

    await directory.find(imsi("3"))

    assert directory.find_known(imsi("1")) is not None
    assert directory.find_known(imsi("2")) is None
