"""What the dictionary knows, and which of two AVPs a shared name means."""

import pytest

from wispgate.wire.diameter import dictionary
from wispgate.wire.diameter.dictionary import avp_key
from wispgate.wire.diameter.errors import UnknownAvpName
from wispgate.wire.diameter.types import AvpType


@pytest.mark.parametrize(
    ("name", "vendor_id", "code", "kind", "flags"),
    [
        ("Session-Id", 0, 263, AvpType.UTF8_STRING, 0x40),
        ("Subscription-Id", 0, 443, AvpType.GROUPED, 0x40),
        ("CC-Total-Octets", 0, 421, AvpType.UNSIGNED64, 0x40),
        ("Error-Message", 0, 281, AvpType.UTF8_STRING, 0x00),
        ("ULR-Flags", 10415, 1405, AvpType.UNSIGNED32, 0xC0),
        ("RAT-Type", 10415, 1032, AvpType.ENUMERATED, 0x80),
        ("MSISDN", 10415, 701, AvpType.OCTET_STRING, 0xC0),
    ],
)
def test_avps_are_known_by_name_and_by_key(
    name: str, vendor_id: int, code: int, kind: AvpType, flags: int
) -> None:
    definition = dictionary.get_definition(name)

    assert (definition.vendor_id, definition.code) == (vendor_id, code)
    assert (definition.type, definition.flags) == (kind, flags)
    assert dictionary.find_definition(avp_key(vendor_id, code)) is definition


def test_every_avp_of_the_tables_has_a_definition() -> None:
    keys = dictionary.list_keys()

    definitions = [dictionary.find_definition(key) for key in keys]

    assert len(keys) == len(set(keys)) == 2198 + 1245
    assert all(d is not None and d.key == key for d, key in zip(definitions, keys, strict=True))


def test_every_name_that_can_be_encoded_leads_back_to_its_avp() -> None:
    main = [
        definition
        for key in dictionary.list_keys()[:2198]
        if (definition := dictionary.find_definition(key)) is not None
    ]

    assert len(main) == 2198
    for definition in main:
        assert dictionary.get_definition(definition.qualified_name) is definition


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Service-Type", (0, 6)),
        ("S6a:Service-Type", (10415, 1483)),
        ("Termination-Cause", (0, 295)),
        ("SIP-Auth-Data-Item", (10415, 612)),
        ("0:SIP-Auth-Data-Item", (0, 376)),
        ("Cx:User-Data", (10415, 606)),
        ("Sh:User-Data", (10415, 702)),
        ("Allocation-Retention-Priority", (10415, 1034)),
    ],
)
def test_a_shared_name_has_one_meaning_or_a_qualifier(name: str, key: tuple[int, int]) -> None:
    assert dictionary.key_of(name) == avp_key(*key)


@pytest.mark.parametrize("name", ["User-Data", "No-Such-AVP", "", "session-id"])
def test_a_name_without_one_meaning_is_refused(name: str) -> None:
    with pytest.raises(UnknownAvpName):
        dictionary.get_definition(name)


def test_an_unclear_name_is_told_its_clear_forms() -> None:
    with pytest.raises(UnknownAvpName, match="Cx:User-Data or Sh:User-Data"):
        dictionary.key_of("User-Data")


def test_other_vendors_avps_are_known_for_decoding_only() -> None:
    definition = dictionary.find_definition(avp_key(9, 131177))

    assert definition is not None
    assert (definition.name, definition.type) == ("Rate-Limit-Action", AvpType.UNSIGNED32)
    with pytest.raises(UnknownAvpName):
        dictionary.key_of("Rate-Limit-Action")


def test_unknown_keys_are_none_and_not_remembered() -> None:
    before = len(dictionary._definitions)

    assert dictionary.find_definition(avp_key(99999, 1)) is None
    assert len(dictionary._definitions) == before


def test_names_of_values_vendors_and_codes_are_known() -> None:
    assert dictionary.value_name(416, 2) == "UPDATE_REQUEST"
    assert dictionary.value_of(416, "UPDATE_REQUEST") == 2
    assert dictionary.value_name(416, 77) is None
    assert dictionary.value_of(263, "X") is None
    assert dictionary.vendor_name(10415) == "3GPP"
    assert dictionary.application_name(16777251) == "3GPP S6a/S6d"
    assert dictionary.command_name(272) == "Credit-Control"
    assert dictionary.command_name(1) is None
    assert dictionary.result_code_name(5005) == "DIAMETER_MISSING_AVP"
    assert dictionary.experimental_result_code_name(10415, 5420) == (
        "DIAMETER_ERROR_UNKNOWN_EPS_SUBSCRIPTION"
    )
    assert dictionary.experimental_result_code_name(1, 5420) is None


def test_commands_are_known_per_application_and_direction() -> None:
    gy = dictionary.find_command(4, 272, is_request=True)
    gx = dictionary.find_command(16777238, 272, is_request=True)

    assert gy is not None
    assert gx is not None
    assert (gy.interface, gy.abbreviation, gy.is_proxiable) == ("Ro", "CCR", True)
    assert dictionary.key_of("Service-Context-Id") in {m.key for m in gy.grammar.required}
    assert dictionary.key_of("Service-Context-Id") not in {m.key for m in gx.grammar.required}
    assert dictionary.find_command(4, 999, is_request=True) is None


def test_every_command_has_request_and_answer_and_known_members() -> None:
    commands = dictionary.list_commands()

    assert len(commands) == 144
    for command in commands:
        other = not command.is_request
        assert dictionary.find_command(command.application_id, command.code, is_request=other)
        assert all(dictionary.find_definition(m.key) for m in command.grammar.members)


def test_applications_with_commands_are_told_from_mere_names() -> None:
    assert dictionary.has_application(16777251)
    assert not dictionary.has_application(16777219)


def test_groups_have_their_members_and_limits() -> None:
    group = dictionary.find_group(dictionary.key_of("Subscription-Id"))

    assert group is not None
    assert {m.key for m in group.required} == {450, 444}
    assert group.limits == {450: 1, 444: 1}
    assert dictionary.find_group(263) is None
