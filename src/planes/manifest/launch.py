"""What a launcher is told about one run: the data plane's side of dlt. Contract: 5.2."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from planes.manifest.errors import InvalidRequirements


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchArguments:
    """What the platform decided for one run. Window bounds are aware and come together or not at all.

    `run_args` is needed by interactive jobs (`port`, `base_path`) and agents; `config` overrides job arguments.
    """

    profile: str
    is_refresh: bool
    window_start: datetime | None = None
    window_end: datetime | None = None
    run_args: Mapping[str, Any] | None = None
    config: Mapping[str, Any] | None = None


def runtime_entry_point(
    definition: Mapping[str, Any], arguments: LaunchArguments, dlt_version: Mapping[str, Any]
) -> dict[str, Any]:
    """The JSON object of `--entry-point`, in the shape that the deployed dlt understands.

    The definition is not changed. `dlt_version` is that of the requirements file (`DltVersion.as_spec`).
    Raises: InvalidRequirements when it names no version.
    """
    from planes.manifest import dlt_door as dlt

    try:
        entry_point = dlt.build_runtime_entry_point(
            dlt.as_definition(definition),
            dict(arguments.config or {}),
            arguments.profile,
            arguments.is_refresh,
            arguments.window_start,
            arguments.window_end,
            cast("Any", dlt_version),
        )
    except (ValueError, KeyError) as exc:
        raise InvalidRequirements("dlt_version names no version") from exc
    answer: dict[str, Any] = dict(entry_point)
    if arguments.run_args is not None:
        answer["run_args"] = dict(arguments.run_args)
    elif answer.get("job_type") != "interactive":
        answer.pop("run_args", None)
    return answer


def launcher_of(definition: Mapping[str, Any]) -> str:
    """The module to start with `-m`. Contract: 5.2."""
    entry_point = definition["entry_point"]
    if entry_point.get("launcher"):
        return str(entry_point["launcher"])
    kind = "job" if entry_point.get("function") else "module"
    return f"dlt._workspace.deployment.launchers.{kind}"
