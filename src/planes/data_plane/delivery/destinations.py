"""Which machines a region may call for alerts: the public internet, and what its administrator allowed besides.

A name is resolved once and one of the addresses that were checked is connected to, so that an answer that changes
between the look and the call leads nowhere else. Whatever way an address is written in (decimal, octal, mapped into
IPv6), it is judged as the address that the system connects to.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import anyio

RESOLVE_SECONDS = 5.0
MOST_ADDRESSES = 4

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Of IANA's special-purpose registries what older Pythons take for public.
_SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "100:0:0:1::/64", "3fff::/20", "5f00::/16"),
    )
)


class Denied(Exception):
    """A destination that is not called. `code` is `address_denied` or `name_unknown`; the latter may pass."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Entry:
    port: int | None
    name: str | None = None
    network: _Network | None = None

    def allows(self, host: str, port: int, address: Address) -> bool:
        if self.port not in {None, port}:
            return False
        if self.network is not None:
            return address.version == self.network.version and address in self.network
        return self.name == host


class AllowedDestinations:
    """What may be called although it is no public address: names, addresses and networks, each with or without a port.

    An allowed name may be at any address. Whoever writes the setting answers for what is behind it.
    """

    def __init__(self, entries: Sequence[_Entry] = ()) -> None:
        self._entries = tuple(entries)

    @staticmethod
    def parse(text: str) -> AllowedDestinations:
        """From `hooks.internal, 10.1.0.0/16, 127.0.0.1:25, [::1]:25`.

        Raises: ValueError, with the entry that is none.
        """
        return AllowedDestinations([_parse_entry(each) for each in text.replace(",", " ").split()])

    def allows(self, host: str, port: int, address: Address) -> bool:
        """Whether this address may be called for this name, though it is not public."""
        return any(entry.allows(_plain(host), port, address) for entry in self._entries)


def check_host(host: str, port: int, allowed: AllowedDestinations) -> None:
    """Looks at what a host says by itself: an address that would be refused anyway is refused at once.

    Names are not looked up here. Raises: Denied.
    """
    address = _as_written(host)
    if address is not None and not (is_public(address) or allowed.allows(host, port, address)):
        raise Denied("address_denied")


def is_allowed_only(host: str, port: int, address: str, allowed: AllowedDestinations) -> bool:
    """Whether the administrator named this destination: such a one may be spoken to in the clear."""
    return allowed.allows(host, port, _unwrapped(ipaddress.ip_address(address)))


async def resolve(host: str, port: int, allowed: AllowedDestinations) -> list[str]:
    """The addresses of a host, in the system's order, each of which may be called.

    One that may not be called refuses the whole name: whoever answers so does not mean well.
    Raises: Denied.
    """
    try:
        with anyio.fail_after(RESOLVE_SECONDS):
            found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as exc:
        raise Denied("name_unknown") from exc
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise Denied("name_unknown")
    for text in addresses:
        address = _unwrapped(ipaddress.ip_address(text))
        if not (is_public(address) or allowed.allows(host, port, address)):
            raise Denied("address_denied")
    return addresses[:MOST_ADDRESSES]


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet, and not a group of machines."""
    address = _unwrapped(address)
    if any(address.version == network.version and address in network for network in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast and not getattr(address, "is_site_local", False)


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries within it, where that is what is called in the end."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _as_written(host: str) -> Address | None:
    """The address that a host spells, in any of the ways in which the system reads one; None for a name."""
    plain = _plain(host)
    try:
        return _unwrapped(ipaddress.ip_address(plain.partition("%")[0]))
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(plain)) if plain.isascii() and plain else None
    except OSError:
        return None


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


def _parse_entry(text: str) -> _Entry:
    host, port = text, None
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":") or None
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    if port is not None and not (port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(f"{text} is no destination: its port is no number from 1 to 65535")
    number = int(port) if port is not None else None
    try:
        return _Entry(number, network=ipaddress.ip_network(host))
    except ValueError:
        pass
    name = _plain(host)
    if not name or not all(part and part.replace("-", "").replace("_", "").isalnum() for part in name.split(".")):
        raise ValueError(f"{text} is no destination: a name, an address or a network, such as 10.1.0.0/16")
    return _Entry(number, name=name)
