"""What exactly is started for a lease: environment and command, checked against the region's own data (Security: 4)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from planes.data_plane.executor.environments import EnvironmentSpecification
from planes.domain.access import LOCAL_PROFILES
from planes.manifest.errors import InvalidRequirements
from planes.manifest.launch import LaunchArguments, launcher_of, runtime_entry_point
from planes.manifest.requirements import job_requirements
from planes.wire.link import Lease

_PACKAGE = "dlt._workspace.deployment.launchers."
LAUNCHERS = frozenset(_PACKAGE + name for name in ("job", "module", "agent", "marimo", "streamlit", "mcp", "dashboard"))
DASHBOARD = _PACKAGE + "dashboard"
# The notebook that this launcher runs whatever the definition says is dlt's own.
_DASHBOARD_MODULE = "dlt._workspace.helpers.dashboard.dlt_dashboard"
_MODULE = re.compile(r"\w[\w\-]*(\.\w[\w\-]*)*")
_PROFILE = re.compile(r"[A-Za-z0-9_.\-]{1,128}")


class LaunchRefused(Exception):
    """The run cannot be started; the message is for the person whose job it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """`arguments` follow the interpreter of the environment."""

    environment: EnvironmentSpecification
    arguments: tuple[str, ...]


def check_lease(lease: Lease, tree: Path) -> None:
    """Whether this may be started from this code tree. Reads the tree.

    Raises: LaunchRefused.
    """
    if not _PROFILE.fullmatch(lease.profile) or lease.profile.startswith(".") or lease.profile in LOCAL_PROFILES:
        raise LaunchRefused("The profile of this run cannot be used on the platform.")
    found: object = lease.definition.get("entry_point")
    if not isinstance(found, dict):
        raise LaunchRefused("The job's definition has no entry point.")
    entry_point = cast("dict[str, Any]", found)
    launcher = launcher_of(lease.definition)
    if launcher not in LAUNCHERS:
        known = ", ".join(sorted(name.removeprefix(_PACKAGE) for name in LAUNCHERS))
        raise LaunchRefused(f"The launcher {launcher!r} is not one of dlt's ({_PACKAGE}…: {known}).")
    _check_config(entry_point.get("config"), lease.definition.get("config_keys"))
    module = entry_point.get("module")
    if launcher == DASHBOARD and module == _DASHBOARD_MODULE:
        return
    if not isinstance(module, str) or not _is_in(module, tree):
        raise LaunchRefused(f"The deployment has no module {module!r}. {_advise(module, tree)}")


def is_dashboard(lease: Lease) -> bool:
    """Whether the run shows what other jobs of the workspace have left."""
    return launcher_of(lease.definition) == DASHBOARD


def is_app(lease: Lease) -> bool:
    """Whether the run listens on a port until it is stopped."""
    found: object = lease.definition.get("entry_point")
    return isinstance(found, dict) and cast("dict[str, Any]", found).get("job_type") == "interactive"


def plan_launch(lease: Lease, requirements: Mapping[str, Any], port: int | None = None) -> Launch:
    """The environment and the command of a checked lease; `port` is where an interactive run is to listen.

    Imports dlt: call it in a worker thread.

    Raises: LaunchRefused.
    """
    try:
        wanted = job_requirements(requirements, lease.definition)
        arguments = LaunchArguments(
            profile=lease.profile,
            is_refresh=lease.refresh,
            window_start=lease.interval_start,
            window_end=lease.interval_end,
            run_args=None if port is None else {"port": port},
        )
        entry_point = runtime_entry_point(lease.definition, arguments, wanted.dlt_version.as_spec())
    except InvalidRequirements as exc:
        raise LaunchRefused(f"The requirements of this job cannot be used: {exc.reason}.") from exc
    environment = EnvironmentSpecification(
        organization_id=lease.organization_id,
        workspace_id=lease.workspace_id,
        python_version=wanted.python_version,
        requirements=wanted.requirements,
        wishes=wanted.wishes,
        includes_dlthub=wanted.includes_dlthub,
    )
    return Launch(
        environment=environment,
        arguments=(
            "-u", "-m", launcher_of(lease.definition),
            "--run-id", lease.run_id, "--trigger", lease.trigger, "--entry-point", json.dumps(entry_point),
        ),
    )  # fmt: skip


def _check_config(config: object, config_keys: object) -> None:
    """The launcher turns every member of `config` into an environment variable of the process."""
    if config is None:
        return
    keys = cast("list[Any]", config_keys) if isinstance(config_keys, list) else []
    allowed: set[Any] = {key for key in keys if isinstance(key, str)}
    if not isinstance(config, dict) or not cast("dict[Any, Any]", config).keys() <= allowed:
        raise LaunchRefused("The job's definition sets configuration that is not among its config_keys.")


def _advise(module: object, tree: Path) -> str:
    """What to do about a module that is not there. What lies in a folder of sources, `src`, has another name."""
    if isinstance(module, str):
        for folder in sorted(tree.iterdir()):
            if folder.is_dir() and folder.name.isidentifier() and _is_in(module, folder):
                there = f"{folder.name}.{module}"
                return (
                    f"Modules are found from the workspace's folder on: import {there!r} in __deployment__.py instead."
                )
    return "Deploy again, with the file that defines this job: it may be left out by .gitignore, or be installed only."


def _is_in(module: str, tree: Path) -> bool:
    """A file or package of the tree itself: what is installed does not count."""
    if not _MODULE.fullmatch(module):
        return False
    place = tree.joinpath(*module.split("."))
    return place.with_name(place.name + ".py").is_file() or place.is_dir()
