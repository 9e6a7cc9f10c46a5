"""Which profile a run gets. Contract: 4.1."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from planes.manifest.facts import part

BATCH_PROFILE = "prod"
READ_PROFILE = "access"
LOCAL_PROFILES = frozenset({"dev", "tests"})
"""Profiles of a developer's machine: never sent, never valid on the platform."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The profile asked for may not be used; `reason` says why, in words for the user."""

    reason: str


def pick_profile(
    definition: Mapping[str, Any], configured_profiles: Collection[str], override: str | None = None
) -> str | Refusal:
    """The profile of a run: the override, else what the job requires, else the default of its kind.

    `configured_profiles` are those that the workspace's configuration has files for. `prod` needs none: without files
    it runs on the base configuration.
    """
    required = part(definition, "require").get("profile")
    named = override if override is not None else required
    if named is None:
        return _default_profile(definition, configured_profiles)
    if named in LOCAL_PROFILES:
        return Refusal(f"profile {named!r} is for local work only")
    if named != BATCH_PROFILE and named not in configured_profiles:
        file = f".dlt/{named}.config.toml"
        return Refusal(f"profile {named!r} has no configuration in this workspace; deploy a {file} to give it one")
    return named


def _default_profile(definition: Mapping[str, Any], configured_profiles: Collection[str]) -> str:
    if definition.get("agent") is not None:
        return READ_PROFILE
    if definition["entry_point"]["job_type"] != "interactive":
        return BATCH_PROFILE
    return READ_PROFILE if READ_PROFILE in configured_profiles else BATCH_PROFILE
