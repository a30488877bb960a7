"""Whose address counts: never what a client wrote of itself."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.test import RequestFactory

from wispgate.web.site.forwarding import client_address
from wispgate.web.site.requests import address_of

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        # Whoever comes straight is who he is, whatever he writes.
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("", "203.0.113.9", ""),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        # What stands left of the last that a trusted proxy saw was written by the client.
        ("10.0.0.1", "198.51.100.7, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.7, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("fd00::1", "2001:db8::5", "2001:db8::5"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::5]:4711", "2001:db8::5"),
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        # Inside the operator's own network only proxies speak: the first of them.
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, <script>, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", ",,", "10.0.0.1"),
        ("10.0.0.1", ", ".join(["10.0.0.9"] * 1000), "10.0.0.9"),
    ],
)
def test_the_last_that_no_trusted_proxy_vouches_for_is_the_client(
    remote: str, forwarded: str, client: str
) -> None:
    assert client_address(remote, forwarded, TRUSTED) == client
    assert client_address(remote, forwarded, []) == remote


def test_a_request_s_address_follows_the_setting(settings: Any) -> None:
    request = RequestFactory().get(
        "/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": "203.0.113.9"}
    )

    settings.WISPGATE_TRUSTED_PROXIES = []
    plain = address_of(request)
    settings.WISPGATE_TRUSTED_PROXIES = TRUSTED

    assert (plain, address_of(request)) == ("10.0.0.1", "203.0.113.9")
