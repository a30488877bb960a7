"""Seals: only the holder opens them, and only for what they were made."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wispgate.domain.authentication.errors import OpeningKeyMissing, SealBroken
from wispgate.domain.authentication.sealing import (
    OpeningKey,
    SealingKey,
    key_id_of,
    keyring,
    open_sealed,
    reseal,
    seal,
)
from wispgate.kernel.errors import InvalidValue

ICCID = "8949440000001155314"
OLD, NEW = OpeningKey(b"\x01" * 32), OpeningKey(b"\x02" * 32)
KEYS = keyring([OLD, NEW])


@settings(max_examples=25)
@given(plaintext=st.binary(max_size=200), owner=st.text(min_size=1, max_size=30))
def test_what_is_sealed_opens_for_its_owner(plaintext, owner):
    sealed = seal(NEW.sealing_key, plaintext, bound_to=owner)

    assert open_sealed(KEYS, sealed, bound_to=owner) == plaintext


def test_same_secret_is_sealed_differently_each_time():
    seals = {seal(NEW.sealing_key, b"secret", bound_to=ICCID) for _ in range(5)}

    assert len(seals) == 5


def test_seal_hides_the_secret_and_adds_57_octets():
    sealed = seal(NEW.sealing_key, b"secret" * 5, bound_to=ICCID)

    assert b"secret" not in sealed
    assert len(sealed) == 30 + 57


def test_seal_does_not_open_for_another_owner():
    sealed = seal(NEW.sealing_key, b"secret", bound_to=ICCID)

    with pytest.raises(SealBroken, match="not of 8949440000001155322"):
        open_sealed(KEYS, sealed, bound_to="8949440000001155322")


def test_change_of_any_octet_breaks_the_seal():
    sealed = seal(NEW.sealing_key, b"secret", bound_to=ICCID)

    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 0x01
        with pytest.raises((SealBroken, OpeningKeyMissing)):
            open_sealed(KEYS, bytes(altered), bound_to=ICCID)


def test_cut_or_longer_bytes_break_the_seal():
    sealed = seal(NEW.sealing_key, b"secret", bound_to=ICCID)

    for wrong in (*(sealed[:length] for length in range(len(sealed))), sealed + b"\x00"):
        with pytest.raises(SealBroken):
            open_sealed(KEYS, wrong, bound_to=ICCID)


def test_unknown_format_is_said_to_be_that():
    sealed = b"\x02" + seal(NEW.sealing_key, b"secret", bound_to=ICCID)[1:]

    with pytest.raises(SealBroken, match="unknown format 2"):
        open_sealed(KEYS, sealed, bound_to=ICCID)


def test_old_and_new_seals_open_while_keys_are_replaced():
    seals = [seal(key.sealing_key, b"secret", bound_to=ICCID) for key in (OLD, NEW)]

    opened = [open_sealed(KEYS, sealed, bound_to=ICCID) for sealed in seals]

    assert opened == [b"secret", b"secret"]
    assert [key_id_of(sealed) for sealed in seals] == list(KEYS)


def test_missing_opening_key_is_named_by_its_id():
    sealed = seal(OLD.sealing_key, b"secret", bound_to=ICCID)

    with pytest.raises(OpeningKeyMissing) as missing:
        open_sealed(keyring([NEW]), sealed, bound_to=ICCID)

    assert missing.value.facts["key_id"] == OLD.sealing_key.key_id.hex()


def test_seal_under_another_keys_id_does_not_open():
    sealed = seal(OLD.sealing_key, b"secret", bound_to=ICCID)
    relabelled = sealed[:1] + NEW.sealing_key.key_id + sealed[9:]

    with pytest.raises(SealBroken):
        open_sealed(KEYS, relabelled, bound_to=ICCID)


def test_seal_for_nobody_is_refused():
    with pytest.raises(InvalidValue, match="bound to something"):
        seal(NEW.sealing_key, b"secret", bound_to="")


def test_opening_for_nobody_is_refused():
    sealed = seal(NEW.sealing_key, b"secret", bound_to=ICCID)

    with pytest.raises(InvalidValue, match="bound to something"):
        open_sealed(KEYS, sealed, bound_to="")


def test_unusable_point_is_no_sealing_key():
    with pytest.raises(InvalidValue, match="no usable X25519 point"):
        seal(SealingKey(bytes(32)), b"secret", bound_to=ICCID)


def test_sealing_key_follows_from_the_published_opening_key():
    # RFC 7748 section 6.1, Alice.
    private = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
    public = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"

    sealing_key = OpeningKey(bytes.fromhex(private)).sealing_key

    assert sealing_key == SealingKey(bytes.fromhex(public))


def test_keys_come_back_from_text():
    text = f" {NEW.to_text()}\n"

    assert OpeningKey.from_text(text) == NEW
    assert SealingKey.from_text(NEW.sealing_key.to_text()) == NEW.sealing_key


@pytest.mark.parametrize("kind", [OpeningKey, SealingKey])
@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", "é" * 44, "A" * 43])
def test_text_that_is_no_key_is_refused_unquoted(kind, text):
    with pytest.raises(InvalidValue) as refusal:
        kind.from_text(text)

    assert not text or text not in str(refusal.value)


def test_representation_hides_the_opening_key_only():
    assert repr(NEW) == "OpeningKey()"
    assert "octets=b" in repr(NEW.sealing_key)


def test_what_is_sealed_anew_opens_for_the_recipient_and_the_same_owner_only():
    sealed = seal(OLD.sealing_key, b"secret", bound_to=ICCID)

    anew = reseal(keyring([OLD]), sealed, bound_to=ICCID, recipient=NEW.sealing_key)

    assert open_sealed(keyring([NEW]), anew, bound_to=ICCID) == b"secret"
    with pytest.raises(OpeningKeyMissing):
        open_sealed(keyring([OLD]), anew, bound_to=ICCID)
    with pytest.raises(SealBroken):
        reseal(keyring([OLD]), sealed, bound_to="other", recipient=NEW.sealing_key)
