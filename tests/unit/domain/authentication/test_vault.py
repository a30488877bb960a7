"""The vault keeps few credentials and forgets nothing of what a seal promises."""

import pytest

from wispgate.domain.authentication.errors import OpeningKeyMissing, SealBroken
from wispgate.domain.authentication.keys import AlgorithmName, KeyMaterial
from wispgate.domain.authentication.milenage import Milenage
from wispgate.domain.authentication.sealing import OpeningKey, seal
from wispgate.domain.authentication.vault import Vault
from wispgate.kernel.errors import InvalidValue

OPENING_KEY = OpeningKey(b"\x07" * 32)
KEYS = KeyMaterial(AlgorithmName.MILENAGE, b"k" * 16, b"o" * 16, 0x9001)


def sealed_for(owner: str, plaintext: bytes = KEYS.encode()) -> bytes:
    return seal(OPENING_KEY.sealing_key, plaintext, bound_to=owner)


def test_opened_credential_works_like_the_keys():
    vault = Vault([OPENING_KEY])

    credential = vault.open_credential(sealed_for("card"), bound_to="card")

    expected = Milenage(KEYS.k, KEYS.opc).challenge(bytes(16), 32, 0x9001)
    assert credential.algorithm.challenge(bytes(16), 32, credential.amf) == expected


def test_second_opening_gives_the_kept_credential():
    vault, sealed = Vault([OPENING_KEY]), sealed_for("card")

    first = vault.open_credential(sealed, bound_to="card")

    assert vault.open_credential(sealed, bound_to="card") is first
    assert len(vault) == 1


def test_kept_credential_is_not_given_to_another_owner():
    vault, sealed = Vault([OPENING_KEY]), sealed_for("card")
    vault.open_credential(sealed, bound_to="card")

    with pytest.raises(SealBroken):
        vault.open_credential(sealed, bound_to="thief")


def test_least_recently_used_credential_goes_first():
    vault = Vault([OPENING_KEY], capacity=2)
    a, b, c = (sealed_for(owner) for owner in "abc")
    kept_a = vault.open_credential(a, bound_to="a")
    first_b = vault.open_credential(b, bound_to="b")

    vault.open_credential(a, bound_to="a")
    vault.open_credential(c, bound_to="c")

    assert len(vault) == 2
    assert vault.open_credential(a, bound_to="a") is kept_a
    assert vault.open_credential(b, bound_to="b") is not first_b


def test_new_seal_of_new_keys_is_opened_afresh():
    vault = Vault([OPENING_KEY])
    replaced = KeyMaterial(AlgorithmName.MILENAGE, b"K" * 16, b"o" * 16)

    before = vault.open_credential(sealed_for("card"), bound_to="card")
    after = vault.open_credential(sealed_for("card", replaced.encode()), bound_to="card")

    assert before.algorithm.respond(bytes(16)) != after.algorithm.respond(bytes(16))


def test_sealed_nonsense_is_refused_and_not_kept():
    vault = Vault([OPENING_KEY])

    with pytest.raises(InvalidValue, match="cut short"):
        vault.open_credential(sealed_for("card", b"no"), bound_to="card")

    assert len(vault) == 0


def test_vault_without_the_key_says_so():
    with pytest.raises(OpeningKeyMissing):
        Vault([]).open_credential(sealed_for("card"), bound_to="card")


def test_vault_that_keeps_nothing_is_refused():
    with pytest.raises(InvalidValue, match="at least"):
        Vault([OPENING_KEY], capacity=0)


def test_representation_counts_and_shows_no_secret():
    vault = Vault([OPENING_KEY], capacity=5)

    assert repr(vault) == "Vault(0 of 5)"
