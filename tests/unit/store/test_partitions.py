"""Names of hot partitions, and where new accounts go."""

from collections import Counter
from uuid import UUID

import pytest

from wispgate.kernel.errors import InvalidValue
from wispgate.store import partitions


@pytest.mark.parametrize(("number", "name"), [(0, "hot_00"), (9, "hot_09"), (63, "hot_63")])
def test_a_partition_has_the_schema_of_its_number(number: int, name: str) -> None:
    assert partitions.schema_of(number) == name
    assert partitions.search_path_of(number) == f"{name}, public"


@pytest.mark.parametrize("number", [-1, 64])
def test_a_number_out_of_range_has_no_schema(number: int) -> None:
    with pytest.raises(InvalidValue):
        partitions.schema_of(number)


def test_new_accounts_spread_over_all_partitions() -> None:
    accounts = [
        UUID(int=0x0190_0000 << 96 | 7 << 76 | n * 2654435761 % (1 << 62)) for n in range(6400)
    ]

    counts = Counter(partitions.partition_for(account, partitions=64) for account in accounts)

    assert set(counts) == set(range(64))
    assert max(counts.values()) < 200
    assert partitions.partition_for(accounts[0], partitions=1) == 0
