"""One-line commands over a real platform: run, logs, runs, jobs, stop, open; names, pipes, Ctrl+C, who is signed in."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from tests.acceptance.deployed import as_owner, deploy_folder, make_workspace
from tests.acceptance.platforms import PlatformProcess, serving, wait_until
from tests.fakes.workspaces import open_folder
from tests.tui.real_planes import make_workspace as make_folder
from tests.tui.terminals import terminal

from dlthub_tui.cli.administering import find_door
from dlthub_tui.client.administration import sign_in_as_owner

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(900)]
JOBS = '''
"""Jobs for one-line commands."""
import sys
import time

import dlt.hub.run as run


@run.job
def quick():
    print("\\x1b[31mred\\x1b[0m line")
    print("password=hunter2-very-secret")
    print("straße")


@run.job
def broken():
    print("before")
    raise KeyError("customer_id")


@run.job(trigger="webhook:orders")
def called():
    import json
    import os

    with open(os.environ["DLTHUB_TUI_WEBHOOK_BODY"]) as body:
        order = json.load(body)["order"]
    print("was sent", len(order), "signs,", order[:4])


@run.job(trigger="schedule:0 0 * * *")
def daily(run_context: dict = None):
    day = f"{run_context['interval_start']:%Y-%m-%d}"
    print("loads", day)
    if day == "2026-01-03":
        raise SystemExit("no such day")


@run.job
def slow():
    for number in range(6000):
        print("step", number, flush=True)
        time.sleep(0.1)
'''
ODD = "a/b and c"
BUILD_SECONDS = 600


@dataclass
class Shell:
    """Somebody who types commands beside a platform."""

    platform: PlatformProcess

    def words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "dlthub_tui.cli.main", *words]

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
        return {**kept, "DLTHUB_TUI_HOME": str(self.platform.home), "LANG": "C.UTF-8", "TZ": "UTC", **more}

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.words(*words), capture_output=True, text=True, timeout=BUILD_SECONDS, check=False,
            env=self.environment(**more), encoding="utf-8",
        )  # fmt: skip

    def json(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def status_of(self, address: str) -> str:
        return self.json("open", address)["run"]["status"]


@pytest.fixture(scope="module")
def shell() -> Generator[Shell]:
    """`shop` in two organizations and a workspace with a slash and blanks; all but vineyard's have jobs."""
    with open_folder("one-liners-") as folder, serving(folder / "home") as platform:
        platform.admin("user", "add", "ana@orchard.example")
        shop = make_folder(folder / "shop", JOBS, ["broken", "called", "daily", "quick", "slow"])

        async def prepare() -> None:
            async with as_owner(platform.home) as connection:
                await deploy_folder(connection, await make_workspace(connection, "orchard", "shop"), shop)
                await deploy_folder(connection, await make_workspace(connection, "orchard", ODD), shop)
                await make_workspace(connection, "vineyard", "shop", "us1")

        anyio.run(prepare)
        yield Shell(platform)


def test_run_prints_the_scrubbed_log_and_exits_as_the_run_ends(shell: Shell) -> None:
    done = shell.run("run", "orchard/shop/quick", "-f")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-4:] == ["red line", "password=[masked:named-plain]", "straße", "exit code 0"]
    assert "Started orchard/shop/shop_jobs.quick/1, profile prod." in done.stderr
    assert "orchard/shop/shop_jobs.quick/1 completed after" in done.stderr

    failed = shell.run("run", "orchard/shop/broken", "-f")
    assert failed.returncode == 1
    assert "KeyError: 'customer_id'" in failed.stdout
    assert "shop_jobs.broken/1 failed" in failed.stderr


def test_backfill_loads_the_past_slice_by_slice_and_resumes_what_failed(shell: Shell) -> None:
    span = ("--from", "2026-01-01", "--to", "2026-01-05", "--slice", "1d", "--parallel", "2")
    planned = shell.json("backfill", "orchard/shop/daily", *span, "--dry-run")
    done = shell.run("backfill", "orchard/shop/daily", *span, "-f", "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]

    assert (planned["id"], planned["slices_total"]) == (None, 4)
    assert done.returncode == 1, done.stderr
    assert sorted((event["start"][:10], event["state"]) for event in events[:-1]) == [
        ("2026-01-01", "completed"), ("2026-01-02", "completed"), ("2026-01-03", "failed"), ("2026-01-04", "completed"),
    ]  # fmt: skip
    assert (events[-1]["state"], events[-1]["counts"]["failed"]) == ("failed", 1)
    (number,) = [event["run_number"] for event in events[:-1] if event["state"] == "failed"]
    assert "loads 2026-01-03" in shell.run("logs", f"orchard/shop/daily/{number}").stdout

    again = shell.run("backfill", "orchard/shop/daily", "--resume", "-f")
    assert again.returncode == 1
    assert "2026-01-03 00:00 to 2026-01-04 00:00 failed" in again.stderr
    assert shell.json("backfill", "orchard/shop/daily", "--status")["slices"][2]["run_number"] > number
    assert shell.run("backfill", "orchard/shop/quick", "--slice", "1d").returncode == 1
    assert shell.run("backfill", "orchard/shop/daily").returncode == 2


def test_a_webhook_starts_its_job_and_what_it_sends_stays_in_the_region(shell: Shell) -> None:
    mark = f"plum{os.urandom(12).hex()}"
    hook = shell.json("webhook", "orchard/shop/called")
    headers = {"authorization": f"Bearer {hook['secret']}", "webhook-id": "msg_1"}
    answers = [httpx.post(hook["url"], json={"order": mark}, headers=headers, timeout=240) for _ in range(2)]
    wrong = httpx.post(hook["url"], json={"order": mark}, timeout=240)
    wait_until(lambda: bool(shell.json("runs", "orchard/shop/called")["items"]), 60, "the run of the call")
    log = shell.run("logs", "orchard/shop/called/1", "-f")

    assert [answer.status_code for answer in answers] == [202, 202]
    assert (answers[1].json()["is_repeated"], wrong.status_code) == (True, 401)
    assert log.returncode == 0, log.stderr
    assert "was sent 28 signs, plum" in log.stdout
    assert shell.json("runs", "orchard/shop/called")["total"] == 1
    assert shell.json("webhook", "orchard/shop/called")["secret"] is None
    stored = {path: path.read_bytes() for path in shell.platform.home.rglob("*") if path.is_file()}
    assert [path for path, content in stored.items() if mark.encode() in content] == []
    control = [content for path, content in stored.items() if path.is_relative_to(shell.platform.home / "control")]
    assert not any(hook["secret"].encode() in content for content in control)
    assert any(b"webhook:orders" in content for content in control)


def test_people_are_invited_listed_and_withdrawn(shell: Shell) -> None:
    made = shell.run("invite", "orchard/shop", "Eve@else.example", "--role", "viewer")
    link = made.stdout.strip()
    (listed,) = shell.json("invites", "orchard/shop")["items"]
    again = shell.json("invite", "orchard/shop", "eve@else.example", "--new-link")
    member = shell.json("invite", "orchard/shop", "fay@else.example", "--joins-as", "member")
    statuses = [
        httpx.get(each, trust_env=False, timeout=240).status_code for each in (link, again["url"], member["url"])
    ]
    table = shell.run("invites", "orchard/shop").stdout
    gone = shell.run("invite", "orchard/shop", "eve@else.example", "--withdraw")
    unknown = shell.run("invite", "orchard/shop", "eve@else.example", "--withdraw")

    assert made.returncode == 0, made.stderr
    assert "/invite?link=" in link, "nothing else is on standard output"
    assert (listed["email"], listed["role"], listed["url"]) == ("eve@else.example", "collaborator", None)
    assert list(listed["workspaces"].values()) == ["viewer"]
    assert (again["id"], member["role"], statuses) == (listed["id"], "member", [404, 200, 200])
    assert "eve@else.example" in table
    assert "fay@else.example" in table
    assert (gone.returncode, unknown.returncode) == (0, 2)
    assert httpx.get(again["url"], trust_env=False, timeout=240).status_code == 404
    assert [each["email"] for each in shell.json("invites", "orchard/shop")["items"]] == ["fay@else.example"]


def test_run_as_json_says_each_event_on_a_line(shell: Shell) -> None:
    done = shell.run("run", "orchard/shop/broken", "-f", "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.returncode == 1
    assert [event["event"] for event in (events[0], events[-1])] == ["started", "ended"]
    assert {event["event"] for event in events[1:-1]} == {"line"}
    assert events[0]["job_ref"] == "jobs.shop_jobs.broken"
    assert events[0]["link"] == events[-1]["link"]
    assert events[-1]["status"] == "failed"
    assert [event["line_num"] for event in events[1:-1]] == list(range(len(events) - 2))


def test_a_log_is_read_from_its_end_from_a_moment_and_from_a_line(shell: Shell) -> None:
    number = shell.json("run", "orchard/shop/quick")["number"]
    address = f"orchard/shop/quick/{number}"
    followed = shell.run("logs", address, "-f")
    whole = shell.run("logs", address).stdout.splitlines()

    assert followed.returncode == 0
    assert followed.stdout.splitlines() == whole
    assert shell.run("logs", address, "--tail", "2").stdout.splitlines() == whole[-2:]
    assert shell.run("logs", address, "--since", "1h").stdout.splitlines() == whole
    assert shell.run("logs", address, "--since", "2100-01-01T00:00").stdout == ""
    assert shell.run("logs", f"{address}#3").stdout.splitlines() == whole[2:]
    beyond = shell.run("logs", f"{address}#99999")
    assert (beyond.returncode, beyond.stdout) == (2, "")
    assert f"quick/{number} has {len(whole)} lines and no line 99999." in beyond.stderr
    assert f"quick/{number} completed" in shell.run("logs", f"{address}#99999", "-f").stderr
    assert shell.run("logs", "orchard/shop/quick").stdout.splitlines() == whole
    (timed,) = shell.run("logs", address, "-n", "1", "-t").stdout.splitlines()
    assert timed.startswith("20")
    assert timed.endswith("  exit code 0")
    line = json.loads(shell.run("logs", address, "-n", "1", "--json").stdout)
    assert line["content"] == "exit code 0"
    assert set(line) == {"line_num", "content", "io_stream", "source", "reported_at"}


def test_names_with_slashes_and_blanks_are_found_and_doubtful_ones_listed(shell: Shell) -> None:
    done = shell.run("run", f"{ODD}/quick", "-f")
    assert done.returncode == 0, done.stderr

    doubtful = shell.run("jobs", "shop")
    assert doubtful.returncode == 2
    assert [line.strip() for line in doubtful.stderr.splitlines()[1:]] == ["orchard/shop", "vineyard/shop"]
    # Only one of the two has the job, so its workspace needs no organization.
    assert shell.json("open", "shop/broken")["link"] == "orchard/shop/shop_jobs.broken"

    missing = shell.run("logs", "orchard/shop/qick")
    assert missing.returncode == 2
    assert "Nearest: orchard/shop/shop_jobs.quick." in missing.stderr
    assert "Nearest: orchard/shop" in shell.run("runs", "orchard/shp").stderr
    assert shell.run("run", "orchard/shop").returncode == 2
    assert shell.run("logs", "orchard/shop").returncode == 2
    assert "has not run yet" in shell.run("logs", "orchard/shop/slow").stderr


def test_a_command_leaves_no_session_behind(shell: Shell) -> None:
    async def others() -> set[str]:
        async with as_owner(shell.platform.home) as owner:
            listed = await owner.control.get("/own/v1/sessions")
            return {each["id"] for each in listed["items"] if not each["is_current"]}

    before = anyio.run(others)
    assert shell.run("workspaces").returncode == 0
    assert shell.run("jobs", "no/such").returncode == 2
    shell.platform.admin("user", "link", "ana@orchard.example")

    assert anyio.run(others) == before


def test_lists_for_people_and_for_programs(shell: Shell) -> None:
    shell.run("run", "orchard/shop/broken", "-f")
    failed = shell.json("runs", "orchard/shop", "--status", "failed,cancelled")
    table = shell.run("runs", "orchard/shop").stdout

    assert {run["status"] for run in failed["items"]} == {"failed"}
    assert failed["total"] == len(failed["items"])
    assert table.splitlines()[0].split() == ["JOB", "RUN", "STATE", "STARTED", "BY", "STARTED", "TOOK", "ROWS"]
    assert "\x1b" not in table
    jobs = {job["job_ref"]: job for job in shell.json("jobs", "orchard/shop")["items"]}
    assert jobs["jobs.shop_jobs.quick"]["passed_over"] is None
    assert "shop_jobs.quick" in shell.run("jobs", "orchard/shop").stdout
    links = [place["link"] for place in shell.json("workspaces")["items"]]
    assert sorted(links) == [f"orchard/{ODD}", "orchard/shop", "vineyard/shop"]
    assert f"orchard/{ODD}" in shell.run("workspaces").stdout
    for words in (["--status", "odd"], ["--limit", "0"]):
        assert shell.run("runs", "orchard/shop", *words).returncode == 2


def test_a_run_of_the_dashboard_is_listed_among_the_others(shell: Shell) -> None:
    started = shell.json("run", "orchard/shop/dashboard")["link"]
    listed = [one["link"] for one in shell.json("runs", "orchard/shop")["items"]]
    stopped = shell.run("stop", started)

    assert stopped.returncode == 0, stopped.stderr
    assert listed[0] == started == "orchard/shop/workspace.dashboard/1"


def test_ctrl_c_in_a_terminal_leaves_the_run_running_and_says_so(shell: Shell) -> None:
    words = ["-m", "dlthub_tui.cli.main", "run", "orchard/shop/slow", "-f"]
    with terminal(words, shell.environment(), size=(100, 24)) as shown:
        shown.until_text("step 3", BUILD_SECONDS)
        shown.press("\x03")
        code = shown.wait()

    assert code == -signal.SIGINT
    assert "orchard/shop/shop_jobs.slow/1 goes on. Follow it: dlthub-tui logs orchard/shop/shop_jobs.slow/1 -f" in (
        shown.text.replace("\n", "").replace("  ", "")
    )
    assert shell.status_of("orchard/shop/slow/1") == "running"
    # What is there now, without waiting for the end.
    assert "step 3" in shell.run("logs", "orchard/shop/slow").stdout

    assert shell.run("stop", "orchard/shop/slow/1").returncode == 0
    wait_until(lambda: shell.status_of("orchard/shop/slow/1") == "cancelled")
    again = shell.run("stop", "orchard/shop/slow/1")
    assert again.returncode == 1
    assert "had ended before" in again.stderr
    assert shell.run("logs", "orchard/shop/slow/1", "-f").returncode == 1


def test_a_closed_pipe_ends_quietly_by_its_signal(shell: Shell) -> None:
    with subprocess.Popen(
        shell.words("run", f"{ODD}/slow", "-f"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=shell.environment(),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        code = process.wait(BUILD_SECONDS)
    shell.run("stop", f"{ODD}/slow")

    assert code == -signal.SIGPIPE
    assert "Traceback" not in said
    assert f"dlthub-tui logs 'orchard/{ODD}/shop_jobs.slow/1' -f" in said


def test_colours_are_for_terminals_that_want_them(shell: Shell) -> None:
    shell.run("run", "orchard/shop/quick", "-f")
    words = ["-m", "dlthub_tui.cli.main", "logs", "orchard/shop/quick"]
    with terminal(words, shell.environment()) as shown:
        shown.wait()
    with terminal(words, shell.environment(NO_COLOR="1")) as plain:
        plain.wait()

    assert b"\x1b[31mred" in shown.output
    assert b"red line" in plain.output
    assert b"\x1b[" not in plain.output


def test_who_is_not_there_or_not_known_is_said_with_its_code(shell: Shell, tmp_path: Path) -> None:
    nobody = shell.run("runs", "shop", "--home", str(tmp_path / "home"))
    closed = shell.run("runs", "shop", "--url", "http://127.0.0.1:1")
    unknown = shell.run("runs", "shop", "--url", shell.platform.control_plane, "--home", str(tmp_path / "home"))
    bad_key = shell.run("runs", "shop", DLTHUB_TUI_API_KEY="dlt_u_nobody")
    no_tls = shell.run("runs", "shop", "--url", "http://orchard.example")

    assert [done.returncode for done in (nobody, closed, unknown, bad_key, no_tls)] == [3, 3, 4, 4, 2]
    assert "dlthub-tui serve --home" in nobody.stderr
    assert f"dlthub-tui connect {shell.platform.control_plane}" in unknown.stderr
    assert "Use https" in no_tls.stderr
    assert not (tmp_path / "home" / "client").exists()


def test_another_installation_is_reached_with_a_key_or_with_the_stored_sign_in(shell: Shell, tmp_path: Path) -> None:
    shell.run("run", "orchard/shop/quick", "-f")
    url, home = shell.platform.control_plane, str(tmp_path / "home")
    key = shell.platform.admin("api-key", "create", "--user", "ana@orchard.example")["api_key"]
    by_key = shell.run("workspaces", "--json", DLTHUB_TUI_URL=url, DLTHUB_TUI_API_KEY=key, DLTHUB_TUI_HOME=home)
    assert json.loads(by_key.stdout)["total"] == 3, by_key.stderr

    async def sign_in() -> None:
        from dlthub_tui.session.connection import Connection
        from dlthub_tui.session.store import SessionStore

        door = find_door(shell.platform.home)
        async with door.opened() as plane:
            pair = await sign_in_as_owner(plane, door.owner_key)
        connection = Connection(url, SessionStore(Path(home) / "client", uses_keyring=False))
        await connection.begin(pair, is_kept=True)
        await connection.aclose()

    anyio.run(sign_in)
    stored = shell.run("logs", "orchard/shop/quick", "-n", "1", "--url", url, "--home", home)
    assert stored.stdout == "exit code 0\n", stored.stderr


def test_the_tab_key_offers_names_of_the_installation(shell: Shell) -> None:
    def offered(*words: str) -> list[str]:
        lines = shell.run("__complete", *words).stdout.splitlines()
        return [line.split("\t")[0] for line in lines if line and not line.startswith("\x1f")]

    number = shell.json("run", "orchard/shop/quick")["number"]
    # A busy machine may take longer than a shell waits.
    wait_until(lambda: f"orchard/{ODD}/" in offered("run", "orch"), what="no workspaces were offered")
    wait_until(lambda: "orchard/shop/shop_jobs.quick" in offered("logs", "orchard/shop/"), what="no jobs were offered")
    run = f"orchard/shop/shop_jobs.quick/{number}"
    wait_until(lambda: run in offered("logs", "orchard/shop/shop_jobs.quick/"), what="no runs were offered")

    assert offered("logs", "orchard/shop/qui") == ["orchard/shop/quick"]
    assert f"orchard/shop/quick/{number}" in offered("logs", "orchard/shop/quick/")
    assert f"{ODD}/" in offered("logs", "a/")
    assert "shop/" not in offered("run", "sh")  # two have the name
    assert offered("run", "x") == []
    assert offered("run", "orch", "--home", "/nowhere") == []


@pytest.mark.parametrize(
    ("name", "options", "set_up"),
    [
        ("bash", ["--norc", "-i"], 'eval "$(dlthub-tui completion bash)"'),
        ("zsh", ["-f", "-i"], 'autoload -Uz compinit; compinit -D; eval "$(dlthub-tui completion zsh)"'),
    ],
)
def test_a_shell_completes_commands_and_names(
    shell: Shell, name: str, options: list[str], set_up: str, tmp_path: Path
) -> None:
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed here")
    bin_folder = str(Path(sys.executable).parent)
    environment = shell.environment(PATH=f"{bin_folder}:{os.environ['PATH']}", HOME=str(tmp_path), PS1="$ ")
    start = f"import os; os.execv({program!r}, {[name, *options]!r})"
    with terminal(["-c", start], environment, size=(100, 24), folder=tmp_path) as shown:

        def pressed_until(text: str) -> None:
            """Tab by tab: on a busy machine names may come later than the shell waits."""
            for _ in range(20):
                shown.press("\t")
                shown.until_quiet(3)
                if text in shown.text:
                    return
            raise AssertionError(shown.text)

        shown.until_quiet(2)
        shown.press(f"{set_up}; echo set$((40 + 2))\r")
        shown.until_text("set42")
        shown.press("dlthub-tui worksp")
        pressed_until("dlthub-tui workspaces")
        shown.press("\x15dlthub-tui jobs viney")
        pressed_until("dlthub-tui jobs vineyard/shop")


def test_fish_completes_commands_and_names(shell: Shell, tmp_path: Path) -> None:
    program = shutil.which("fish")
    if program is None:
        pytest.skip("fish is not installed here")
    bin_folder = str(Path(sys.executable).parent)
    environment = shell.environment(PATH=f"{bin_folder}:{os.environ['PATH']}", HOME=str(tmp_path))

    def offered(words: str) -> str:
        asks = f'dlthub-tui completion fish | source; complete -C "dlthub-tui {words}"'
        command = [program, "--no-config", "-c", asks]
        return subprocess.run(command, capture_output=True, text=True, timeout=240, check=True, env=environment).stdout

    assert "workspaces\t" in offered("worksp")
    wait_until(lambda: "vineyard/shop\t" in offered("jobs viney"), what="no names were offered")


def test_open_shows_the_place_of_a_link(shell: Shell) -> None:
    shell.run("run", "orchard/shop/broken", "-f")
    link = shell.json("open", "shop/broken/1#20")["link"]
    tab = shell.json("open", "orchard/shop:runs")
    with terminal(["-m", "dlthub_tui.cli.main", "open", link], shell.environment(), size=(80, 24)) as shown:
        shown.until_text("shop_jobs.broken › 1")
        shown.until_text("line 20 of")
        shown.press("\x11")
        code = shown.wait()

    assert code == 0
    assert link == "orchard/shop/shop_jobs.broken/1#20"
    assert (tab["link"], tab["tab"]) == ("orchard/shop:runs", "runs")
    assert shell.run("open", link).returncode == 2
