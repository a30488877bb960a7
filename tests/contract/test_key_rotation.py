"""What a new key of the vault finds in the database, and what keeps the old one from ending."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.contract.test_tenant_archive import fill_north
from tests.harness.databases import TestDatabase
from tests.unit.business.world import OPENING_KEY, World, card_file
from wispgate.business.approvals import services as approvals
from wispgate.business.operators import scope as scopes
from wispgate.business.operators import vault
from wispgate.business.tenants import rewrapping
from wispgate.business.tenants.archive import SEALED
from wispgate.domain.authentication import sealing
from wispgate.domain.authentication.sealing import OpeningKey, keyring
from wispgate.kernel.errors import Conflict, NotFound, Unavailable
from wispgate.main import key_rotation
from wispgate.main.settings import Settings

OLD = OPENING_KEY.sealing_key
NEW = OpeningKey(b"\x2a" * 32)
RING = keyring([OPENING_KEY])


def reseal(asked: Sequence[tuple[bytes, str]]) -> Sequence[bytes | str]:
    made: list[bytes | str] = []
    for sealed, owner in asked:
        try:
            made.append(sealing.reseal(RING, sealed, bound_to=owner, recipient=NEW.sealing_key))
        except ValueError as error:
            made.append(str(error))
    return made


def platform(world: World) -> scopes.Scope:
    with world.as_platform():
        return scopes.current()


def switch(world: World) -> scopes.Scope:
    with world.as_platform():
        vault.switch_to(NEW.sealing_key)
        return scopes.current()


def ids(counts: Any) -> set[str]:
    return set(counts)


def test_everything_that_is_sealed_is_sealed_anew_and_opens_as_before(
    world: World, database: TestDatabase
) -> None:
    fill_north(world, database)
    scope = platform(world)
    before = rewrapping.count_seals(scope)

    switch(world)
    outcome = rewrapping.rewrap(scope, NEW.sealing_key, reseal)

    after = rewrapping.count_seals(scope)
    old, new = OLD.key_id.hex(), NEW.sealing_key.key_id.hex()
    assert (ids(before), ids(after)) == ({old}, {new})
    assert before[old] == after[new]
    assert {table.partition(".")[2] for table in after[new]} == set(SEALED)
    assert (outcome.resealed, list(outcome.broken)) == (before[old].total(), [])
    with database.admin() as admin:
        found = admin.execute(
            "SELECT s.iccid, s.sealed_key, a.sealed_key FROM inventory_sim s "
            "JOIN hot_00.authentication a USING (iccid)"
        ).fetchall()
    assert found
    for iccid, in_stock, in_network in found:
        opened = [
            sealing.open_sealed(keyring([NEW]), bytes(sealed), bound_to=iccid)
            for sealed in (in_stock, in_network)
        ]
        assert opened[0] == opened[1]


def test_a_new_card_is_sealed_with_the_new_key(world: World, database: TestDatabase) -> None:
    world.stock(1)
    switch(world)
    world.stock(2)

    counts = rewrapping.count_seals(platform(world))

    assert ids(counts) == {OLD.key_id.hex(), NEW.sealing_key.key_id.hex()}


def test_a_seal_that_does_not_open_is_named_and_left(world: World, database: TestDatabase) -> None:
    world.stock(1, 2)
    with database.admin() as admin:
        admin.execute(
            "UPDATE inventory_sim SET iccid = '8949000000000000009' WHERE iccid = "
            "(SELECT min(iccid) FROM inventory_sim)"
        )
    scope = switch(world)

    outcome = rewrapping.rewrap(scope, NEW.sealing_key, reseal)

    assert any("inventory_sim.sealed_key of 8949000000000000009" in one for one in outcome.broken)
    assert rewrapping.count_seals(scope)[OLD.key_id.hex()]


def test_a_row_that_somebody_holds_is_not_waited_for_for_ever(
    world: World, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.stock(1, 2)
    scope = switch(world)
    monkeypatch.setattr(rewrapping, "_PASSES", 2)
    with database.admin() as holding, holding.transaction():
        holding.execute("SELECT 1 FROM inventory_sim ORDER BY iccid LIMIT 1 FOR UPDATE")

        with pytest.raises(Unavailable, match="held by somebody"):
            rewrapping.rewrap(scope, NEW.sealing_key, reseal)

    rewrapping.rewrap(scope, NEW.sealing_key, reseal)
    assert ids(rewrapping.count_seals(scope)) == {NEW.sealing_key.key_id.hex()}


def test_a_key_is_not_used_twice_nor_two_replaced_at_once(world: World) -> None:
    switch(world)

    with world.as_platform(), pytest.raises(Conflict, match="retiring"):
        vault.switch_to(OpeningKey(b"\x2b" * 32).sealing_key)
    with world.as_platform():
        vault.retire(OLD)
    with world.as_platform(), pytest.raises(Conflict, match="here already, or was"):
        vault.switch_to(OLD)
    with world.as_platform(), pytest.raises(NotFound):
        vault.retire(OLD)


def test_a_key_that_something_is_sealed_with_is_not_retired(world: World) -> None:
    world.stock(1)
    scope = switch(world)

    with pytest.raises(Conflict, match=r"is still needed: \d in public\.inventory_sim"):
        key_rotation.retire(Settings(), scope)


def test_a_tenant_seals_with_the_key_and_cannot_change_it(world: World) -> None:
    switch(world)

    with world.as_staff():
        assert vault.sealing_key() == NEW.sealing_key
        assert vault.is_known(OLD.key_id.hex())
        with pytest.raises(NotFound):
            vault.retire(OLD)


def test_a_process_that_lacks_the_new_key_keeps_it_from_being_used(
    world: World, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rotation, "_PATIENCE_SECONDS", 0)
    scope = platform(world)
    with database.connect("network") as network:
        network.execute(
            "INSERT INTO key_holder VALUES ('hss@10.0.0.1:3868', %s, %s)",
            [[OLD.key_id.hex()], scope.now],
        )

    with pytest.raises(Conflict, match=r"hss@10\.0\.0\.1:3868 cannot open seals"):
        key_rotation._require_held(scope, NEW.sealing_key)
    key_rotation._require_held(scope, OLD)


def test_cards_that_wait_for_a_second_person_keep_their_key(world: World) -> None:
    api = world.client()
    with world.as_staff():
        approvals.set_rule("sim.import", is_on=True, above=None, valid_hours=24)
    assert api.upload("/sims/import?name=May", card_file(7)).status == 202

    counts = rewrapping.count_seals(switch(world))

    assert counts[OLD.key_id.hex()]["imports that wait for approval"] == 1
