"""Log routes over a real server, on logs of real runs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import open_folder
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region, until

from planes.data_plane.api import logs, own_lines
from planes.data_plane.services.runs import run_finding
from planes.domain.access import Grant
from planes.domain.identifiers import new_id
from planes.wire.link import Lease, PollResponse, Revocation, RevokedClaim

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ODD = (
    "import sys\n"
    "print('\\u2028sep\\u2029par\\x85nel')\n"
    "print('event: error')\n"
    "print('data: {}')\n"
    "print('')\n"
    "print(': comment')\n"
    "sys.stdout.buffer.write(b'\\xff\\xfe raw\\n'); sys.stdout.flush()\n"
    "print('\\x1b]0;title\\x07\\x1b[2J\\x1b[31mred\\x1b[0m')\n"
    "print('one\\rtwo')\n"
)
STEPS = (
    "import os, time\n"
    "print('first', flush=True)\n"
    "while not os.path.exists('.dlt/data/prod/go'): time.sleep(0.01)\n"
    "print('second', flush=True)\n"
)


@pytest.fixture
async def place() -> AsyncGenerator[RunningRegion]:
    with open_folder("region-") as folder:
        async with LeasingControlPlane().serving() as control, running_region(folder / "eu1", control) as running:
            yield running


async def stream(place: RunningRegion, lease: Lease) -> AsyncGenerator[dict[str, Any]]:
    """The lines of a live log, read as the released client reads them."""
    headers = {**place.region.headers(), "accept": "text/event-stream"}
    async with place.region.client.stream("GET", place.log_path(lease, "log-stream"), headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        event = ""
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif line.startswith("data: "):
                assert event == "log"
                yield json.loads(line.removeprefix("data: "))
                event = ""
            else:
                assert line == "" or line.startswith(":")


def error_of(streamed: bytes) -> str:
    """What the last event says, where it is an error (Contract: 6)."""
    event = streamed.decode().split("\n\n")[-2]
    assert event.startswith("event: error\ndata: "), event
    return json.loads(event.partition("data: ")[2])["error"]


async def test_odd_lines_pass_both_framings_unbroken(place: RunningRegion) -> None:
    lease, _ = await place.run(ODD)

    stored = await place.region.client.get(place.log_path(lease), headers=place.region.headers())
    streamed = [line async for line in stream(place, lease)]

    assert stored.headers["content-type"].startswith("application/x-ndjson")
    assert stored.content.isascii()
    assert [json.loads(line) for line in stored.text.splitlines()] == streamed
    user = [line["content"] for line in streamed if line["source"] == "user"]
    assert user[0] == "<U+2028>sep<U+2029>par<U+0085>nel"
    assert user[1:5] == ["event: error", "data: {}", "", ": comment"]
    assert "raw" in user[5]
    assert "\x1b[31mred" in user[6]
    assert "\x1b]" not in user[6]
    assert "\x1b[2J" not in user[6]
    assert "\r" not in user[7]


async def test_stream_brings_lines_while_the_job_runs_and_closes_at_its_end(place: RunningRegion) -> None:
    lease = await place.lease(STEPS)
    seen: list[str] = []

    with anyio.fail_after(240):
        async for line in stream(place, lease):
            seen.append(line["content"])
            if line["content"] == "first":
                (place.run_folder(lease).parents[1] / "data" / "prod" / "go").touch()

    user = [content for content in seen if content in {"first", "second"}]
    assert user == ["first", "second"]


async def test_a_stream_waits_for_the_end_of_a_run_whatever_its_end_takes(place: RunningRegion) -> None:
    lease = await place.lease(STEPS)
    await place.control.wait_status(lease, "running")

    with anyio.move_on_after(0.2) as waiting:
        await place.region.plane.running.runs.wait_told(lease.run_id, 0)

    assert waiting.cancelled_caught
    (place.run_folder(lease).parents[1] / "data" / "prod" / "go").touch()
    with anyio.fail_after(240):
        await place.region.plane.running.runs.wait_told(lease.run_id, 30)
        assert await place.control.wait_end(lease) == "completed"


async def test_many_followers_all_get_every_line(place: RunningRegion) -> None:
    lease = await place.lease(STEPS)
    logs: list[list[str]] = [[] for _ in range(5)]

    async def follow(index: int) -> None:
        async for line in stream(place, lease):
            logs[index].append(line["content"])
            if line["content"] == "first" and index == 0:
                (place.run_folder(lease).parents[1] / "data" / "prod" / "go").touch()

    with anyio.fail_after(240):
        async with anyio.create_task_group() as group:
            for index in range(5):
                group.start_soon(follow, index)

    assert all(log == logs[0] for log in logs)
    assert "second" in logs[0]


async def test_revocation_closes_an_open_stream_and_no_other(place: RunningRegion) -> None:
    lease = await place.lease(STEPS)
    session_id = new_id()
    revocation = Revocation(epoch=5, claim=RevokedClaim.SESSION, value=session_id)
    news = PollResponse(leases=[], cancels=[], epoch=5, revocations=[revocation], keys=[])
    headers = place.region.headers(epoch=4, session_id=session_id)
    others: list[str] = []
    seen = b""

    async def follow() -> None:
        others.extend([line["content"] async for line in stream(place, lease)])

    with anyio.fail_after(240):
        async with anyio.create_task_group() as group:
            group.start_soon(follow)
            path = place.log_path(lease, "log-stream")
            async with place.region.client.stream("GET", path, headers=headers) as answer:
                async for piece in answer.aiter_bytes():
                    seen += piece
                    if b'"first"' in seen:
                        await place.region.plane.services.revocations.apply(news)
            # the server has closed it while the run goes on
            (place.run_folder(lease).parents[1] / "data" / "prod" / "go").touch()

    assert b'"second"' not in seen
    assert error_of(seen) == "Your access to this log has ended."
    assert "second" in others


async def test_revocation_ends_stored_logs_that_are_read_slowly(place: RunningRegion) -> None:
    lease, _ = await place.run("for number in range(40_000): print('x' * 200)")
    stored, own = place.log_path(lease), place.log_path(lease, "lines").replace("/logs/v1/", "/own/v1/")
    paths = (stored, f"{own}/-download", f"{own}/-download?format=text")
    for epoch, path in enumerate(paths, start=5):
        session_id = new_id()
        revocation = Revocation(epoch=epoch, claim=RevokedClaim.SESSION, value=session_id)
        news = PollResponse(leases=[], cancels=[], epoch=epoch, revocations=[revocation], keys=[])
        headers = place.region.headers(epoch=epoch - 1, session_id=session_id)
        async with place.region.client.stream("GET", path, headers=headers) as answer:
            assert answer.status_code == 200, (path, await answer.aread())
            pieces = answer.aiter_raw()
            await anext(pieces)
            await place.region.plane.services.revocations.apply(news)
            with anyio.fail_after(240), pytest.raises(httpx.RemoteProtocolError):  # half a log must not look whole
                _ = [piece async for piece in pieces]


async def test_stream_waits_for_a_lease_that_is_on_its_way(
    place: RunningRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LEASE_WAIT_SECONDS", 60)  # on a busy machine three seconds may be over too soon
    deployment, configuration = await place.deploy({"job.py": b"print('late')\n"}), await place.configure()
    run_id = new_id()
    path = f"/logs/v1/workspaces/{place.region.workspace_id}/job-runs/{run_id}/log-stream"
    answers: list[str] = []

    async def follow() -> None:
        answer = await place.region.client.get(path, headers=place.region.headers())
        answers.append(answer.text)

    with anyio.fail_after(240):
        async with anyio.create_task_group() as group:
            group.start_soon(follow)
            await anyio.wait_all_tasks_blocked()
            await place.lease("", run_id=run_id, deployment_id=deployment, configuration_id=configuration)

    assert '"late"' in answers[0]


async def test_a_lease_that_is_being_written_down_is_waited_for(place: RunningRegion) -> None:
    running = place.region.plane.running
    values = {"deployment_id": await place.deploy({"job.py": b""}), "configuration_id": await place.configure()}
    found: list[Path | None] = []
    before: list[Path | None] = []

    async def look(workspace_id: str) -> None:
        found.append((await running.finder.await_log(workspace_id, lease.run_id, 0)).folder)

    with closing(sqlite3.connect(place.region.folder / "region.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # nothing else can be written now
        lease = await place.lease("", **values)
        await until(lambda: running.runs.active)
        with anyio.fail_after(240):
            async with anyio.create_task_group() as group:
                await look(new_id())
                group.start_soon(look, lease.workspace_id)
                await anyio.wait_all_tasks_blocked()
                before.extend(found)
                other.rollback()

    assert before == [None]
    assert found == [None, place.run_folder(lease)]
    assert await place.control.wait_end(lease) == "completed"


async def test_unknown_and_foreign_runs_look_the_same(place: RunningRegion) -> None:
    foreign, _ = await place.run("print('x')\n")
    place.region.workspace_id = new_id()
    base = f"/logs/v1/workspaces/{place.region.workspace_id}/job-runs"
    took: list[float] = []
    answers: list[tuple[int, bytes]] = []

    for run_id in (foreign.run_id, new_id()):
        started = anyio.current_time()
        answer = await place.region.client.get(f"{base}/{run_id}/log-stream", headers=place.region.headers())
        took.append(anyio.current_time() - started)
        answers.append((answer.status_code, answer.content))

    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert all(seconds >= logs.LEASE_WAIT_SECONDS for seconds in took)


async def test_stream_of_a_run_that_ended_before_it_came_here_ends_at_once(
    place: RunningRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LEASE_WAIT_SECONDS", 600)
    run_id = new_id()
    place.control.ended = {(place.region.workspace_id, run_id)}
    path = f"/logs/v1/workspaces/{place.region.workspace_id}/job-runs/{run_id}"

    with anyio.fail_after(240):
        streamed = await place.region.client.get(f"{path}/log-stream", headers=place.region.headers())
        stored = await place.region.client.get(f"{path}/logs", headers=place.region.headers())

    assert (streamed.status_code, streamed.content) == (200, b"")
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert stored.status_code == 404


@pytest.mark.parametrize("ended", [None, {("of another", "workspace")}])
async def test_a_run_of_which_the_control_plane_says_nothing_is_waited_for(
    place: RunningRegion, monkeypatch: pytest.MonkeyPatch, ended: set[tuple[str, str]] | None
) -> None:
    monkeypatch.setattr(run_finding, "_ASKS_AFTER_SECONDS", 0)
    place.control.ended = ended
    lease, _ = await place.run("print('x')\n")
    finder = place.region.plane.running.finder

    known = await finder.await_log(lease.workspace_id, lease.run_id, 60)
    unknown = await finder.await_log(lease.workspace_id, new_id(), 1)
    no_id = await finder.await_log(lease.workspace_id, "no id of a run", 0.1)

    assert known == (place.run_folder(lease), False)
    assert unknown == no_id == (None, False)


async def test_log_of_an_active_run_is_not_stored_yet(place: RunningRegion) -> None:
    lease = await place.lease(STEPS)
    await place.control.wait_status(lease, "running")

    answer = await place.region.client.get(place.log_path(lease), headers=place.region.headers())

    assert answer.status_code == 404
    (place.run_folder(lease).parents[1] / "data" / "prod" / "go").touch()
    assert await place.control.wait_end(lease) == "completed"


@pytest.mark.parametrize("rest", ["logs", "log-stream"])
async def test_logs_need_a_token_for_the_workspace(place: RunningRegion, rest: str) -> None:
    lease, _ = await place.run("print('x')\n")
    path = place.log_path(lease, rest)

    none = await place.region.client.get(path)
    foreign = place.control.data_token(place.region.organization_id, new_id())
    other = await place.region.client.get(path, headers={"authorization": f"Bearer {foreign}"})
    weak = await place.region.client.get(path, headers=place.region.headers(Grant.DEPLOYMENT_UPLOAD))

    assert [none.status_code, other.status_code, weak.status_code] == [401, 404, 403]


async def test_range_answers_lines_total_and_seal(place: RunningRegion) -> None:
    lease, _ = await place.run("for n in range(1000): print('line', n)\n")
    path = f"/own/v1/workspaces/{place.region.workspace_id}/job-runs/{lease.run_id}/lines"

    async def ask(**query: int) -> dict[str, Any]:
        answer = await place.region.client.get(path, params=query, headers=place.region.headers())
        assert answer.status_code == 200, answer.text
        return answer.json()

    first, tail, beyond = await ask(from_line=0, limit=5), await ask(from_line=-3), await ask(from_line=10**6)
    assert [line["line_num"] for line in first["lines"]] == [0, 1, 2, 3, 4]
    assert first["is_sealed"] is True
    total = first["total"]
    assert total > 1000
    assert [line["line_num"] for line in tail["lines"]] == [total - 3, total - 2, total - 1]
    assert beyond["lines"] == []


async def test_a_range_of_huge_lines_is_never_held(place: RunningRegion, monkeypatch: pytest.MonkeyPatch) -> None:
    lease, _ = await place.run("for n in range(40): print(str(n % 10) * 100_000)\n")
    path = f"/own/v1/workspaces/{place.region.workspace_id}/job-runs/{lease.run_id}/lines"
    sizes: list[int] = []

    async def noted(batches: AsyncGenerator[bytes], rest: bytes) -> AsyncGenerator[bytes]:
        async for piece in document(batches, rest):
            sizes.append(len(piece))
            yield piece

    document = own_lines._document
    monkeypatch.setattr(own_lines, "_document", noted)
    answer = await place.region.client.get(path, headers=place.region.headers())

    assert sum(len(line["content"]) == 100_000 for line in answer.json()["lines"]) == 40
    assert max(sizes) < 1_000_000 < sum(sizes)


async def test_range_of_an_unknown_run_is_not_found(place: RunningRegion) -> None:
    path = f"/own/v1/workspaces/{place.region.workspace_id}/job-runs/{new_id()}/lines"

    answer = await place.region.client.get(path, headers=place.region.headers())

    assert answer.status_code == 404


async def test_own_stream_begins_at_the_line_asked_for(place: RunningRegion) -> None:
    lease, _ = await place.run("for n in range(50): print('line', n)\n")
    base = f"/own/v1/workspaces/{place.region.workspace_id}/job-runs/{lease.run_id}"
    total = (await place.region.client.get(f"{base}/lines", headers=place.region.headers())).json()["total"]

    answer = await place.region.client.get(
        f"{base}/log-stream", params={"from_line": total - 2}, headers=place.region.headers()
    )

    events = [json.loads(text[6:]) for text in answer.text.splitlines() if text.startswith("data: ")]
    assert [event["line_num"] for event in events] == [total - 2, total - 1]


async def test_viewers_see_masks_without_names(place: RunningRegion) -> None:
    await place.set_variables(secret=True, WAREHOUSE="the-secret-value")
    lease, _ = await place.run("import os\nprint('x', os.environ['WAREHOUSE'])\n")
    headers = place.region.headers(Grant.READ, role="viewer")

    stored = (await place.region.client.get(place.log_path(lease), headers=headers)).text

    assert "x [masked]" in stored
    assert "WAREHOUSE" not in stored


async def test_open_streams_do_not_hold_a_stop_up(folder: Path) -> None:
    async with LeasingControlPlane().serving() as control:
        async with running_region(folder / "eu1", control, grace_seconds=90) as place:
            lease = await place.lease(STEPS)
            await control.wait_status(lease, "running")
            path = place.log_path(lease, "log-stream")
            async with place.region.client.stream("GET", path, headers=place.region.headers()) as answer:
                started = anyio.current_time()
                place.region.plane.stopping.stop()
                # else the released client takes it for the end of the run, and of its log
                assert "not the end of the log" in error_of(await answer.aread())
            known = place.region
        assert anyio.current_time() - started < 60
        (place.run_folder(lease).parents[1] / "data" / "prod" / "go").touch()
        async with running_region(folder / "eu1", control, known):
            assert await control.wait_end(lease) == "completed"


@pytest.fixture
def folder() -> Any:
    with open_folder("region-") as opened:
        yield opened


async def test_stream_ends_only_when_the_control_plane_knows_the_end(place: RunningRegion) -> None:
    """The released client asks for the run's state when its stream ends, and takes `running` for a success."""
    place.control.is_away = True
    lease = await place.lease("raise SystemExit(1)\n")
    with anyio.fail_after(240):
        async for line in stream(place, lease):
            if line["source"] == "runner" and "exit code 1" in line["content"]:
                place.control.is_away = False

    assert place.control.statuses[lease.run_id][-1] == "failed"
