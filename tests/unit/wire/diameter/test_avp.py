"""AVPs, groups and the window that a group must fill exactly."""

import pytest

from wispgate.wire.diameter.avp import (
    Avp,
    AvpSequence,
    encode_avp,
    example_avp,
    split_avps,
    words_of,
    zero_filled,
)
from wispgate.wire.diameter.dictionary import avp_key, get_definition
from wispgate.wire.diameter.errors import InvalidAvpLength, InvalidAvpValue, MissingAvp
from wispgate.wire.diameter.message import encode_avps, encode_named


def a_group(*members: bytes) -> Avp:
    return Avp(443, 0, 0x40, b"".join(members))


def test_words_are_the_octets_in_fours() -> None:
    assert words_of(bytes.fromhex("00000001ffffffff")) == (1, 0xFFFFFFFF)
    assert words_of(bytes(8192)) == (0,) * 2048


@pytest.mark.parametrize("size", range(9))
def test_an_avp_is_padded_to_four_octets_with_zeros(size: int) -> None:
    data = b"\xff" * size

    encoded = encode_avp(25, 0, 0x40, data)

    assert len(encoded) % 4 == 0
    assert encoded[8:].rstrip(b"\0") == data
    assert split_avps(encoded) == (Avp(25, 0, 0x40, data),)


def test_vendor_stands_in_the_header_only_with_its_flag() -> None:
    assert encode_avp(1405, 10415, 0xC0, b"").hex() == "0000057dc000000c000028af"
    assert encode_avp(263, 0, 0x40, b"").hex() == "0000010740000008"


def test_an_avp_tells_its_name_value_and_octets() -> None:
    avp = Avp(1405, 10415, 0xC0, b"\0\0\0\x22")

    assert (avp.name, avp.value, avp.key) == ("ULR-Flags", 34, avp_key(10415, 1405))
    assert avp.is_mandatory
    assert avp.encode() == encode_named("ULR-Flags", 34)
    assert repr(avp) == "<Avp ULR-Flags flags=0xc0 00000022>"


def test_an_unknown_avp_is_its_bare_octets() -> None:
    avp = Avp(1, 99999, 0x80, b"abc")

    assert (avp.name, avp.value, avp.definition) == ("99999:1", b"abc", None)
    assert not avp.is_mandatory


def test_equal_avps_are_equal_and_hash_alike() -> None:
    one, same, other = Avp(1, 0, 64, b"a"), Avp(1, 0, 64, b"a"), Avp(1, 0, 0, b"a")

    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != "User-Name"


def test_a_group_gives_its_members_by_name() -> None:
    group = a_group(
        encode_named("Subscription-Id-Type", 1), encode_named("Subscription-Id-Data", "00101")
    )

    assert group.get("Subscription-Id-Data") == "00101"
    assert group.find("Rating-Group") is None
    assert group.list("Subscription-Id-Type") == [1]
    assert [member.name for member in group.members.avps] == [
        "Subscription-Id-Type",
        "Subscription-Id-Data",
    ]
    assert group.value == group.members.avps


def test_a_sequence_gives_typed_values_or_says_what_is_missing() -> None:
    sequence = AvpSequence(
        split_avps(encode_avps([("User-Name", "001"), ("Rating-Group", 1), ("Rating-Group", 2)]))
    )

    assert sequence.get_text("User-Name") == sequence.find_text(1) == "001"
    assert sequence.get_int("Rating-Group") == sequence.find_int(432) == 1
    assert sequence.list("Rating-Group") == [1, 2]
    assert sequence.get_octets("User-Name") == sequence.find_octets(1) == b"001"
    assert sequence.find_text("Session-Id") is None
    assert sequence.find_int("CC-Request-Type") is None
    assert sequence.find_octets("Session-Id") is None
    with pytest.raises(MissingAvp) as caught:
        sequence.get("CC-Request-Number")
    assert caught.value.result_code == 5005
    assert caught.value.failed_avp.hex() == "0000019f4000000c00000000"
    with pytest.raises(TypeError):
        sequence.get_int("User-Name")
    with pytest.raises(TypeError):
        sequence.get_text("Rating-Group")


def test_text_with_a_nul_is_no_value_of_anything() -> None:
    name = encode_avps([("User-Name", "00101\0")])
    sequence = AvpSequence(split_avps(name))

    for read in (sequence.get_text, sequence.find_text):
        with pytest.raises(InvalidAvpValue, match="User-Name has a NUL") as caught:
            read("User-Name")
        assert caught.value.failed_avp == name


@pytest.mark.parametrize(
    ("octets", "failed"),
    [
        ("00000107400000ff61626300", "0000010740000008"),  # beyond the end
        ("0000010740000007", "0000010740000008"),  # shorter than its header
        ("0000010740000000", "0000010740000008"),
        ("00000107", "0000010700000008"),  # half a header
        ("0000057dc0000008", "0000057dc000000c00000000"),  # V, but no room for a vendor
        ("0000057dc000000b000028af", "0000057dc0000010000028af00000000"),
        ("0000270f4000001000000001", "0000270f40000008"),  # an unknown one
        ("0000019f4000001000000001", "0000019f4000000c00000000"),  # least data of its type
    ],
)
def test_an_avp_that_does_not_fit_is_refused_with_its_header(octets: str, failed: str) -> None:
    with pytest.raises(InvalidAvpLength) as caught:
        split_avps(bytes.fromhex(octets))

    assert caught.value.result_code == 5014
    assert caught.value.failed_avp.hex() == failed


def test_octets_that_are_no_multiple_of_four_are_no_avps() -> None:
    with pytest.raises(InvalidAvpLength):
        split_avps(b"\0" * 7)


def test_a_fault_in_a_group_is_shown_inside_the_group() -> None:
    inner = bytes.fromhex("000001c2400000ff00000001")
    group = a_group(inner)

    with pytest.raises(InvalidAvpLength) as caught:
        _ = group.value

    (shown,) = split_avps(caught.value.failed_avp)
    assert shown.key == 443
    assert shown.members.avps[0].key == 450


def test_wrong_values_carry_what_belongs_into_failed_avp() -> None:
    with pytest.raises(InvalidAvpLength) as wrong_length:
        _ = Avp(415, 0, 0x40, b"\0\0\1").value
    with pytest.raises(InvalidAvpValue) as wrong_value:
        _ = Avp(1, 0, 0x40, b"\xff\xff").value

    assert wrong_length.value.failed_avp.hex() == "0000019f4000000c00000000"
    assert wrong_value.value.failed_avp.hex() == "000000014000000affff0000"


def test_examples_are_zeros_of_the_least_length() -> None:
    assert example_avp(263).hex() == "0000010740000008"
    assert example_avp(257).hex() == "000001014000000e0000000000000000"
    assert example_avp(avp_key(99999, 5)).hex() == "000000058000000c0001869f"
    assert example_avp(10_000).hex() == "0000271000000008"
    assert zero_filled(get_definition("CC-Time"), 0).hex() == "000001a40000000c00000000"
