"""Users of the released client: each with its own home and, as root, its own uid."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from pathlib import Path

from tests.contract.client_environment import PROBE_UID, client_environment
from tests.contract.released_client import RealClient

NOWHERE = "http://127.0.0.1:9"
"""Nothing listens there: for commands that need no platform."""

_uids = itertools.count(PROBE_UID + 1 + os.getpid() % 1000)


class ClientUsers:
    """Makes users; `close` removes their homes."""

    def __init__(self) -> None:
        self._homes: list[Path] = []

    def make(self, api_base_url: str = NOWHERE) -> RealClient:
        """A user who talks to this control plane, if to any."""
        uid = next(_uids) if os.getuid() == 0 else None
        home = Path(tempfile.mkdtemp(prefix="dlthub-client-"))
        self._homes.append(home)
        client = RealClient(client_environment(), home, uid, api_base_url)
        client.own(home)
        return client

    def close(self) -> None:
        """Removes what they left."""
        while self._homes:
            shutil.rmtree(self._homes.pop())
