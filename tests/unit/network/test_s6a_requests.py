"""What an AIR asks for, read from its AVPs."""

import pytest

from tests.unit.network.requests import a_request
from wispgate.kernel.identifiers import Imsi
from wispgate.kernel.plmn import Plmn
from wispgate.network.hss.requests import (
    DoubleResynchronisation,
    identity_of,
    imsi_of,
    vector_request_of,
    visited_plmn_of,
)
from wispgate.wire.diameter.commands import AVP_ORIGIN_HOST
from wispgate.wire.diameter.errors import InvalidAvpValue
from wispgate.wire.diameter.message import AvpItem

EUTRAN = "Requested-EUTRAN-Authentication-Info"
UTRAN = "Requested-UTRAN-GERAN-Authentication-Info"
RESYNC: AvpItem = ("Re-Synchronization-Info", bytes(range(30)))
NO_RESYNC: AvpItem = ("Re-Synchronization-Info", bytes(30))


def count(number: int) -> AvpItem:
    return ("Number-Of-Requested-Vectors", number)


@pytest.mark.parametrize(
    ("groups", "eutran", "utran"),
    [
        ([], 1, 0),
        ([(EUTRAN, [])], 1, 0),
        ([(EUTRAN, [count(0)])], 1, 0),
        ([(EUTRAN, [count(3)])], 3, 0),
        ([(EUTRAN, [count(4_294_967_295)])], 5, 0),
        ([(UTRAN, [count(2)])], 0, 2),
        ([(EUTRAN, [count(1)]), (UTRAN, [count(2)])], 1, 2),
    ],
)
def test_the_groups_say_how_many_vectors_of_which_kind(
    groups: list[AvpItem], eutran: int, utran: int
) -> None:
    wanted = vector_request_of(a_request(*groups))

    assert (wanted.eutran_vectors, wanted.utran_vectors) == (eutran, utran)
    assert wanted.imsi == Imsi("001010000000001")
    assert wanted.plmn == Plmn("001", "01")
    assert wanted.serving_node == "mme.epc.test"
    assert wanted.resynchronisation is None


@pytest.mark.parametrize("name", [EUTRAN, UTRAN])
def test_a_resynchronisation_is_found_in_either_group(name: str) -> None:
    wanted = vector_request_of(a_request((name, [count(1), RESYNC])))

    assert wanted.resynchronisation is not None
    assert wanted.resynchronisation.rand == bytes(range(16))
    assert wanted.resynchronisation.auts == bytes(range(16, 30))


def test_zeros_ask_for_no_resynchronisation() -> None:
    assert vector_request_of(a_request((EUTRAN, [NO_RESYNC]))).resynchronisation is None


def test_a_double_resynchronisation_cannot_be_complied_with() -> None:
    request = a_request((EUTRAN, [RESYNC]), (UTRAN, [RESYNC]))

    with pytest.raises(DoubleResynchronisation) as caught:
        vector_request_of(request)

    assert caught.value.result_code == 5012


def test_a_short_resynchronisation_names_its_avp() -> None:
    request = a_request((EUTRAN, [("Re-Synchronization-Info", bytes(29))]))

    with pytest.raises(InvalidAvpValue) as caught:
        vector_request_of(request)

    assert caught.value.failed_avp[:4] == (1408).to_bytes(4, "big")


@pytest.mark.parametrize("name", ["", "12", "x" * 15, "0010100000000012", "\u0660\u0661" * 5])
def test_a_user_name_that_is_no_imsi_is_refused(name: str) -> None:
    message = a_request(("User-Name", name), without="User-Name").message

    with pytest.raises(InvalidAvpValue):
        imsi_of(message)


@pytest.mark.parametrize("octets", [b"", b"\x00\xf1", b"\x00\xf1\x10\x00", b"\xab\xcd\xef"])
def test_octets_that_are_no_network_are_refused(octets: bytes) -> None:
    message = a_request(("Visited-PLMN-Id", octets), without="Visited-PLMN-Id").message

    with pytest.raises(InvalidAvpValue) as caught:
        visited_plmn_of(message)

    assert caught.value.failed_avp[:4] == (1407).to_bytes(4, "big")


@pytest.mark.parametrize("name", ["", "a\0b", "a\nb", "ä.test", "x" * 256])
def test_an_origin_that_cannot_be_kept_is_refused(name: str) -> None:
    message = a_request(("Origin-Host", name), without="Origin-Host").message

    with pytest.raises(InvalidAvpValue) as caught:
        identity_of(message, AVP_ORIGIN_HOST)

    assert caught.value.failed_avp[:4] == (264).to_bytes(4, "big")
