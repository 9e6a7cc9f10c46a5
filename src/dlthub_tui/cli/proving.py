"""`doctor --residency`: plants words in each region, runs real jobs with them, searches the home, signs what it found.

It claims no more than it looked at: the parts of this home, and the control plane's memory where that is a process of
its own. What lies on other machines is named as not searched.
"""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio

from dlthub_tui.cli import exits
from dlthub_tui.cli.planting import JOBS, PROFILE, SECRET_VARIABLE, Planted, new_stem, write_workspace
from dlthub_tui.embed import proving
from dlthub_tui.embed.finding import FoundPlatform, find_platform
from dlthub_tui.session.proofs import verdict_of
from dlthub_tui.settings import our_version

if TYPE_CHECKING:
    from dlthub_tui.client.models import Workspace
    from dlthub_tui.session.connection import Connection

_RUN_SECONDS = 600
_LAST_LINES = 12
_LAST = frozenset({"completed", "failed", "cancelled", "skipped"})


class NoProof(Exception):
    """The proof could not be made; the text says why."""


def run_proof(home: Path, *, as_json: bool) -> int:
    """Makes the proof and says it; answers the exit code: 1 when a word was found where it must not be."""
    from dlthub_tui.client.administration import NoOwner
    from dlthub_tui.client.errors import ClientError

    try:
        document, kept = anyio.run(_prove, home)
    except NoOwner:
        exits.say_error("Nobody owns this installation yet. First: dlthub-tui admin user add EMAIL")
        return exits.FAILED
    except (ClientError, NoProof) as exc:
        exits.say_error(str(exc))
        return exits.FAILED
    report: dict[str, Any] = document["report"]
    exits.say_result(document, as_json=as_json, sentence="\n".join(report_lines(report, document["signatures"], kept)))
    return exits.DONE if report["is_clean"] else exits.FAILED


async def _prove(home: Path) -> tuple[Mapping[str, Any], Path]:
    found = await anyio.to_thread.run_sync(find_platform, home)
    if found is None or found.socket is None:
        raise NoProof(f"No control plane runs for {home}. Make the proof where it runs: dlthub-tui serve")
    began = datetime.now(UTC)
    async with _as_owner(home, found) as connection:
        stem = new_stem()
        planted = [await _plant(home, connection, region, Planted.of(stem)) for region in await _regions(connection)]
    exits.say_error(f"Searching every byte of {home}.")
    memory = found.pid if proving.why_not_memory(found.data_planes) is None else None
    findings = await proving.search_home(home, [one.sought for one in planted], memory)
    regions = [_report(home, found, *one) for one in zip(planted, findings, strict=True)]
    report: dict[str, Any] = {
        "began_at": began.isoformat(),
        "ended_at": datetime.now(UTC).isoformat(),
        "version": our_version(),
        "is_clean": all(region["is_clean"] for region in regions),
        "verdict": verdict_over(regions),
        "regions": regions,
    }
    kept, document = await proving.sign_and_keep(home, f"residency-{began:%Y%m%dT%H%M%SZ}.json", report)
    return document, kept


async def _regions(connection: Connection) -> list[str]:
    from dlthub_tui.client.organizations import list_dataplanes

    return sorted(region.id for region in await list_dataplanes(connection.control))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planting:
    """What was planted in a region, and what ran there. `host` is the one of the region's address."""

    sought: proving.Sought
    host: str
    count: int
    runs: Mapping[str, str]


async def _plant(home: Path, connection: Connection, region: str, planted: Planted) -> _Planting:
    from dlthub_tui.client.organizations import archive_workspace

    exits.say_error(f"{region}: planting words and running jobs with them.")
    workspace = await _workspace(connection, region, planted)
    try:
        count = await _deploy(home, connection, workspace, planted)
        runs = await _run(connection, workspace)
        transport = await connection.region(workspace)
    finally:
        with anyio.move_on_after(10, shield=True):
            await archive_workspace(connection.control, workspace.id)
    return _Planting(
        sought=proving.Sought(region=region, word=planted.word, secret=planted.secret),
        host=urlsplit(str(transport.origin)).hostname or "",
        count=count,
        runs=runs,
    )


def _report(home: Path, found: FoundPlatform, planting: _Planting, findings: proving.Findings) -> dict[str, Any]:
    region = findings.region
    is_here = any(place["place"] == region for place in findings.searched)
    is_clean = not findings.elsewhere and not findings.secrets and not findings.unread
    is_clean = is_clean and (findings.own > 0 or not is_here)
    memory = proving.why_not_memory(found.data_planes)
    not_searched = [*proving.missing_from(home, region), *([memory] if memory else [])]
    return {
        **asdict(findings),
        "separation": proving.separation(region, planting.host, found.data_planes),
        "planted": planting.count,
        "runs": planting.runs,
        "not_searched": not_searched,
        "is_clean": is_clean,
        "verdict": verdict_of(is_clean=is_clean, not_searched=not_searched),
    }


async def _workspace(connection: Connection, region: str, planted: Planted) -> Workspace:
    """A workspace of its own in an organization that every proof in this region uses: it is locked for good."""
    from dlthub_tui.client import organizations
    from dlthub_tui.client.variables import set_variable

    name = f"residency-proof-{region}"
    plane = connection.control
    known = [one for one in await organizations.list_organizations(plane) if one.name == name]
    organization = known[0] if known else await organizations.create_organization(plane, name)
    if organization.dataplane_id is None:
        organization = await organizations.set_region(plane, organization.id, region)
    workspace = await organizations.create_workspace(
        plane, organization.id, f"proof {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    )
    transport = await connection.region(workspace)
    name, value = planted.plain_variable
    await set_variable(transport, workspace.id, None, name, value, is_secret=False)
    await set_variable(transport, workspace.id, PROFILE, SECRET_VARIABLE, planted.secret, is_secret=True)
    return workspace


async def _deploy(home: Path, connection: Connection, workspace: Workspace, planted: Planted) -> int:
    from dlthub_tui.session.deploys import Deploy, StepReport

    def silent(_report: StepReport) -> None:
        """Nobody follows this deploy."""

    # The words must not stay in what belongs to no plane: folder and environments of the deploy go afterwards.
    with tempfile.TemporaryDirectory(prefix="dlthub-tui-proof-") as name:
        folder = Path(name) / "proof"
        count = write_workspace(folder, planted)
        deploy = Deploy(connection, workspace, home / "client" / "environments")
        try:
            await deploy.send(await deploy.prepare(folder, silent), silent)
        finally:
            deploy.close()
    return count + 2


async def _run(connection: Connection, workspace: Workspace) -> dict[str, str]:
    """Job → how its run ended. Raises: NoProof when that is not as planted."""
    from dlthub_tui.client.jobs import list_jobs, trigger
    from dlthub_tui.client.runs import get_run

    plane = connection.control
    jobs = {job.job_ref: job.id for job in await list_jobs(plane, workspace.id, recent_runs=0)}
    ended: dict[str, str] = {}
    for job_ref, wanted in JOBS.items():
        (started,) = await trigger(plane, workspace.id, [jobs[job_ref]], profile=PROFILE)
        if started.run is None:
            raise NoProof(f"{job_ref} did not start: {started.status}. {' '.join(started.reasons)}")
        run = started.run
        with anyio.move_on_after(_RUN_SECONDS):
            while run.status not in _LAST:
                await anyio.sleep(0.2)
                run = await get_run(plane, workspace.id, run.id)
        if run.status != wanted:
            words = await _last_words(connection, workspace, run.id)
            raise NoProof(f"{job_ref} ended {run.status}, not {wanted}; nothing was searched. Its log ends:\n{words}")
        ended[job_ref] = run.status
    return ended


async def _last_words(connection: Connection, workspace: Workspace, run_id: str) -> str:
    from dlthub_tui.client.logs import get_lines

    region = await connection.region(workspace)
    tail = await get_lines(region, workspace.id, run_id, -_LAST_LINES, _LAST_LINES)
    return "\n".join(f"  {line.source:<6} {line.content}" for line in tail.lines)


@asynccontextmanager
async def _as_owner(home: Path, found: FoundPlatform) -> AsyncGenerator[Connection]:
    from dlthub_tui.client.administration import sign_in_as_owner
    from dlthub_tui.session.connection import Connection, read_owner_key
    from dlthub_tui.session.store import SessionStore

    assert found.control_plane is not None
    store = SessionStore(home / "client", uses_keyring=False)
    connection = Connection(found.control_plane, store, socket_path=found.socket)
    try:
        pair = await sign_in_as_owner(connection.open_plane, read_owner_key(home) or "")
        await connection.begin(pair, is_kept=False)
        yield connection
    finally:
        await connection.aclose()


def report_lines(report: Mapping[str, Any], signatures: list[Mapping[str, str]], kept: Path) -> list[str]:
    """What a person reads of it."""
    lines: list[str] = []
    for region in report["regions"]:
        lines += [
            f"{region['region']}: {region['planted']} words planted; separation: {region['separation']}",
            f"  in its own part    {region['own']} hits" + (" (so the search finds them)" if region["own"] else ""),
            f"  anywhere else      {len(region['elsewhere'])} hits",
            f"  its secret         {len(region['secrets'])} hits in any file",
        ]
        lines += [f"    {hit}" for hit in (*region["elsewhere"], *region["secrets"])]
        lines += [f"  could not be read  {problem}" for problem in region["unread"]]
        lines += [row for part in region["not_searched"] for row in _wrapped("  not searched       ", part)]
        files = sum(place["files"] for place in region["searched"])
        size = sum(place["bytes"] for place in region["searched"])
        lines.append(f"  searched           {files:,} files, {size:,} bytes")
    lines += [f"signed by {one['plane']}, key {one['fingerprint'][:16]}" for one in signatures]
    return [*lines, f"kept in {kept}", report["verdict"]]


def _wrapped(label: str, sentence: str) -> list[str]:
    """A sentence beside its label, broken at blanks for a terminal of 80 columns."""
    return textwrap.wrap(
        sentence, 80, initial_indent=label, subsequent_indent=" " * len(label), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def verdict_over(regions: Sequence[Mapping[str, Any]]) -> str:
    """The claim over all regions."""
    return verdict_of(
        is_clean=all(region["is_clean"] for region in regions),
        not_searched=[part for region in regions for part in region["not_searched"]],
    )
