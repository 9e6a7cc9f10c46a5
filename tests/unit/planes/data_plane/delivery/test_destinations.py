"""Which addresses a region may call (Reliability: R7)."""

from __future__ import annotations

import ipaddress

import pytest

from planes.data_plane.delivery import AllowedDestinations, Denied, check_host, host_of
from planes.data_plane.delivery.destinations import is_public

NOBODY = AllowedDestinations()

PRIVATE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1",
    "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::", "2001:db8::1",
    "64:ff9b:1::7f00:1", "2001::1", "192.0.0.200", "192.88.99.1", "100:0:0:1::1", "3fff::1", "5f00::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_address_that_is_not_of_the_public_internet_is_none(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::808:808"]
)
def test_public_address_is_one(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1", "127.0.0.1.", "[::1]",
    "::1", "[::ffff:7f00:1]", "[fe80::1%eth0]", "0", "169.254.169.254", "0xa9fea9fe", "2852039166", "10.1", "[::]",
])  # fmt: skip
def test_host_that_spells_a_private_address_is_denied_however_it_is_written(host: str) -> None:
    with pytest.raises(Denied):
        check_host(host, 443, NOBODY)


def test_names_and_public_addresses_pass_the_first_look() -> None:
    for host in ("hooks.example.com", "1.1.1.1", "[2606:4700:4700::1111]", "localhost"):
        check_host(host, 443, NOBODY)


def test_what_the_administrator_allows_is_allowed_at_its_port() -> None:
    allowed = AllowedDestinations.parse("127.0.0.1:25, 10.1.0.0/16 hooks.internal [::1]:26")

    def allows(host: str, port: int, address: str) -> bool:
        return allowed.allows(host, port, ipaddress.ip_address(address))

    assert allows("127.0.0.1", 25, "127.0.0.1")
    assert not allows("127.0.0.1", 26, "127.0.0.1")
    assert not allows("127.0.0.2", 25, "127.0.0.2")
    assert allows("anything", 443, "10.1.2.3")
    assert not allows("anything", 443, "10.2.2.3")
    assert allows("Hooks.Internal.", 443, "192.168.0.1")
    assert not allows("evil.hooks.internal", 443, "192.168.0.1")
    assert allows("localhost", 26, "::1")
    assert not allows("localhost", 25, "::1")


@pytest.mark.parametrize("text", ["127.0.0.1:0", "a:b", "http://x", "10.0.0.0/99", "a b/c", "name:99999"])
def test_setting_that_is_no_destination_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no destination"):
        AllowedDestinations.parse(text)


@pytest.mark.parametrize("url", [
    "ftp://a.example", "file:///etc/passwd", "https://", "//a.example", "a.example", "https://user:pw@a.example/",
    "https://[::1", "https://a.example:99999/", "javascript:alert(1)", "http://a\r\nb/", "https://\ud800.example/",
])  # fmt: skip
def test_address_that_is_no_web_address_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ValueError, match="an address") as caught:
        host_of(url)

    assert "a.example" not in str(caught.value)


def test_web_address_has_a_host_and_a_port() -> None:
    assert host_of("https://hooks.slack.com/services/T/B/x") == ("hooks.slack.com", 443)
    assert host_of("http://[::1]:8080/") == ("::1", 8080)
    assert host_of("https://bücher.example/") == ("xn--bcher-kva.example", 443)
