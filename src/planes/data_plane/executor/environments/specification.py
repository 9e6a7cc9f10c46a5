"""What makes two environments the same."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

_LAYOUT = 2  # raised when the builder makes environments differently, so that old ones are not taken for new ones


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSpecification:
    """An environment by its content. It is never shared by two workspaces (Security: 6).

    `requirements` are PEP 508 lines in any order, `wishes` others that may be left out. Without `includes_dlthub` the
    environment makes `dlt.hub.run` importable by itself (Contract: 5.3).
    """

    organization_id: str
    workspace_id: str
    python_version: str
    requirements: tuple[str, ...]
    includes_dlthub: bool
    wishes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """24 hex digits that name the environment's folder."""
        content = [
            _LAYOUT,
            self.organization_id,
            self.workspace_id,
            self.python_version,
            sorted(set(self.requirements)),
            self.includes_dlthub,
            sorted(set(self.wishes)),
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:24]
