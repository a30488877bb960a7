"""The vault keeps few credentials and mixes up none."""

import pytest

from wispgate.domain.authentication.keys import AlgorithmName, KeyMaterial
from wispgate.domain.authentication.milenage import Milenage
from wispgate.domain.authentication.vault import Vault
from wispgate.kernel.errors import InvalidValue

KEYS = KeyMaterial(AlgorithmName.MILENAGE, b"k" * 16, b"o" * 16, 0x9001)
SEALED = b"as it stands in the database"


def test_kept_credential_works_like_the_keys():
    vault = Vault()

    credential = vault.keep_credential(SEALED, KEYS.encode(), bound_to="card")

    expected = Milenage(KEYS.k, KEYS.opc).challenge(bytes(16), 32, 0x9001)
    assert credential.algorithm.challenge(bytes(16), 32, credential.amf) == expected


def test_what_was_kept_is_found_and_nothing_else():
    vault = Vault()

    kept = vault.keep_credential(SEALED, KEYS.encode(), bound_to="card")

    assert vault.find_credential(SEALED, bound_to="card") is kept
    assert vault.find_credential(b"sealed anew", bound_to="card") is None
    assert len(vault) == 1


def test_kept_credential_is_not_given_to_another_owner():
    vault = Vault()
    vault.keep_credential(SEALED, KEYS.encode(), bound_to="card")

    assert vault.find_credential(SEALED, bound_to="thief") is None


def test_least_recently_used_credential_goes_first():
    vault = Vault(capacity=2)
    kept = {owner: vault.keep_credential(SEALED, KEYS.encode(), bound_to=owner) for owner in "ab"}

    vault.find_credential(SEALED, bound_to="a")
    vault.keep_credential(SEALED, KEYS.encode(), bound_to="c")

    assert len(vault) == 2
    assert vault.find_credential(SEALED, bound_to="a") is kept["a"]
    assert vault.find_credential(SEALED, bound_to="b") is None


def test_sealed_nonsense_is_refused_and_not_kept():
    vault = Vault()

    with pytest.raises(InvalidValue, match="cut short"):
        vault.keep_credential(SEALED, b"no", bound_to="card")

    assert len(vault) == 0


def test_vault_that_keeps_nothing_is_refused():
    with pytest.raises(InvalidValue, match="at least"):
        Vault(capacity=0)


def test_representation_counts_and_shows_no_secret():
    vault = Vault(capacity=5)

    assert repr(vault) == "Vault(0 of 5)"
