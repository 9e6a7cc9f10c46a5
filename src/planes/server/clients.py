"""Which released clients speak another protocol than ours (Contract: 1.1, 1.2).

Before 0.28.7 the released client asks at other addresses (`/auth/v1/workos`, `/workspaces/{id}/scripts`, `…/runs`).
"""

from __future__ import annotations

import re

OLDEST = (0, 28, 7)
OLDEST_TEXT = ".".join(str(part) for part in OLDEST)
MINIMUM_HEADER = "x-dlthub-min-client-version"
"""Clients from 0.28.6 on read it, and add to any error how to upgrade."""

_RELEASED = re.compile(r"(?:dlt-runtime-cli|dlthub-cli|dlthub-python-sdk|dlthub-mcp)/(\d{1,4})\.(\d{1,4})\.(\d{1,4})\b")


_EARLIER_SIGN_IN = "/auth/v1/workos/"


def is_too_old(user_agent: str | None, path: str) -> bool:
    """Whether this is the released client in a version that asks at other addresses.

    The oldest ones do not say who they are when they sign in, but nobody else asks there.
    """
    if path.startswith(_EARLIER_SIGN_IN):
        return True
    found = _RELEASED.match(user_agent or "")
    return found is not None and tuple(int(part) for part in found.groups()) < OLDEST
