"""Every public method of `dlthub_sdk`, once, blocking or awaited: run in the released client's interpreter.

    python sdk_tour.py blocking|awaited KEY CONTROL_PLANE_URL     in a workspace folder of somebody new

The last line that it prints is a JSON object: `facts`, what was answered; `called`, the functions of the SDK that ran;
`public`, the methods and properties that it has.
"""

# pyright: reportMissingImports=false

from __future__ import annotations

import asyncio
import inspect
import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import dlthub_sdk
from dlt._workspace.deployment.file_selector import ConfigurationFileSelector, WorkspaceFileSelector
from dlt._workspace.deployment.package_builder import PackageBuilder
from dlt._workspace.deployment.requirements import export_workspace_requirements, save_requirements
from dlt.common.runtime.run_context import active

mode, key, base_url = sys.argv[1:]
called: set[str] = set()


def watch(frame: FrameType, event: str, _: object) -> None:
    """Remembers which functions of the SDK run."""
    code: CodeType = frame.f_code
    if event == "call" and "dlthub_sdk" in code.co_filename:
        called.add(code.co_qualname)


class Kept:
    """A credential that was refused once and can be renewed."""

    def __init__(self) -> None:
        self.now, self.renewals = "dlt_u_stale", 0

    def token(self) -> str:
        return self.now

    def refreshed(self) -> str:
        self.now, self.renewals = key, self.renewals + 1
        return key


class AwaitedKept(Kept):
    """The same, awaited."""

    async def token(self) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        return super().token()

    async def refreshed(self) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        return super().refreshed()


def public() -> list[str]:
    """Methods and properties of the classes that the package exports."""
    found: list[str] = []
    for name in dlthub_sdk.__all__:
        exported = getattr(dlthub_sdk, name)
        if not inspect.isclass(exported) or issubclass(exported, BaseException):
            continue
        members = [
            one for one, value in vars(exported).items() if inspect.isfunction(value) or isinstance(value, property)
        ]
        found += [f"{name}.{one}" for one in members if not one.startswith("_")]
    return found


async def got(answer: Any) -> Any:
    """The answer of either mode: awaited, or read to its end."""
    if inspect.isawaitable(answer):
        return await answer
    if hasattr(answer, "__aiter__"):
        return [one async for one in answer]
    if hasattr(answer, "__next__") or type(answer).__module__.startswith("dlthub_sdk._glue"):
        return list(answer)
    return answer


async def status_of(answer: Any) -> list[Any]:
    """How a refused call is said."""
    try:
        await got(answer() if callable(answer) else answer)
    except dlthub_sdk.DlthubError as exc:
        return [type(exc).__name__, exc.status]
    return ["answered", None]


async def tour() -> dict[str, Any]:
    connect = dlthub_sdk.connect if mode == "blocking" else dlthub_sdk.connect_async
    kept = Kept() if mode == "blocking" else AwaitedKept()
    runtime: Any = connect(credentials=kept, base_url=base_url, headers={"X-Tour": mode}, verify_ssl=True)
    facts: dict[str, Any] = {"email": (await got(runtime.me())).email, "renewals": kept.renewals}
    organization = await of_organizations(runtime, facts)
    workspace = await of_workspaces(runtime, organization, facts)
    await of_versions(workspace, facts)
    await of_variables(workspace, facts)
    await of_jobs(workspace, facts)
    await of_runs(workspace, facts)
    await of_telemetry(workspace, facts)
    await got((await got(workspace.archive())).unarchive())
    facts["closed"] = await got(runtime.close())
    return facts


async def of_organizations(runtime: Any, facts: dict[str, Any]) -> Any:
    [listed] = await got(runtime.organizations.list(limit=5, offset=0))
    organization = await got(runtime.organizations.get(id=listed.id))
    organization = await got(organization.set_dataplane(dataplane_id="us1"))
    facts["organization"] = [
        await got(runtime.organizations.count()),
        organization.dataplane_id,
        (await got(organization.me())).role,
        sorted(one.id for one in await got(runtime.dataplanes.list())),
        len(await got(organization.workspaces.list())),
    ]
    facts["region is locked"] = await status_of(lambda: organization.set_dataplane(dataplane_id="eu1"))
    return organization


async def of_workspaces(runtime: Any, organization: Any, facts: dict[str, Any]) -> Any:
    made = await got(runtime.workspaces.create(name="tour", description="first", organization_id=organization.id))
    workspace = await got(runtime.workspaces.get(id=made.id))
    workspace = await got(workspace.update(name="journey", description=None))
    archived = await got(workspace.archive())
    facts["archived workspace refuses"] = await status_of(lambda: archived.update(name="other"))
    workspace = await got(archived.unarchive())
    facts["workspace"] = [
        workspace.name,
        workspace.description,
        workspace.dashboard_url.startswith(base_url),
        await got(runtime.workspaces.count(organization_id=organization.id)),
        sorted(one.name for one in await got(runtime.workspaces.list(organization_id=organization.id, limit=10))),
        [one.email for one in await got(workspace.members(limit=5))],
        (await got(workspace.me())).workspace_role,
    ]
    return workspace


async def of_versions(workspace: Any, facts: dict[str, Any]) -> None:
    facts["nothing uploaded"] = [
        await status_of(workspace.deployments.latest),
        await status_of(workspace.configurations.latest),
    ]
    code, configuration, requirements = io.BytesIO(), io.BytesIO(), io.BytesIO()
    here: Any = active()
    builder = PackageBuilder(context=here)
    digest = builder.write_package_to_stream(file_selector=WorkspaceFileSelector(here), output_stream=code)
    builder.write_package_to_stream(file_selector=ConfigurationFileSelector(here), output_stream=configuration)
    save_requirements(export_workspace_requirements(Path(here.run_dir)), requirements)
    uploads = (
        (workspace.deployments, {"code": code.getvalue(), "requirements": requirements.getvalue()}),
        (workspace.configurations, {"data": io.BytesIO(configuration.getvalue())}),
    )
    for versions, sent in uploads:
        stored = await got(versions.upload(**sent))
        latest, first = await got(versions.latest()), await got(versions.get(version=1))
        facts[type(versions).__name__] = [
            stored.id == latest.id == first.id,
            await got(versions.count()),
            [one.version for one in await got(versions.list(limit=5, offset=0))],
            sorted(one.relative_path for one in await got(first.files())),
            await status_of(lambda found=versions: found.get(version=7)),
        ]
    facts["same hash"] = (await got(workspace.deployments.latest())).content_hash == digest


async def of_variables(workspace: Any, facts: dict[str, Any]) -> None:
    variables = workspace.variables
    changes = [
        await got(variables.set("HARBOUR", "calm", profile=dlthub_sdk.WORKSPACE_PROFILE)),
        await got(variables.set("API__TOKEN", "merlin-slate-8814", profile="prod", secret=True)),
        *await got(
            variables.apply(profile="prod", upserts={"BOAT": "red"}, secrets={"OAR": "teal-6120"}, deletes=["X"])
        ),
        await got(variables.delete("BOAT", profile="prod")),
    ]
    facts["variables"] = [
        [(one.name, str(one.status)) for one in changes],
        (await got(variables.get("HARBOUR", profile=None))).value,
        (await got(variables.get("API__TOKEN", profile="prod"))).value,
        [[one.name for one in scope.variables] for scope in await got(variables.list(profile="prod"))],
        sum(len(scope.variables) for scope in await got(variables.list())),
        await status_of(lambda: variables.set("PATH", "x", profile=None)),
    ]


async def of_jobs(workspace: Any, facts: dict[str, Any]) -> None:
    worker = ["-m", "dlt._workspace.deployment._manifest_worker", "__deployment__"]
    made = subprocess.run([sys.executable, *worker], capture_output=True, check=True, text=True)
    manifest = json.loads(made.stdout)["manifest"]
    sent: dict[str, Any] = {"manifest_hash": "of-the-tour", "module": "__deployment__", "description": "a tour"}
    tried = await got(workspace.jobs.deploy_manifest(manifest, **sent, dry_run=True))
    done = await got(workspace.jobs.deploy_manifest(manifest, **sent))
    again = await got(workspace.jobs.deploy_manifest(manifest, **sent))
    facts["deploys"] = [
        sorted(job.job_ref for job in tried.added) == sorted(job.job_ref for job in done.added),
        len(again.unchanged) == len(done.added),
    ]
    nightly = await got(workspace.jobs.get_by_ref("jobs.works.nightly"))
    nightly = await got(workspace.jobs.get(id=nightly.id))
    paused = (await got(nightly.pause())).is_paused
    resumed = (await got(nightly.resume())).is_paused
    archived = (await got(nightly.archive())).is_archived
    listed = [job.job_ref for job in await got(workspace.jobs.list(archived=True, limit=10))]
    counts = [await got(workspace.jobs.count(archived=True)), await got(workspace.jobs.count())]
    back = (await got(nightly.unarchive())).is_archived
    facts["nightly"] = [paused, resumed, archived, listed, counts, back]
    stall = await got(workspace.jobs.get_by_ref("jobs.works.stall"))
    published = (await got(stall.publish())).public_url
    facts["stall"] = ["/public/" in str(published), (await got(stall.unpublish())).public_url]


async def of_runs(workspace: Any, facts: dict[str, Any]) -> None:
    counted = await got(workspace.jobs.get_by_ref("jobs.works.counted"))
    fails = await got(workspace.jobs.get_by_ref("jobs.works.fails"))
    tried = await got(workspace.jobs.trigger(selectors=["tag:short"], dry_run=True))
    started = await got(workspace.jobs.trigger(refs=["jobs.works.fails"], profile="prod", refresh=True))
    facts["triggers"] = [[one.started, one.job_ref] for one in (*tried, *started)]
    run = await got(counted.start_run(trigger="manual:", profile="prod", refresh=False, skip_freshness=True))
    streamed = [line.content for line in await got(run.stream_logs(follow=True)) if str(line.source) == "user"]
    run = await got(run.wait(timeout=240))
    failed = await got((await got(fails.runs.latest())).wait(timeout=240))
    runs = workspace.job_runs
    facts["runs"] = [
        [str(run.status), run.finished, run.failed, str(failed.status), failed.finished, failed.failed],
        [line for line in streamed if line.startswith("counted")],
        len(await got(run.logs())) == len(await got(run.stream_logs(follow=False))),
        [(await got(run.result())).result, (await got(runs.result(id=run.id))).result],
        "job.count" in str(await got(run.trace())) and "job.count" in str(await got(runs.trace(id=run.id))),
        (await got(runs.get(id=run.id))).number,
        (await got(runs.latest(job_id=counted.id))).id == run.id,
        [await got(runs.count()), await got(runs.count(job_id=fails.id)), await got(counted.runs.count())],
        [one.number for one in await got(runs.list(job_id=counted.id, number=1, limit=5, offset=0))],
        await status_of(failed.result),
    ]
    endless = await got(workspace.jobs.get_by_ref("jobs.works.endless"))
    facts["cancels"] = []
    for refs in (None, ["jobs.works.endless", "jobs.works.counted"]):
        run = await got(endless.start_run())
        while str((await got(runs.get(id=run.id))).status) != "running":
            await asyncio.sleep(0.2)
        if refs is None:
            facts["cancels"].append(str((await got(run.cancel())).status) in ("cancelling", "cancelled"))
        else:
            dry = await got(runs.cancel_all(job_refs=refs, dry_run=True))
            done = await got(runs.cancel_all(job_refs=refs))
            facts["cancels"].append([[one.job_ref for one in report.cancelled] for report in (dry, done)])
            facts["cancels"].append(list(done.not_running))
        facts["cancels"].append(str((await got(run.wait(timeout=240))).status))


async def of_telemetry(workspace: Any, facts: dict[str, Any]) -> None:
    telemetry = workspace.telemetry
    now = datetime.now(UTC)
    window: dict[str, Any] = {
        "since": now - timedelta(days=1),
        "until": now + timedelta(days=1),
        "limit": 5,
        "offset": 0,
    }
    counted = await got((await got(workspace.jobs.get_by_ref("jobs.works.counted"))).runs.latest())
    succeeded = dlthub_sdk.PipelineRunStatus("succeeded")
    asked: dict[str, Any] = {"job_run_id": counted.id, "pipeline_name": "numbers", "status": succeeded, **window}
    [listed] = await got(telemetry.pipeline_runs.list(dataset="digits", destination="duckdb", **asked))
    run = await got(telemetry.pipeline_runs.get(id=listed.id))
    named: dict[str, Any] = {"latest_status": succeeded, "destination": "duckdb", **window}
    facts["telemetry"] = [
        (await got(telemetry.status())).updated_at is not None,
        [run.pipeline_name, run.total_rows_loaded, run.failed],
        "digit" in {table.table_name for table in run.tables},
        (await got(run.trace())).trace["pipeline_name"],
        (await got(telemetry.pipeline_runs.trace(id=listed.id))).trace["pipeline_name"],
        [one.pipeline_name for one in await got(telemetry.pipelines(pipeline_name="numbers", **named))],
        [one.dataset_name for one in await got(telemetry.datasets(dataset_name="digits", **named))],
        await got(telemetry.pipeline_runs.list(empty_only=True, **window)),
    ]


if __name__ == "__main__":
    sys.setprofile(watch)
    told = asyncio.run(tour())
    sys.setprofile(None)
    print(json.dumps({"facts": told, "called": sorted(called), "public": public()}))
