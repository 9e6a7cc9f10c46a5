"""Which name a Host header says."""

from __future__ import annotations

import re

# What is put before or behind a name (`us@`, `#`, a second name) others may read differently (RFC 9112, 3.2).
_HOST = re.compile(r"([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


def host_name(host: str) -> str:
    """The name without the port, in small letters; empty, which is nobody's, for what is no host."""
    found = _HOST.fullmatch(host)
    return found[1].strip("[]").lower() if found else ""
