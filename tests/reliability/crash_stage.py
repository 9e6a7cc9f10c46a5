"""Planes as processes of their own, to be killed at a step that is told by files, rows and `/proc`.

`split` has a control plane and regions with a home each, `whole` is one process with one home.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import httpx
from tests.acceptance.installations import remove_tree
from tests.acceptance.platforms import PlatformProcess, serving
from tests.fakes.archives import pack
from tests.fakes.leftovers import end_runners, start_ticks
from tests.fakes.workspaces import definition, requirements, write_launchers
from tests.integration.planes.data_plane.executor.wheels import write_wheel
from tests.reliability.crash_job import JOB, JOBS
from tests.reliability.followers import Follower, following
from tests.reliability.forked_planes import Forking
from tests.reliability.processes import ancestors_of, children_of, command_of, environment_of, place_of
from tests.reliability.sizes import sized

OWNER = "owner@example.org"
END_SECONDS = 240
"""How long an end or an answer is waited for. Beside much other work a plane of full sizes takes a minute to start."""
ENDED = ("completed", "failed", "cancelled")
STANDS_BY = b"The program of an interpreter that stands by"


class Way(Protocol):
    """What a region of its own is told to be its control plane; it is told where that is."""

    url: str
    target_port: int


class MomentMissed(Exception):
    """What was waited for went by too fast, or did not come: up to its kill a case is tried again."""


class Sending:
    """A request that may be cut off."""

    def __init__(self, answer: Future[httpx.Response]) -> None:
        self._answer = answer

    def wait(self) -> int | None:
        """The answer's status; None when there was none."""
        try:
            return self._answer.result(240).status_code
        except httpx.HTTPError:
            return None


@dataclass
class CrashStage:
    """Planes, a workspace with deployed jobs, and eyes for what happens. `planes`: control and data, or whole."""

    root: Path
    is_split: bool
    link: Way | None = None
    region_id: str = "eu1"
    planes: dict[str, PlatformProcess] = field(default_factory=dict)
    restarts: int = 0
    triggered: int = 0
    told: set[str] = field(default_factory=set)
    _running: dict[str, ExitStack] = field(default_factory=dict)
    _ports: dict[str, str] = field(default_factory=dict)
    forking: Forking | None = None
    _deploys: int = 0
    _key: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    workspace: dict[str, Any] = field(default_factory=dict)
    job_ids: dict[str, str] = field(default_factory=dict)
    more_jobs: list[dict[str, object]] = field(default_factory=list)
    _requests: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4))
    # Planes are killed: no connection is kept.
    _client: httpx.Client = field(
        default_factory=lambda: httpx.Client(
            timeout=END_SECONDS, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )
    )

    # planes

    @property
    def wheels(self) -> Path:
        return self.root / "wheels"

    def home(self, plane: str) -> Path:
        return self.root / (plane if self.is_split else "whole")

    @property
    def control_database(self) -> Path:
        return self.home("control") / "control" / "control.db"

    @property
    def region(self) -> Path:
        """The data plane's folder."""
        return self.home(self.plane_of("data")) / "data" / self.region_id

    @property
    def region_database(self) -> Path:
        return self.region / "region.db"

    @property
    def place(self) -> Path:
        """The workspace's folder in its region."""
        organization = self.region / "orgs" / self.workspace["organization_id"]
        return organization / "workspaces" / self.workspace["id"]

    def start(self) -> None:
        """Starts every plane that does not run, at the address it had."""
        for name in ("control", self.plane_of("data")) if self.is_split else ("whole",):
            if name not in self._running:
                self._start(name)
                self.restarts += 1

    def kill(self, plane: str) -> None:
        """`kill -9` of a plane; it is gone when this returns."""
        process = self.planes[plane].process
        process.send_signal(signal.SIGKILL)
        process.wait(240)
        self._running.pop(plane).close()

    def stop(self, plane: str) -> None:
        """SIGTERM to a plane; it is gone when this returns."""
        self.planes[plane].stop()
        self._running.pop(plane).close()

    def plane_of(self, half: str) -> str:
        if not self.is_split:
            return "whole"
        return self.region_id if half == "data" and self.region_id != "eu1" else half

    def close(self) -> None:
        for stack in self._running.values():
            stack.close()
        self._running.clear()
        self._requests.shutdown(wait=False)
        self._client.close()

    def words_of(self, name: str) -> tuple[str, ...]:
        """What `serve` is told to start a plane at the address it had."""
        words: tuple[str, ...] = ("--port", self._ports.get(name, "0"))
        if name == "control":
            return ("control", *words)
        if self.is_split:
            way = self.link.url if self.link is not None else self.planes["control"].control_plane
            return ("data", "--region", self.region_id, "--control-plane", way, *words)
        # The home remembers its ports.
        return ("--host", "127.0.0.1") if name in self._ports else words

    def _start(self, name: str) -> None:
        words = self.words_of(name)
        is_region = name not in ("control", "whole")
        if is_region and name not in self._ports:
            token = self.root / f"{name}.token"
            added = self.planes["control"].admin("data-plane", "add", self.region_id, "--place", "Europe")
            token.write_text(added["join_token"])
            words = (*words, "--join-token-file", str(token))
        stack = ExitStack()
        environment = {"UV_FIND_LINKS": str(self.wheels), "UV_NO_INDEX": "1", "UV_OFFLINE": "1", **self.environment}
        launch = self.forking.start if self.forking is not None else None
        plane = stack.enter_context(serving(self.home(name), *words, env=environment, log_level="info", launch=launch))
        self._running[name], self.planes[name] = stack, plane
        url = plane.data_planes[self.region_id] if is_region else plane.control_plane
        self._ports[name] = str(httpx.URL(url).port)
        if self.link is not None and name == "control":
            self.link.target_port = int(self._ports[name])

    # people and versions

    def prepare(self) -> None:
        """Planes, owner, workspace, jobs."""
        self.wheels.mkdir()
        write_launchers(self.wheels)
        self._start(self.plane_of("control"))
        control = self.planes[self.plane_of("control")]
        control.admin("user", "add", OWNER, "--password-stdin", stdin="long enough for anybody\n")
        self.start()
        self._key = str(control.admin("api-key", "create", "--user", OWNER)["api_key"])
        self._move_in()

    def beside(self, region_id: str) -> CrashStage:
        """Another organization with its jobs, in another region: of the same process, or one of its own when split."""
        other = replace(self, region_id=region_id, told=set(), triggered=0, workspace={}, job_ids={})
        other.start()
        other._move_in()
        return other

    def _move_in(self) -> None:
        control = self.planes[self.plane_of("control")]
        name = f"orchard-{self.region_id}"
        organization = control.admin("org", "create", name, "--region", self.region_id, "--owner", OWNER)
        made = self.ask(
            "POST", f"/organizations/{organization['id']}/workspaces", {"name": "works", "description": None}
        )
        self.workspace = made.json()
        self.deploy()

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """A request to the control plane's API."""
        url = f"{self.planes[self.plane_of('control')].control_plane}/api/v1{path}"
        headers = {"Authorization": f"Bearer {self._key}"}
        return self._client.request(method, url, json=body, headers=headers)

    def path(self, rest: str) -> str:
        return f"/workspaces/{self.workspace['id']}{rest}"

    def permit(self, kind: str) -> dict[str, Any]:
        return self.ask("POST", self.path(f"/{kind}/-issue-upload")).json()

    def fresh_code(self, files: int = 0, size: int = 16) -> bytes:
        """An archive that nobody has seen: the jobs and, when wanted, many or large files beside them."""
        self._deploys += 1
        more = {f"more/{number}.txt": os.urandom(size).hex().encode() for number in range(files)}
        return pack({"job.py": JOB.encode(), "number.txt": str(self._deploys).encode(), **more})

    def fresh_requirements(self) -> bytes:
        """Requirements whose environment is not built yet; it takes a moment to build."""
        name = f"mark{self._deploys}"
        modules = {f"{name}/part{number}.py": f"VALUE = {number}\n" for number in range(300)}
        write_wheel(self.wheels, name, files={f"{name}/__init__.py": "", **modules})
        return requirements("dlt==1.31.0", f"{name}==1.0")

    def upload(self, kind: str, **files: bytes) -> httpx.Response:
        permit = self.permit(kind)
        parts = {name: (name, content) for name, content in files.items()}
        headers = {"Authorization": f"Bearer {permit['upload_token']}"}
        return self._client.post(permit["upload_url"], files=parts, headers=headers)

    def deploy(self, code: bytes | None = None, wanted: bytes | None = None) -> None:
        """Uploads and deploys the jobs."""
        files = {"file": code or self.fresh_code(), "requirements_file": wanted or requirements("dlt==1.31.0")}
        for kind, parts in (("deployments", files), ("configurations", {"file": pack({"prod.config.toml": b""})})):
            answer = self.upload(kind, **parts)
            assert answer.status_code == 200, answer.text
        answer = self.reconcile()
        assert answer.status_code == 200, answer.text
        receipt = answer.json()["job_receipt"]["succeeded"]
        self.job_ids |= {one["job"]["job_ref"].rpartition(".")[2]: one["job"]["id"] for one in receipt}

    def reconcile(self) -> httpx.Response:
        limits = {"timeout": sized(120, 3600), "grace_period": 1}
        jobs = [definition("job", name, execute={"timeout": limits, "concurrency": None}) for name in JOBS]
        jobs += self.more_jobs
        body = {"job_definition_engine_version": 2, "job_definition_hash": "x", "jobs": jobs}
        return self.ask("POST", self.path("/-deploy"), body)

    def in_background(self, send: Callable[[], httpx.Response]) -> Sending:
        """A request in a thread; one that is cut off has no status."""
        return Sending(self._requests.submit(send))

    # runs

    def versions(self) -> int:
        """How many deployments the control plane has."""
        return self.ask("GET", self.path("/deployments")).json()["total"]

    def trigger(self, job: str) -> str:
        answer = self.ask("POST", self.path("/jobs/-trigger"), {"job_ids": [self.job_ids[job]]})
        assert answer.status_code == 200, answer.text
        (started,) = answer.json()["succeeded"]
        self.triggered += 1
        return started["job_run_id"]

    def run_of(self, run_id: str) -> dict[str, Any]:
        return self.ask("GET", self.path(f"/job-runs/{run_id}")).json()

    def cancel(self, run_id: str) -> None:
        answer = self.ask("POST", self.path(f"/job-runs/{run_id}/-cancel"))
        assert answer.status_code < 300, answer.text

    def let(self, run_id: str) -> None:
        """Lets the job of a run end."""
        (self.place / "data" / "prod" / f"go-{run_id}").touch()

    def folder(self, run_id: str) -> Path:
        return self.place / "runs" / run_id

    def record(self, run_id: str, name: str) -> dict[str, Any] | None:
        try:
            return json.loads((self.folder(run_id) / "ctl" / f"{name}.json").read_bytes())
        except (OSError, ValueError):
            return None

    def executions(self, run_id: str) -> int:
        place = self.place / "data" / "prod" / "executions"
        return place.read_text().split().count(run_id) if place.exists() else 0

    def log(self, run_id: str) -> list[dict[str, Any]]:
        """The stored lines, as clients get them."""
        token = self.ask("POST", self.path("/-issue-dataplane-token")).json()["token"]
        answer = self._client.get(self._log_url(run_id, "logs"), headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]

    def _log_url(self, run_id: str, name: str) -> str:
        plane = self.planes[self.plane_of("data")].data_planes[self.region_id]
        return f"{plane}/logs/v1{self.path(f'/job-runs/{run_id}/{name}')}"

    def following(self, run_id: str) -> AbstractContextManager[Follower]:
        """Reads the log as it comes, by a token of now."""
        token = self.ask("POST", self.path("/-issue-dataplane-token")).json()["token"]
        return following(self._log_url(run_id, "log-stream"), token)

    def plain_log(self, run_id: str) -> list[Path]:
        return sorted((self.folder(run_id) / "ctl" / "segments").glob("*.ndjson"))

    def lines_on_disk(self, run_id: str) -> int:
        return sum(path.read_bytes().count(b"\n") for path in self.plain_log(run_id))

    # moments

    def when(
        self,
        condition: Callable[[], Any],
        seconds: float = END_SECONDS,
        missed: Callable[[], bool] | None = None,
        pause: float = 0.0005,
    ) -> Any:
        """What the condition answers, as soon as it is true. Raises: MomentMissed."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            if (missed is not None and missed()) or time.monotonic() > deadline:
                raise MomentMissed
            time.sleep(pause)  # noqa: TID251 - the pause between two looks at another process
        return found

    def end_of(self, run_id: str) -> str:
        """The status that the run has at its end. No moment to kill at: looked for seldom, and without a request."""
        try:
            self.when(lambda: self.status_row(run_id) in ENDED, END_SECONDS, pause=0.02)
        except MomentMissed:
            raise AssertionError(f"{run_id} is {self.status_row(run_id)} after {END_SECONDS} s") from None
        return self.run_of(run_id)["status"]

    def has_been_opened(self, run_id: str) -> bool:
        """Whether the region has written down that it opened what the run needs: next its runner is asked for."""
        return bool(
            self.row(self.region_database, "select 1 from runs where registered is not null and id = ?", run_id)
        )

    def row(self, database: Path, statement: str, *values: object) -> Any:
        """The first row of a query of a plane's database, from outside."""
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=15)) as connection:
            return connection.execute(statement, values).fetchone()

    def status_row(self, run_id: str) -> str:
        """The run's status as the control plane has written it down."""
        return self.row(self.control_database, "select status from runs where id = ?", run_id)[0]

    def is_reading_done(self, plane: str) -> bool:
        """Whether the plane has taken all that was sent to it and holds a connection open for its answer."""
        port = f":{int(self._ports[plane]):04X}"
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        queues = [row[4].split(":")[1] for row in rows if row[1].endswith(port) and row[3] == "01"]
        return bool(queues) and all(int(queue, 16) == 0 for queue in queues)

    @contextmanager
    def frozen(self, *pids: int) -> Iterator[None]:
        """These processes hang inside the block."""
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                if start_ticks(pid) is not None:
                    os.kill(pid, signal.SIGCONT)

    @contextmanager
    def held(self, database: Path) -> Iterator[None]:
        """Nobody else writes to a plane's database inside the block."""
        with closing(sqlite3.connect(database, timeout=15, isolation_level=None)) as connection:
            connection.execute("begin immediate")
            yield
            connection.execute("rollback")

    # what may be left

    def runner_servers(self) -> list[int]:
        """Processes that fork runners for the region."""
        region = self.planes[self.plane_of("data")].process.pid
        return [pid for pid in children_of(region) if b"planes.data_plane.runner.server" in command_of(pid)]

    def standing(self) -> list[int]:
        """Interpreters that stand by in the region."""
        mark = str(self.region).encode()
        return [
            pid
            for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
            if mark in (command := command_of(pid)) and STANDS_BY in command and not place_of(pid).startswith(mark)
        ]

    def orphans(self) -> list[str]:
        """Processes of the region's runs and builds that are still there; what stands by has a berth each."""
        standing = self.standing()
        if len(standing) <= sum(1 for _ in self.place.glob("standby/*")):
            return self._orphans(without=standing)
        return self._orphans(without=[])

    def _orphans(self, without: list[int]) -> list[str]:
        planes = {plane.process.pid for plane in self.planes.values()}
        found: list[str] = []
        for record in self.place.glob("runs/*/ctl/*.json"):
            content = json.loads(record.read_bytes()) if record.name in ("runner.json", "step.json") else {}
            # One that was over before it was written down has no start.
            if content.get("start_ticks") is not None and start_ticks(content["pid"]) == content["start_ticks"]:
                found.append(f"{content['pid']} of {record}")
        marks = (str(self.region).encode(),)
        for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
            if (
                pid in planes
                or pid in without
                or pid == os.getpid()
                or any(ancestor in planes for ancestor in ancestors_of(pid))
            ):
                continue
            said = command_of(pid) + b"\0" + environment_of(pid) + b"\0" + place_of(pid)
            if any(mark in said for mark in marks):
                found.append(f"{pid}: {command_of(pid)[:200]!r}")
        return found

    def leftovers(self) -> list[str]:
        """Files that no step leaves behind when it is over; what was `told` of an earlier case is left out."""
        patterns = (
            "incoming/*", "blobs/**/*#*", "orgs/*/trees/.*", "orgs/*/workspaces/*/environments/*.building",
            "orgs/*/workspaces/*/environments/.*", "orgs/*/workspaces/*/build-tmp/*",
            "orgs/*/workspaces/*/uv-cache/.tmp*", "orgs/*/workspaces/*/uv-cache/*/.tmp*",
            "orgs/*/workspaces/*/runs/*/work*", "orgs/*/workspaces/*/runs/*/ctl/**/*.new",
            "orgs/*/workspaces/*/runs/*/ctl/socket", "orgs/*/workspaces/*/runs/*/ctl/app",
        )  # fmt: skip
        found = [str(path.relative_to(self.region)) for pattern in patterns for path in self.region.glob(pattern)]
        return [place for place in found if place not in self.told]


@contextmanager
def crash_stage(
    *,
    is_split: bool,
    link: Way | None = None,
    environment: Mapping[str, str] | None = None,
    forking: Forking | None = None,
) -> Generator[CrashStage]:
    """Everything is ended and removed at the end. By `link` a region of its own reaches its control plane.

    `environment` is what planes have beside ours; by `forking` they begin, if not as people start them.
    """
    # Below /tmp no interpreter stands by.
    root = Path(tempfile.mkdtemp(prefix="dlthub-tui-crash-", dir="/var/tmp"))
    root.chmod(0o711)
    stage = CrashStage(root, is_split, link, environment=dict(environment or {}), forking=forking)
    try:
        stage.prepare()
        yield stage
    finally:
        stage.close()
        for plane in stage.planes:
            end_runners(stage.home(plane))
        remove_tree(root)
