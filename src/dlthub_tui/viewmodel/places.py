"""Where one can be in the app, and the links that name a place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

if TYPE_CHECKING:
    from dlthub_tui.client.models import Membership, Workspace


@dataclass(frozen=True, slots=True)
class WorkspaceRef:
    """What is needed to stand in a workspace: its name and region for the frame, ids for requests.

    `address` names it and no other, in links and command lines.
    """

    id: str
    name: str
    organization_id: str
    organization_name: str
    dataplane_id: str
    dataplane_url: str
    address: str = field(compare=False)

    @classmethod
    def of(cls, workspace: Workspace, membership: Membership, address: str) -> Self:
        """Of a workspace, for the member of its organization who is to stand in it."""
        return cls(
            id=workspace.id, name=workspace.name, organization_id=workspace.organization_id,
            organization_name=membership.organization.name, dataplane_id=workspace.dataplane_id,
            dataplane_url=workspace.dataplane_url, address=address,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class HomePlace:
    """Organizations, workspaces, planes."""


@dataclass(frozen=True, slots=True)
class NewOrganizationPlace:
    """Naming an organization and choosing its region; with an id, choosing the region of one that has none."""

    organization_id: str | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class GuidePlace:
    """The guide of the first start."""


@dataclass(frozen=True, slots=True)
class PlatformPlace:
    """The planes; `plane` is the one that is stood on."""

    plane: str = ""


@dataclass(frozen=True, slots=True)
class EnvironmentsPlace:
    """The environments that a region has built."""

    region: str


@dataclass(frozen=True, slots=True)
class DoctorPlace:
    """What is installed, active and missing on this machine."""


@dataclass(frozen=True, slots=True)
class CommandLogPlace:
    """What each key did."""


@dataclass(frozen=True, slots=True)
class SettingsPlace:
    """How the app looks and behaves for this person; and the way to the settings of the workspace one came from."""

    workspace: WorkspaceRef | None = None


@dataclass(frozen=True, slots=True)
class WorkspaceSettingsPlace:
    """What is set for one workspace."""

    workspace: WorkspaceRef


@dataclass(frozen=True, slots=True)
class SignInsPlace:
    """Pending sign-ins."""


@dataclass(frozen=True, slots=True)
class WorkspacePlace:
    """A tab of a workspace, by its name in `frame.TABS`."""

    workspace: WorkspaceRef
    tab: str = "jobs"


@dataclass(frozen=True, slots=True)
class JobPlace:
    """One job."""

    workspace: WorkspaceRef
    job_id: str
    job_ref: str


@dataclass(frozen=True, slots=True)
class BackfillsPlace:
    """The backfills of one job, with the slices of one of them."""

    job: JobPlace

    @property
    def workspace(self) -> WorkspaceRef:
        """The job's."""
        return self.job.workspace


@dataclass(frozen=True, slots=True)
class WebhooksPlace:
    """The addresses at which one job is called."""

    job: JobPlace

    @property
    def workspace(self) -> WorkspaceRef:
        """The job's."""
        return self.job.workspace


@dataclass(frozen=True, slots=True)
class RunPlace:
    """One run with its log. `line` is where the log opens, None for its end."""

    workspace: WorkspaceRef
    run_id: str
    job_ref: str
    number: int
    line: int | None = None
    is_log_only: bool = False


@dataclass(frozen=True, slots=True)
class ComparePlace:
    """The log of a run beside that of another run of its job."""

    run: RunPlace
    other_id: str
    other_number: int


@dataclass(frozen=True, slots=True)
class PipelinePlace:
    """The runs of one pipeline."""

    workspace: WorkspaceRef
    name: str


@dataclass(frozen=True, slots=True)
class PipelineRunPlace:
    """One run of a pipeline, with its tables and load packages."""

    workspace: WorkspaceRef
    name: str
    run_id: str


@dataclass(frozen=True, slots=True)
class DeployPlace:
    """Sending a folder to a workspace."""

    workspace: WorkspaceRef
    folder: str | None = None


Place = (
    HomePlace | GuidePlace | NewOrganizationPlace | SignInsPlace | WorkspacePlace | JobPlace | RunPlace | ComparePlace
    | DeployPlace | PipelinePlace | PipelineRunPlace | PlatformPlace | DoctorPlace | EnvironmentsPlace
    | CommandLogPlace | SettingsPlace | WorkspaceSettingsPlace | BackfillsPlace | WebhooksPlace
)  # fmt: skip


def link(place: Place) -> str:
    """The deep link of a place: `org/workspace/job/run#line`."""
    match place:
        case WorkspacePlace(workspace, tab):
            return workspace.address + ("" if tab == "jobs" else f":{tab}")
        case JobPlace(workspace, _, job_ref):
            return f"{workspace.address}/{job_ref.removeprefix('jobs.')}"
        case RunPlace(workspace, _, job_ref, number, at):
            end = "" if at is None else f"#{at + 1}"
            job = job_ref.removeprefix("jobs.")
            return f"{workspace.address}/{job}/{number}{end}"
        case BackfillsPlace(job) | WebhooksPlace(job):
            return link(job)
        case ComparePlace(run, _, _):
            return link(run)
        case PipelinePlace(workspace, _) | PipelineRunPlace(workspace, _, _):
            return f"{workspace.address}:pipelines"
        case DeployPlace(workspace, _) | WorkspaceSettingsPlace(workspace):
            return workspace.address
        case _:
            return ""


def web_path(place: Place) -> str:
    """The path of a place's page on the control plane; empty where it has none."""
    match place:
        case JobPlace(workspace, job_id, _):
            return f"/w/{workspace.id}/jobs/{job_id}"
        case BackfillsPlace(job) | WebhooksPlace(job):
            return web_path(job)
        case RunPlace(workspace, run_id):
            return f"/w/{workspace.id}/runs/{run_id}"
        case ComparePlace(run):
            return web_path(run)
        case PipelinePlace(workspace, name) | PipelineRunPlace(workspace, name, _):
            return f"/w/{workspace.id}/pipelines/{quote(name, safe='')}"
        case WorkspacePlace(workspace, _) | DeployPlace(workspace, _) | WorkspaceSettingsPlace(workspace):
            return f"/w/{workspace.id}"
        case HomePlace():
            return "/"
        case _:
            return ""
