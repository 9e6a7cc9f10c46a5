"""Everything that a region says to the control plane of runs and versions, in the closed schema of `planes.wire.link`.

Ids, states, times, counts, and names that look like names and pass the scrubber; any other is said as `withheld`
(Security: 2). No error text, no value, no path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from planes.data_plane.services.reporting.measuring import Kind, Measured
from planes.data_plane.services.traces.traces import PipelineRunFacts
from planes.scrub import Registered, find_hits, scrub_text
from planes.wire.link import (
    MAXIMUM_MEASURED_RUNS,
    NAME_PATTERN,
    WITHHELD,
    ConfigurationReport,
    DeploymentReport,
    HeldRun,
    MemberIds,
    PipelineRunReport,
    PipelineRunStatus,
    PollRequest,
    RegionNumbers,
    ReportedStatus,
    RunNumbers,
    StatusReport,
    VersionIds,
    WebhookRunRequest,
)

_NAME = re.compile(NAME_PATTERN)
_VERSION = re.compile(r"[A-Za-z0-9_.+\-]{1,64}")
_MOST_COUNTED = 2**53
_MOST_SLOTS = 10_000


def build_status(fence: int, status: ReportedStatus, at: datetime) -> StatusReport:
    """What became of a run."""
    return StatusReport(fence=fence, status=status, at=at)


def build_poll(
    free_slots: int,
    held: Iterable[tuple[str, int]],
    url: str,
    epoch: int,
    numbers: RegionNumbers | None = None,
    instance: str | None = None,
    home: str | None = None,
) -> PollRequest:
    """What this plane can take, the (run, fence) leases it holds, how it is, and which process of which home asks."""
    return PollRequest(
        free_slots=max(0, min(free_slots, _MOST_SLOTS)),
        held=[HeldRun(run_id=run_id, fence=fence) for run_id, fence in held],
        url=url,
        epoch=epoch,
        numbers=numbers,
        instance=instance,
        home=home,
    )


def build_numbers(measured: Measured) -> RegionNumbers:
    """How this plane is: it says no name, and of no organization or workspace."""
    folders = measured.folders
    sizes = {f"{kind}_bytes": _bounded(folders.sizes[kind]) for kind in Kind} if folders is not None else {}
    return RegionNumbers(
        version=measured.version if _VERSION.fullmatch(measured.version) else WITHHELD,
        started_at=measured.started_at,
        slots=measured.slots,
        runners=measured.runners,
        warm=measured.warm,
        warm_bytes=_bounded(measured.warm_bytes) or 0,
        disk_total_bytes=_bounded(measured.disk_total_bytes),
        disk_free_bytes=_bounded(measured.disk_free_bytes),
        database_bytes=_bounded(measured.database_bytes),
        measured_at=folders and folders.measured_at,
        master_key_at=measured.master_key_at,
        runs=[
            RunNumbers(
                run_id=use.run_id,
                pid=use.pid,
                memory_bytes=_bounded(use.memory_bytes) or 0,
                processor_percent=_bounded(use.processor_percent),
            )
            for use in measured.runs[:MAXIMUM_MEASURED_RUNS]
        ],
        environments=folders and folders.environments,
        environments_used_at=folders and folders.environments_used_at,
        **sizes,
    )


def build_version_ids(deployments: Iterable[str], configurations: Iterable[str]) -> VersionIds:
    """Uploads of which this plane does not know whether they are versions."""
    return VersionIds(deployments=list(deployments), configurations=list(configurations))


def build_webhook_run(call: Mapping[str, Any]) -> WebhookRunRequest:
    """That a call wants a run: ids, and the trigger as the control plane has named it. Nothing of what came in."""
    return WebhookRunRequest(
        workspace_id=call["workspace_id"], job_id=call["job_id"], trigger=call["trigger"], call_id=call["id"]
    )


def build_member_ids(workspace_id: str, members: Iterable[str]) -> MemberIds:
    """Whom alerts are for: the region knows ids, and no addresses of members."""
    return MemberIds(workspace_id=workspace_id, members=list(members))


def build_pipeline_run(fence: int, facts: PipelineRunFacts, registered: Registered) -> PipelineRunReport:
    """Names and counts of one pipeline run."""
    return PipelineRunReport(
        fence=fence,
        pipeline_name=name_to_say(facts.pipeline_name, registered),
        dataset_name=_optional(facts.dataset_name, registered),
        destination_name=_optional(facts.destination_name, registered),
        transaction_id=name_to_say(facts.transaction_id, registered),
        status=PipelineRunStatus(facts.status.value),
        started_at=facts.started_at,
        finished_at=facts.finished_at,
        duration_ms=_bounded(facts.duration_ms),
        total_rows=_bounded(facts.total_rows_loaded),
    )


def build_deployment(row: Mapping[str, Any]) -> DeploymentReport:
    """An uploaded deployment: its hash and sizes, no name of a file."""
    return DeploymentReport(**_version(row), requirements_size_bytes=len(row["requirements"]))


def build_configuration(row: Mapping[str, Any]) -> ConfigurationReport:
    """An uploaded configuration: its hash, sizes and profiles. A profile whose name may not be said cannot be run."""
    profiles = dict.fromkeys(name_to_say(name, Registered.empty()) for name in row["profiles"])
    return ConfigurationReport(**_version(row), profiles=list(profiles))


def name_to_say(name: str, registered: Registered) -> str:
    """The name if it may be said, else `withheld`."""
    if not _NAME.fullmatch(name) or find_hits(name) or scrub_text(name, registered) != name:
        return WITHHELD
    return name


def _version(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("workspace_id", "content_hash", "file_count", "size_bytes", "created_by", "created_at")
    return {name: row[name] for name in names}


def _optional(name: str | None, registered: Registered) -> str | None:
    return None if name is None else name_to_say(name, registered)


def _bounded(number: int | None) -> int | None:
    return None if number is None else min(number, _MOST_COUNTED)
