"""Key material: its octets, its refusals, and that it never shows itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.vectors.loader import load, octets
from wispgate.domain.authentication.keys import (
    AlgorithmName,
    KeyMaterial,
    algorithm_for,
    credential_of,
)
from wispgate.domain.authentication.milenage import Milenage
from wispgate.domain.authentication.tuak import Tuak
from wispgate.kernel.errors import InvalidValue

MILENAGE, TUAK = AlgorithmName.MILENAGE, AlgorithmName.TUAK
SIXTEEN = st.binary(min_size=16, max_size=16)
THIRTY_TWO = st.binary(min_size=32, max_size=32)


def milenage_keys(**changes: object) -> KeyMaterial:
    return KeyMaterial(
        MILENAGE, changes.pop("k", b"k" * 16), changes.pop("opc", b"o" * 16), **changes
    )


def tuak_keys(**changes: object) -> KeyMaterial:
    return KeyMaterial(TUAK, changes.pop("k", b"k" * 32), changes.pop("opc", b"o" * 32), **changes)


@given(k=SIXTEEN, opc=SIXTEEN, amf=st.integers(0, 0xFFFF))
def test_milenage_keys_come_back_from_their_octets(k, opc, amf):
    keys = KeyMaterial(MILENAGE, k, opc, amf)

    assert KeyMaterial.decode(keys.encode()) == keys


@given(
    k=SIXTEEN | THIRTY_TWO,
    opc=THIRTY_TWO,
    res_octets=st.sampled_from([4, 8, 16]),
    iterations=st.integers(1, 255),
)
def test_tuak_keys_come_back_from_their_octets(k, opc, res_octets, iterations):
    keys = KeyMaterial(TUAK, k, opc, res_octets=res_octets, iterations=iterations)

    assert KeyMaterial.decode(keys.encode()) == keys


def test_octets_of_format_one_stay_readable():
    stored = bytes.fromhex("01018000080110") + b"k" * 16 + b"o" * 16

    assert KeyMaterial.decode(stored) == milenage_keys()
    assert milenage_keys().encode() == stored


@pytest.mark.parametrize("cut", range(39))
def test_octets_cut_anywhere_are_refused(cut):
    whole = milenage_keys().encode()

    with pytest.raises(InvalidValue):
        KeyMaterial.decode(whole[:cut])


@pytest.mark.parametrize("header", ["02018000080110", "01038000080110"])
def test_unknown_format_or_algorithm_is_refused(header):
    with pytest.raises(InvalidValue, match="unknown format"):
        KeyMaterial.decode(bytes.fromhex(header) + bytes(32))


@pytest.mark.parametrize(
    ("keys", "changes"),
    [
        (milenage_keys, {"k": bytes(32)}),
        (milenage_keys, {"opc": bytes(32)}),
        (milenage_keys, {"amf": 0x10000}),
        (milenage_keys, {"amf": -1}),
        (milenage_keys, {"res_octets": 16}),
        (milenage_keys, {"iterations": 2}),
        (tuak_keys, {"k": bytes(24)}),
        (tuak_keys, {"opc": bytes(16)}),
        (tuak_keys, {"res_octets": 32}),
        (tuak_keys, {"iterations": 0}),
        (tuak_keys, {"iterations": 256}),
    ],
)
def test_material_that_fits_no_card_is_refused(keys, changes):
    with pytest.raises(InvalidValue):
        keys(**changes)


def test_refusal_of_a_key_does_not_quote_it():
    with pytest.raises(InvalidValue) as refusal:
        milenage_keys(k=b"secret-secret")

    assert "secret" not in str(refusal.value)


def test_operator_secret_becomes_opc():
    row = load("milenage_35208")["sets"][0]
    k, op, opc = octets(row, "k", "op", "opc")

    keys = KeyMaterial.from_operator_secret(MILENAGE, k, op, amf=0xB9B9)

    assert keys == KeyMaterial(MILENAGE, k, opc, 0xB9B9)


def test_operator_secret_becomes_topc():
    row = load("tuak_35233")["sets"][1]
    k, top, topc = octets(row, "k", "top", "topc")

    keys = KeyMaterial.from_operator_secret(TUAK, k, top)

    assert keys == KeyMaterial(TUAK, k, topc)


def test_material_names_the_card_functions():
    cards = [algorithm_for(milenage_keys()), algorithm_for(tuak_keys())]

    assert [type(card) for card in cards] == [Milenage, Tuak]


def test_tuak_card_answers_with_the_length_it_is_told():
    card = algorithm_for(tuak_keys(res_octets=16, iterations=2))

    assert len(card.respond(bytes(16)).res) == 16


def test_credential_carries_the_operators_amf():
    credential = credential_of(milenage_keys(amf=0x9001))

    assert credential.amf == 0x9001
    assert isinstance(credential.algorithm, Milenage)


def test_representations_show_no_key():
    shown = repr(milenage_keys()) + str(tuak_keys()) + repr(credential_of(milenage_keys()))

    assert "kkkk" not in shown
    assert "oooo" not in shown
    assert b"k".hex() * 4 not in shown
