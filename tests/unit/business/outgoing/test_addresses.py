from ipaddress import ip_address, ip_network

import pytest

from wispgate.business.outgoing.addresses import (
    Destinations,
    is_public,
    parse,
    require_well_formed,
)
from wispgate.business.outgoing.errors import DestinationRefused


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "10.0.0.1", "172.16.5.5", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1",
        "::1", "::", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::808:808",
        "2002:7f00:1::", "2001:0:53aa:64c:0:0:80ff:fffe", "::7f00:1",
    ],
)  # fmt: skip
def test_an_address_that_only_we_could_reach_is_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "1.1.1.1"])
def test_an_address_of_the_internet_is_public(text: str) -> None:
    assert is_public(ip_address(text))


def test_public_addresses_are_asked_with_tls_only() -> None:
    destinations = Destinations()

    assert destinations.allow(ip_address("8.8.8.8"), is_encrypted=True)
    assert not destinations.allow(ip_address("8.8.8.8"), is_encrypted=False)


def test_a_private_network_is_asked_when_it_is_named() -> None:
    destinations = Destinations(private=(ip_network("10.1.0.0/16"), ip_network("fd00::/8")))

    assert destinations.allow(ip_address("10.1.2.3"), is_encrypted=False)
    assert destinations.allow(ip_address("fd00::1"), is_encrypted=True)
    assert not destinations.allow(ip_address("10.2.0.1"), is_encrypted=True)


def test_a_link_local_address_is_read_without_its_interface() -> None:
    assert parse("fe80::1%eth0") == ip_address("fe80::1")


@pytest.mark.parametrize(
    "url",
    [
        "", "example.org", "/path", "ftp://example.org/", "file:///etc/passwd", "https:///path",
        "https://ada:secret@example.org/", "https://ada@example.org/", "https://example.org:0/",
        "https://example.org:99999/", "https://[::1/", "https://example.org/\r\nX: y",
        "https://exa mple.org/", "https://example.org\\@evil.example/", "gopher://example.org",
        "https://example.org/" + "a" * 2048,
    ],
)  # fmt: skip
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(DestinationRefused) as refused:
        require_well_formed(url)

    assert refused.value.field == "url"


@pytest.mark.parametrize(
    "url", ["https://example.org", "http://10.0.0.1:8080/hook?a=b", "https://[2606:4700::1111]/"]
)
def test_a_plain_web_address_is_well_formed(url: str) -> None:
    require_well_formed(url)
