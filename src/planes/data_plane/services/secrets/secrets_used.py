"""What was registered for a run, by the name that stands in masks: where it came from, and which version it was.

Names and versions only. A run keeps it, so that a mask in its log can be traced to what is to be rotated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from planes.data_plane.services.secrets.variables import ResolvedVariables

_UNFIT_IN_MASK = re.compile(r"[\x00-\x1f\]\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class SecretOrigin(StrEnum):
    """Who gave the value."""

    VARIABLE = "variable"
    CONFIGURATION = "configuration"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretUse:
    """One registered name. `configuration_id` is a TOML value's; `scope`, `version`, `set_at` and `fingerprint` are a
    variable's, the last one to tell whether another variable has the same value.
    """

    origin: SecretOrigin
    scope: str | None = None
    version: int | None = None
    set_at: datetime | None = None
    configuration_id: str | None = None
    fingerprint: str | None = None


def name_in_mask(name: str) -> str:
    """The name as the scrubber writes it."""
    return _UNFIT_IN_MASK.sub("_", name)[:200]


def uses_of(
    variables: ResolvedVariables, toml_names: Iterable[str], configuration_id: str, platform_names: Iterable[str]
) -> dict[str, SecretUse]:
    """Where a name has several origins the scrubber takes the first value: variables, then TOML, then credentials."""
    uses = {
        name: SecretUse(
            origin=SecretOrigin.VARIABLE,
            scope=version.scope,
            version=version.version,
            set_at=version.set_at,
            fingerprint=version.fingerprint,
        )
        for name, version in variables.versions.items()
    }
    from_toml = SecretUse(origin=SecretOrigin.CONFIGURATION, configuration_id=configuration_id)
    for name in toml_names:
        uses.setdefault(name_in_mask(name), from_toml)
    for name in platform_names:
        uses.setdefault(name_in_mask(name), SecretUse(origin=SecretOrigin.PLATFORM))
    return uses


def render_uses(uses: Mapping[str, SecretUse]) -> dict[str, Any]:
    """As JSON, for the run's row."""
    return {
        name: {
            "origin": str(use.origin),
            "scope": use.scope,
            "version": use.version,
            "set_at": use.set_at.isoformat() if use.set_at else None,
            "configuration_id": use.configuration_id,
            "fingerprint": use.fingerprint,
        }
        for name, use in uses.items()
    }


def parse_uses(document: Mapping[str, Any] | None) -> dict[str, SecretUse]:
    """What `render_uses` was given; nothing for a run from before this was kept."""
    return {
        name: SecretUse(
            origin=SecretOrigin(use["origin"]),
            scope=use["scope"],
            version=use["version"],
            set_at=datetime.fromisoformat(use["set_at"]) if use["set_at"] else None,
            configuration_id=use["configuration_id"],
            fingerprint=use.get("fingerprint"),
        )
        for name, use in (document or {}).items()
    }
