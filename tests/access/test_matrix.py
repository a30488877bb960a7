"""Every address, asked for by everybody: refused as the matrix says, and nothing told or changed.

The matrix is `tests/data/access/matrix.json`: by address the permission that it takes ("anybody":
no login, "staff": any login), by role the permissions that it holds. A new address, permission or
role fails here until somebody has written down who may use it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse

from tests.access.addresses import Address, every_address
from tests.access.people import BODIES, EMAIL, MSISDN, PHONE, Place, undone
from wispgate.business.staff.masking import FieldKind
from wispgate.business.staff.permissions import CATALOGUE
from wispgate.business.staff.roles import READY

MATRIX: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "access" / "matrix.json").read_text()
)
ADDRESSES = every_address()
ANYBODY, STAFF = "anybody", "staff"
# Where a walk would end, or begin anew: the login has tests of its own.
NOT_WALKED = ("/logout/", "/login/")
REFUSED = {401, 403}
# The proof in an export covers the very bytes, so nothing is masked in it: its permission says so.
UNMASKED = {"GET /audit/export", "/activity/export.<str:form>"}
# Names that each operator gives itself: what another one has under them is another thing.
OWN_NAMES = {"POST /numbers/<msisdn>/port-in", "PUT /roles/<name>"}


def walked() -> Iterator[tuple[Address, str]]:
    """Every address with every method."""
    for address in ADDRESSES:
        if not address.key.startswith(NOT_WALKED):
            for method in address.methods:
                yield address, method


def needed(address: Address) -> str:
    return str(MATRIX["addresses"][address.key])


def may(role: str, address: Address) -> bool:
    if needed(address) in (ANYBODY, STAFF):
        return True
    return set(needed(address).split()) <= set(MATRIX["roles"][role])


def test_the_matrix_names_every_address_and_what_its_view_declares() -> None:
    declared = {
        one.key: MATRIX["addresses"].get(one.key, "") if one.permission in (None, "")
        else one.permission
        for one in ADDRESSES
    }  # fmt: skip

    assert len(ADDRESSES) > 125
    assert len({one.key for one in ADDRESSES}) == len(ADDRESSES)
    assert MATRIX["addresses"] == declared
    bare = {one.key: needed(one) for one in ADDRESSES if not one.permission}
    assert set(bare.values()) <= {ANYBODY, STAFF}


def test_the_matrix_says_what_every_ready_role_holds() -> None:
    held = {name: sorted(role.permissions()) for name, role in READY.items()}

    assert MATRIX["roles"] == held
    assert set().union(*held.values()) == set(CATALOGUE)


def test_nobody_gets_in_without_a_login(place: Place) -> None:
    anonymous, before = place.walkers["anonymous"], place.checksums()

    wrong = []
    for address, method in walked():
        answer = anonymous.ask(address, place.path_of(address), method)
        expected = {302} if not address.is_api else {401}
        if needed(address) == ANYBODY:
            # A picture can only be looked at.
            expected = {200, 404, 405}
        if answer.status_code not in expected or (
            answer.status_code == 302 and not answer["Location"].startswith("/login/")
        ):
            wrong.append((method, address.key, answer.status_code))
        wrong += told(address, answer, place.path_of(address), place.markers)

    assert not wrong, "\n".join(map(str, wrong))
    assert place.checksums() == before


@pytest.mark.parametrize("role", list(READY))
def test_a_role_gets_where_the_matrix_says_and_nowhere_else(place: Place, role: str) -> None:
    walker, before = place.walkers[role], place.checksums()

    wrong: list[Any] = []
    for address, method in walked():
        path = place.path_of(address)
        if may(role, address):
            with undone():
                answer = walker.ask(address, path, method)
            if answer.status_code in REFUSED and not is_limited(answer):
                wrong.append((method, address.key, answer.status_code, "but it may"))
            if answer.status_code >= 500:
                wrong.append((method, address.key, answer.status_code))
            hidden = set() if address.key in UNMASKED else hidden_from(role)
            wrong += told(address, answer, path, hidden)
            continue
        answer = walker.ask(address, path, method)
        if answer.status_code != 403:
            wrong.append((method, address.key, answer.status_code, "but it may not"))
        wrong += told(address, answer, path, place.markers)

    assert not wrong, "\n".join(map(str, wrong))
    assert place.checksums() == before


def test_another_operators_administrator_finds_nothing_and_changes_nothing(place: Place) -> None:
    before = place.checksums()

    found = leaks(place)

    assert not found, "\n".join(map(str, found))
    assert place.checksums() == before


def test_without_row_level_security_the_same_walk_finds_leaks(place: Place) -> None:
    with place.without_walls():
        found = leaks(place)

    assert {"GET /sims", "GET /subscribers", "/lines/"} <= {key for _method, key, *_ in found}
    assert len(found) > 20


def leaks(place: Place) -> list[Any]:
    """What the stranger is told of north's, or gets to by north's keys."""
    stranger = place.walkers["stranger"]
    found: list[Any] = []
    for address, method in walked():
        path = place.path_of(address)
        # Addresses of north's own things are not there; the stranger's own may be used.
        with undone():
            answer = stranger.ask(address, path, method)
        found += [
            (method, address.key, marker)
            for _told, _path, marker in told(address, answer, path, place.markers)
        ]
        is_foreign = is_of_north(place, path) and address.key not in OWN_NAMES
        if is_foreign and answer.status_code != 404:
            found.append((method, address.key, answer.status_code))
    return found


def is_of_north(place: Place, path: str) -> bool:
    """Whether the address holds a key that means nothing to anybody else."""
    return any(part in place.markers for part in path.split("/"))


def hidden_from(role: str) -> set[str]:
    kinds = {EMAIL: FieldKind.EMAIL, PHONE: FieldKind.PHONE, MSISDN: FieldKind.MSISDN}
    return {value for value, kind in kinds.items() if kind in READY[role].hides}


def told(address: Address, answer: HttpResponse, path: str, secrets: set[str]) -> list[Any]:
    """What an answer tells of `secrets`, but for what its address or body said already."""
    known = path + str(BODIES.get(address.key, ""))
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    answer.close()
    text = content.decode("utf-8", "replace") + str(answer.headers)
    return [("told", path, one) for one in secrets if one in text and one not in known]


def is_limited(answer: HttpResponse) -> bool:
    """It holds the permission, within limits that north's things are outside of."""
    codes = (b"limit_exceeded", b"not_own_request", b"grants_too_much")
    return any(code in answer.content for code in codes)
