"""The challenge of the home's socket: who answers it can read the home's `owner.key` (Security: 5)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict

from planes.domain.clock import Clock

LIFETIME_SECONDS = 60
_CAPACITY = 64


class Challenges:
    """Open challenges of this process. Each is answered once, within a minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: OrderedDict[str, float] = OrderedDict()

    def issue(self) -> str:
        """A new challenge; the oldest goes when there are too many."""
        challenge = secrets.token_urlsafe(32)
        self._open[challenge] = self._clock.monotonic() + LIFETIME_SECONDS
        while len(self._open) > _CAPACITY:
            self._open.popitem(last=False)
        return challenge

    def is_answered(self, challenge: str, answer: str, owner_key: str) -> bool:
        """Whether the answer is right. Right or wrong, the challenge is spent."""
        deadline = self._open.pop(challenge, None)
        expected = hmac.new(owner_key.encode(), challenge.encode(), hashlib.sha256).hexdigest()
        is_open = deadline is not None and self._clock.monotonic() < deadline
        return hmac.compare_digest(expected, answer) and is_open
