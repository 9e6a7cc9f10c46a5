"""What an address says about who can listen in."""

from __future__ import annotations

import ipaddress

LAST_PORT = 65_535


def is_loopback(host: str) -> bool:
    """Whether a name or address (an IPv6 one with or without brackets) is this machine; no name is looked up."""
    name = host.lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
