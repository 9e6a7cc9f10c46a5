"""The steps of a run's life, each up to the moment at which something is killed.

A step brings the stage to its moment, calls `kill`, and answers with what it had begun; it goes on only after the kill.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.fakes.workspaces import requirements
from tests.reliability.crash_stage import CrashStage, MomentMissed
from tests.reliability.processes import children_of, command_of

MANY_FILES = 1500
Kill = Callable[[str | None], None]


@dataclass(frozen=True)
class Begun:
    """What a step left: a run, or an upload's answer (None when it was cut off) with how many versions there were."""

    run_id: str | None = None
    job: str = "quick"
    is_upload: bool = False
    status: int | None = None
    versions: int = 0


Step = Callable[[CrashStage, Kill], Begun]


def upload(stage: CrashStage, kill: Kill) -> Begun:
    """Half of the archive has come."""
    versions = stage.versions()
    permit = stage.permit("deployments")
    files = {"file": ("file", stage.fresh_code(4, 2_000_000)), "requirements_file": ("r", requirements("dlt==1.31.0"))}
    headers = {"Authorization": f"Bearer {permit['upload_token']}"}
    request = httpx.Request("POST", permit["upload_url"], files=files, headers=headers)
    content = request.read()
    went_on = threading.Event()

    def halves() -> Generator[bytes]:
        yield content[: len(content) // 2]
        went_on.wait(240)
        yield content[len(content) // 2 :]

    def send() -> httpx.Response:
        return httpx.post(permit["upload_url"], content=halves(), headers=dict(request.headers), timeout=240,
                          trust_env=False)  # fmt: skip

    sending = stage.in_background(send)
    try:
        stage.when(lambda: any(path.stat().st_size for path in (stage.region / "incoming").iterdir()))
        kill(None)
    finally:
        went_on.set()
    return Begun(is_upload=True, status=sending.wait(), versions=versions)


def write_back(stage: CrashStage, kill: Kill) -> Begun:
    """The region has written the version down; the control plane's answer is awaited."""
    versions = stage.versions()
    permit = stage.permit("deployments")
    parts = {"file": ("file", stage.fresh_code()), "requirements_file": ("r", requirements("dlt==1.31.0"))}
    headers = {"Authorization": f"Bearer {permit['upload_token']}"}
    with stage.held(stage.control_database):
        sending = stage.in_background(
            lambda: httpx.post(permit["upload_url"], files=parts, headers=headers, timeout=240, trust_env=False)
        )
        stage.when(
            lambda: stage.row(stage.region_database, "select 1 from deployments where stored_at is null and id = ?",
                              permit["deployment_id"])
        )  # fmt: skip
        kill(None)
    return Begun(is_upload=True, status=sending.wait(), versions=versions)


def deploy(stage: CrashStage, kill: Kill) -> Begun:
    """The control plane has read the definitions and cannot write yet."""
    with stage.held(stage.control_database):
        sending = stage.in_background(stage.reconcile)
        stage.when(lambda: stage.is_reading_done(stage.plane_of("control")))
        kill(None)
    sending.wait()
    return Begun()


def lease(stage: CrashStage, kill: Kill) -> Begun:
    """The control plane has given the run away, and the region has not written it down."""
    with stage.held(stage.region_database):
        run_id = stage.trigger("quick")
        stage.when(lambda: stage.status_row(run_id) == "starting")
        kill(run_id)
    return Begun(run_id)


def unpack(stage: CrashStage, kill: Kill) -> Begun:
    """Some of the deployment's files are unpacked."""
    stage.deploy(stage.fresh_code(MANY_FILES))
    run_id = stage.trigger("quick")
    trees = stage.place.parents[1] / "trees"
    stage.when(lambda: any(place.name.startswith(".") for place in trees.iterdir()) if trees.exists() else False, 60,
               lambda: stage.has_been_opened(run_id))  # fmt: skip
    kill(run_id)
    return Begun(run_id)


def build(stage: CrashStage, kill: Kill) -> Begun:
    """The environment is half there."""
    stage.deploy(wanted=stage.fresh_requirements())
    run_id = stage.trigger("quick")
    stage.when(lambda: any(stage.place.glob("environments/*.building/lib/python3*/site-packages/mark*")), 60,
               lambda: stage.record(run_id, "exit") is not None)  # fmt: skip
    kill(run_id)
    return Begun(run_id)


def ask_for_runner(stage: CrashStage, kill: Kill) -> Begun:
    """The run's folder is claimed, and what forks runners hangs."""
    with stage.frozen(*stage.runner_servers()):
        run_id = stage.trigger("quick")
        stage.when(lambda: stage.has_been_opened(run_id) and stage.record(run_id, "spec"))
        kill(run_id)
    return Begun(run_id)


def start(stage: CrashStage, kill: Kill) -> Begun:
    """The runner has taken the run."""
    run_id = stage.trigger("waits")
    stage.when(lambda: stage.record(run_id, "runner"))
    kill(run_id)
    return Begun(run_id, "waits")


def running(stage: CrashStage, kill: Kill) -> Begun:
    """Lines come, some hundred a second."""
    run_id = stage.trigger("steady")
    stage.when(lambda: stage.lines_on_disk(run_id) > 50)
    kill(run_id)
    return Begun(run_id, "steady")


def stand_by(stage: CrashStage, kill: Kill) -> Begun:
    """An interpreter stands by for the next run."""
    _in_use(stage)
    kill(None)
    return Begun()


def running_warm(stage: CrashStage, kill: Kill) -> Begun:
    """As `running`, of an interpreter that stood by."""
    standing = _in_use(stage)
    run_id = stage.trigger("steady")
    stage.when(lambda: stage.lines_on_disk(run_id) > 50)
    step = stage.record(run_id, "step")
    if step is None or step["pid"] not in standing:
        raise MomentMissed
    kill(run_id)
    return Begun(run_id, "steady")


def _in_use(stage: CrashStage) -> list[int]:
    """Two runs of a kind, and what stands by after them."""
    for _ in range(2):
        run_id = stage.trigger("quick")
        stage.end_of(run_id)
    return stage.when(stage.standing)


def burst(stage: CrashStage, kill: Kill) -> Begun:
    """Lines come as fast as the runner takes them."""
    run_id = stage.trigger("burst")
    stage.when(
        lambda: sum(path.stat().st_size for path in stage.plain_log(run_id)) > 300_000,
        60,
        lambda: stage.record(run_id, "exit") is not None,
    )
    kill(run_id)
    return Begun(run_id, "burst")


def leave(stage: CrashStage, kill: Kill) -> Begun:
    """The job has ended, and its runner, which hangs, has not seen it."""
    run_id = stage.trigger("waits")
    step = stage.when(lambda: stage.record(run_id, "step"))
    runner = stage.record(run_id, "runner")
    assert runner is not None
    stage.when(lambda: stage.lines_on_disk(run_id) > 1)
    with stage.frozen(runner["pid"]):
        stage.let(run_id)
        stage.when(lambda: not os.path.exists(f"/proc/{step['pid']}"))  # reaped, so its end was told
        kill(run_id)
    return Begun(run_id, "waits")


def consolidation(stage: CrashStage, kill: Kill) -> Begun:
    """The log of the ended run is half compressed."""
    run_id = stage.trigger("burst")
    segments = stage.folder(run_id) / "ctl" / "segments"
    stage.when(lambda: has_name(segments, ".zst.new"), 60, lambda: has_name(segments, ".zst"))
    kill(run_id)
    return Begun(run_id, "burst")


def report(stage: CrashStage, kill: Kill) -> Begun:
    """The region knows the end, the control plane does not."""
    run_id = stage.trigger("waits")
    stage.when(lambda: stage.lines_on_disk(run_id) > 1)
    stage.when(lambda: stage.status_row(run_id) == "running")
    with stage.held(stage.control_database):
        stage.let(run_id)
        stage.when(lambda: stage.row(stage.region_database, "select outcome from runs where id = ? and state = 'done'",
                                     run_id))  # fmt: skip
        kill(run_id)
    return Begun(run_id, "waits")


def cancel(stage: CrashStage, kill: Kill) -> Begun:
    """The stop has come to the runner; the job takes no notice."""
    run_id = stage.trigger("stubborn")
    stage.when(lambda: stage.lines_on_disk(run_id) > 1)
    stage.cancel(run_id)
    stage.when(lambda: any(b"stop requested" in path.read_bytes() for path in stage.plain_log(run_id)))
    kill(run_id)
    return Begun(run_id, "stubborn")


def has_name(folder: Path, suffix: str) -> bool:
    try:
        return any(name.endswith(suffix) for name in os.listdir(folder))
    except OSError:
        return False


STEPS: dict[str, Step] = {
    "upload": upload,
    "write-back": write_back,
    "deploy": deploy,
    "lease": lease,
    "unpack": unpack,
    "build": build,
    "runner asked for": ask_for_runner,
    "start": start,
    "stand by": stand_by,
    "running": running,
    "running warm": running_warm,
    "output burst": burst,
    "exit": leave,
    "consolidation": consolidation,
    "report": report,
    "cancel": cancel,
}


def victims_of(stage: CrashStage, victim: str, run_id: str | None) -> list[int]:
    """Pids of a process that is no plane."""
    if victim == "starter":
        return stage.runner_servers()
    if victim == "warm interpreter":
        return stage.standing()
    assert run_id is not None, "only runs have these"
    runner, step = stage.record(run_id, "runner"), stage.record(run_id, "step")
    if victim == "runner":
        assert runner is not None
        return [runner["pid"]]
    step = step or stage.when(lambda: stage.record(run_id, "step"), 10)
    if victim == "first process":
        assert runner is not None
        return children_of(runner["pid"])
    if victim == "uv":
        return stage.when(lambda: [pid for pid in children_of(step["pid"]) if b"uv" in command_of(pid)], 10)
    assert victim in ("user process", "builder"), victim
    return [step["pid"]]
