"""The running half of a region, built from its services."""

from __future__ import annotations

from dataclasses import dataclass

from planes.data_plane.executor.local import LocalExecutor
from planes.data_plane.executor.uids import UidRange, WorkspaceUids
from planes.data_plane.services.assembly import Services
from planes.data_plane.services.runs.beacon import Beacon
from planes.data_plane.services.runs.preparing import Preparing, RunSettings
from planes.data_plane.services.runs.run_finding import RunFinder
from planes.data_plane.services.runs.runs import Findings, Runs
from planes.data_plane.services.secrets.run_masks import RunMasks
from planes.data_plane.services.telemetry.artifacts import Artifacts
from planes.data_plane.services.telemetry.results import Results
from planes.data_plane.services.telemetry.statistics import Statistics
from planes.data_plane.services.telemetry.telemetry import Telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What the worker and the routes of logs and telemetry call. `executor` is opened by whoever serves the plane."""

    executor: LocalExecutor
    runs: Runs
    finder: RunFinder
    beacon: Beacon
    results: Results
    statistics: Statistics
    telemetry: Telemetry


def assemble_running(services: Services, uid_range: tuple[int, int], settings: RunSettings) -> Running:
    """Builds the parts; nothing is read, written or started yet. `uid_range` is (first, count)."""
    executor = LocalExecutor(most_standing=settings.most_standing, kept_ports=settings.kept_ports)
    first, count = uid_range
    uids = WorkspaceUids(services.parts.folder, UidRange(first, first + count - 1))

    def on_end() -> None:
        services.examining.wake()
        services.rescrub_requests.wake()
        services.alert_queue.wake()

    masks = RunMasks(services.parts.vault)
    artifacts = Artifacts(services.parts, services.audit, uids, masks)
    findings = Findings(hits=services.hits, alerts=services.alert_queue, artifacts=artifacts)
    preparing = Preparing(services, uids, artifacts, settings, executor.stand_by)
    runs = Runs(services.parts, executor, preparing, findings, on_end)
    return Running(
        executor=executor,
        runs=runs,
        finder=RunFinder(services.parts, runs.held),
        beacon=Beacon(services.parts, runs.outbox, services.audit, findings, masks),
        results=Results(services.parts, services.audit),
        statistics=Statistics(services.parts, services.audit),
        telemetry=Telemetry(services.parts, services.audit),
    )
