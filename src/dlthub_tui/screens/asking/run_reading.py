"""Asks what is known of one run beside its row: versions by number, people by name, what its region says."""

from __future__ import annotations

from dataclasses import replace

from dlthub_tui.client.errors import ClientError
from dlthub_tui.client.models import Run
from dlthub_tui.client.transport import Transport
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.viewmodel.look import TERMINAL_STATES
from dlthub_tui.viewmodel.places import WorkspaceRef
from dlthub_tui.viewmodel.work.run_facts import RegionFacts, last_error
from dlthub_tui.viewmodel.work.runs import Known

LOOKED_THROUGH = 100


async def learn_known(context: Context, workspace: WorkspaceRef, runs: tuple[Run, ...]) -> Known:
    """Asks once, and again when a run is of a version that came since. What is refused stays unknown."""
    known = context.known.get(workspace.id, Known())
    versions = {run.deployment_id for run in runs} - set(known.deployments)
    settings = {run.configuration_id for run in runs} - set(known.configurations)
    asked = (versions | settings) - context.unknown.setdefault(workspace.id, set())
    try:
        if asked:
            plane = context.connected.control
            known = await _ask(plane, workspace.id, known, versions=bool(versions), settings=bool(settings))
    except ClientError:
        return known
    context.unknown[workspace.id] |= asked - set(known.deployments) - set(known.configurations)
    context.known[workspace.id] = known
    return await learn_people(context, workspace, {run.triggered_by for run in runs if run.triggered_by})


async def learn_people(context: Context, workspace: WorkspaceRef, ids: set[str]) -> Known:
    """Who they are, of members of the workspace; asked once for each."""
    from dlthub_tui.client.members import find_emails

    known = context.known.get(workspace.id, Known())
    asked = ids - set(known.people) - context.unknown.setdefault(workspace.id, set())
    if not asked:
        return known
    try:
        people = await find_emails(context.connected.control, workspace.id)
    except ClientError:
        return known
    known = replace(known, people=people or known.people)
    context.unknown[workspace.id] |= asked - set(known.people)
    context.known[workspace.id] = known
    return known


async def _ask(plane: Transport, workspace_id: str, known: Known, *, versions: bool, settings: bool) -> Known:
    from dlthub_tui.client.deployments import list_configurations, list_deployments

    if versions:
        found = (await list_deployments(plane, workspace_id)).items
        known = replace(known, deployments={item.id: item.version for item in found})
    if settings:
        stored = (await list_configurations(plane, workspace_id)).items
        known = replace(known, configurations={item.id: item.version for item in stored})
    return known


async def read_facts(
    context: Context, workspace: WorkspaceRef, run: Run, *, is_shown_with_log: bool = False
) -> RegionFacts:
    """What the region says; its result only, and its exception only not, beside its log.

    Raises: ClientError where it does not answer, or the caller may not know.
    """
    from dlthub_tui.client.errors import NotFound
    from dlthub_tui.client.leaks import get_masked_counts
    from dlthub_tui.client.telemetry import find_result, get_pipeline_run

    facts = RegionFacts()
    if run.started_at is None:
        return facts
    region = await context.connected.region(workspace)
    if run.status in TERMINAL_STATES:
        facts = replace(facts, masked=(await get_masked_counts(region, workspace.id, run.id)).counts)
    if run.status == "failed" and not is_shown_with_log:
        facts = replace(facts, error=await find_last_error(context, region, workspace.id, run.id))
    if is_shown_with_log and run.status in TERMINAL_STATES:
        facts = replace(facts, result=await find_result(region, workspace.id, run.id))
    loads = [summary.run_id for summary in run.summaries if summary.run_id]
    if loads:
        try:
            loaded = await get_pipeline_run(region, workspace.id, loads[0])
        except NotFound:  # its trace is not there yet
            return facts
        facts = replace(
            facts, tables=loaded.tables, dlt_version=loaded.dlt_version, python_version=loaded.python_version
        )
    return facts


async def find_last_error(context: Context, region: Transport, workspace_id: str, run_id: str) -> str:
    """The last line that names an error near the end of its log; empty where none does, or the log is gone."""
    from dlthub_tui.client.errors import Gone, NotFound
    from dlthub_tui.client.logs import get_lines

    try:
        end = await get_lines(region, workspace_id, run_id, -LOOKED_THROUGH, LOOKED_THROUGH)
    except (NotFound, Gone):
        return ""
    return last_error(end.lines, context.look)
