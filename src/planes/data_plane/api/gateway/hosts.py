"""The host names of apps: `r-RUN.localhost`, or below a configured domain. A port is no origin: cookies ignore it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit
from uuid import UUID

from planes.server.host_names import host_name

_NAME = re.compile(r"r-([0-9a-f]{32})\.(.+)")


class AppHosts:
    """`public_url` is the plane's own address: apps share its scheme and port. `domain` is what their names end in."""

    def __init__(self, public_url: str, domain: str) -> None:
        parts = urlsplit(public_url)
        self._scheme = parts.scheme
        self._port = f":{parts.port}" if parts.port is not None else ""
        self._domain = domain.lower()

    @property
    def is_secure(self) -> bool:
        """Whether browsers come over TLS."""
        return self._scheme == "https"

    def origin(self, run_id: str) -> str:
        """Where a run's app is met: scheme, host and port."""
        return f"{self._scheme}://{self._name(run_id)}{self._port}"

    def find_run(self, host: str) -> str | None:
        """The run that a Host header means; None when the name is no app's."""
        found = _NAME.fullmatch(host_name(host))
        return str(UUID(found[1])) if found is not None and found[2] == self._domain else None

    def _name(self, run_id: str) -> str:
        return f"r-{UUID(run_id).hex}.{self._domain}"
