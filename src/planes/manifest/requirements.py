"""Which packages the environment of a job needs. Contract: 3.3, BORDERS 5."""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planes.manifest.errors import InvalidRequirements
from planes.manifest.facts import part
from planes.manifest.launch import launcher_of

MAIN_GROUP = "main"
# Every client lists these, unbounded, for the hosted platform's artifact store: for launchers, and in the group that it
# writes for the dashboard. Together with a workspace's exact pins they can send the resolver back ten years, so they
# are wished for: see docs/adr.
WISHED_PACKAGES = frozenset({"botocore", "s3fs"})
DASHBOARD_GROUP = "jobs.workspace.dashboard"
COMMERCIAL_PACKAGE = "dlthub"
# What serves an agent the tools that it declares. Clients expect it to come with the commercial package.
AGENT_TOOL_PACKAGES = ("dlthub-client", "fastmcp")
AGENT_LOOP_GROUP = "agent-loop-"
MAX_REQUIREMENTS_BYTES = 4 * 1024 * 1024

_PATH = re.compile(r"\s*(?:(?:-e|--editable)[\s=]|\.{0,2}/)")
"""A package of the workspace or of its machine, as `uv export` writes it."""
_VARIABLE = re.compile(r"\$\{")
_UNNAMED_GROUPS = frozenset({MAIN_GROUP, DASHBOARD_GROUP})
"""Groups that the client writes by itself."""
_PYTHON_VERSION = re.compile(r"3\.\d{1,2}(\.\d{1,2})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRequest:
    """A virtual environment to build or reuse: equal requests may share one.

    `requirements` are sorted requirement lines without doubles; `wishes` are left out where they do not fit. Without
    `includes_dlthub` the environment gets the `.pth` of CONTRACT 5.3. `dlt_version` is the client's dlt as the file
    names it, for `runtime_entry_point`.
    """

    python_version: str
    requirements: tuple[str, ...]
    wishes: tuple[str, ...]
    includes_dlthub: bool
    dlt_version: "DltVersion"


@dataclass(frozen=True, slots=True, kw_only=True)
class DltVersion:
    """The dlt that the deploying client ran."""

    version: str
    mode: str

    def as_spec(self) -> dict[str, Any]:
        """In the shape of the requirements file."""
        return {"name": "dlt", "extras": [], "version": self.version, "mode": self.mode}


def parse_requirements(content: bytes) -> dict[str, Any]:
    """Read, migrate and check a `requirements.json`. Raises: InvalidRequirements."""
    from planes.manifest import dlt_door as dlt

    if len(content) > MAX_REQUIREMENTS_BYTES:
        raise InvalidRequirements("the file is too large")
    try:
        manifest: dict[str, Any] = dict(dlt.load_requirements(io.BytesIO(content)))
    except dlt.WorkspaceRequirementsError as exc:
        raise InvalidRequirements(str(exc)[:400]) from exc
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as exc:
        raise InvalidRequirements("the file is not a requirements manifest") from exc
    if not _PYTHON_VERSION.fullmatch(manifest["python_version"]):
        raise InvalidRequirements("python_version is not a version")
    for line in _all_lines(manifest):
        _check_line(line)
    return manifest


def job_requirements(manifest: Mapping[str, Any], definition: Mapping[str, Any]) -> EnvironmentRequest:
    """What a job of this definition needs: default groups, its own groups, its launcher's packages.

    `manifest` comes from `parse_requirements`. The commercial package is left out of all but the user's own `main`
    group; an agent that declares tools gets the packages that serve them.
    Raises: InvalidRequirements when a group that the job names does not exist.
    """
    groups: Mapping[str, list[str]] = manifest["groups"]
    own_groups: list[str] = part(definition, "require").get("dependency_groups") or []
    wanted: list[str] = list(dict.fromkeys([*manifest["default_groups"], *own_groups]))
    missing = [name for name in wanted if name not in groups]
    if missing:
        raise InvalidRequirements(_missing(missing[0], sorted(set(groups) - _UNNAMED_GROUPS)))
    lines: list[str] = []
    added = _without_commercial(manifest["launcher_requirements"].get(launcher_of(definition), []))
    for name in wanted:
        if name == DASHBOARD_GROUP:
            added += _without_commercial(groups[name])
        else:
            lines += groups[name] if name == MAIN_GROUP else _without_commercial(groups[name])
    own_names = {package_name(line) for line in lines}
    wishes = {line for line in added if package_name(line) in WISHED_PACKAGES - own_names}
    lines += [line for line in added if line not in wishes]
    if part(definition, "agent").get("tools"):
        lines += [name for name in AGENT_TOOL_PACKAGES if name not in own_names]
    pin = manifest["dlt_version"]
    return EnvironmentRequest(
        python_version=manifest["python_version"],
        requirements=tuple(sorted(set(lines))),
        wishes=tuple(sorted(wishes)),
        includes_dlthub=_names_commercial(groups.get(MAIN_GROUP, ())) and MAIN_GROUP in wanted,
        dlt_version=DltVersion(version=pin["version"], mode=pin["mode"]),
    )


def package_name(requirement: str) -> str:
    """The normalized distribution name that a requirement line begins with, empty when there is none."""
    found = re.match(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)", requirement)
    return re.sub(r"[-_.]+", "-", found.group(1)).lower() if found else ""


def _missing(group: str, present: Sequence[str]) -> str:
    said = f"the job asks for the dependency group {group!r}, and there is none of this name"
    if not group.startswith(AGENT_LOOP_GROUP):
        there = ", ".join(name for name in present if not name.startswith(AGENT_LOOP_GROUP)) or "none"
        return f"{said} (there: {there}). Add it to pyproject.toml or name another in the job, and deploy"
    loop = group.removeprefix(AGENT_LOOP_GROUP)
    return f"{said}. Add one of this name to pyproject.toml, with the packages of the agent loop {loop!r}, and deploy"


def _without_commercial(lines: list[str]) -> list[str]:
    return [line for line in lines if package_name(line) != COMMERCIAL_PACKAGE]


def _names_commercial(lines: Sequence[str]) -> bool:
    # the extra `dlt[hub]` brings the package too
    return any(
        package_name(line) == COMMERCIAL_PACKAGE or re.match(r"\s*dlt\s*\[[^\]]*\bhub\b[^\]]*\]", line, re.IGNORECASE)
        for line in lines
    )


def _all_lines(manifest: Mapping[str, Any]) -> list[str]:
    lists = [*manifest["groups"].values(), *manifest["launcher_requirements"].values()]
    return [line for lines in lists for line in lines]


def _check_line(line: str) -> None:
    """A line that begins with a dash would be an option for the installer; a line break would be a second line."""
    if _PATH.match(line) and "://" not in line and line.isprintable():
        raise InvalidRequirements(
            f"{line[:200]!r} is a path of a machine, and environments are built of packages from a registry. Jobs "
            "import from the workspace's own folder: put the package there, not its wheel, without naming it as a "
            "dependency, or publish it; then deploy again"
        )
    if _VARIABLE.search(line):
        # The installer would put it in, and so send what opens the region's package index to any address.
        raise InvalidRequirements(
            f"the requirement {package_name(line) or 'without a name'!r} asks for a variable of the environment "
            "(${...}), and those of a region's builds are its own. Write the address itself; what opens it is for who "
            "runs the region to set; then deploy again"
        )
    if len(line) > 2048 or not line.isprintable() or not package_name(line):
        raise InvalidRequirements(
            "a line is not a package requirement, such as 'dlt[duckdb]==1.31.0'. Options of an installer (-r, -c, "
            "--index-url) are not taken over: write the packages themselves, then deploy again"
        )
