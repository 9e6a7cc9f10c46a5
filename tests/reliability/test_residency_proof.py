"""R21: what is planted in a region is nowhere on the control plane, whatever is asked of either plane.

The words stand in code, configuration, secrets, variables, output, tracebacks, table values, file names, results,
traces and the traffic of an app. All 61 operations, own routes and web pages are driven; then every byte that passed
the control plane's sockets, its files, its log and its memory are searched, and those of the region to which none of
it belongs. Words that the control plane is told (Contract: D.16) are counted beside.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.acceptance.platforms import wait_until
from tests.acceptance.split import SplitInstallation, split_installation
from tests.contract.generated_client import generated_client
from tests.contract.walking import ENDED, Walk, deploy, job_of, read, run, settle, sign_in, upload
from tests.fakes.apps import ResolvedHere
from tests.reliability.canaries import Canaries
from tests.reliability.sizes import sized, tell

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(sized(1200, 3000))]

# How many words in a thousand. What an app is asked and answers is a request each.
SHARES = {
    "code": 150, "comment": 50, "file_name": 40, "file_content": 60, "toml_value": 60, "toml_key": 40,
    "secret_toml": 50, "variable": 20, "variable_name": 20, "secret_variable": 20, "stdout": 140, "stderr": 80,
    "traceback": 40, "table_value": 120, "column": 10, "table": 5, "resource": 5, "result": 50, "trace_error": 5,
    "app_query": 5, "app_header": 5, "app_body": 15, "app_answer": 10,
}  # fmt: skip
SECRET = ("secret_toml", "secret_variable")
SEALED = (*SECRET, "toml_value", "toml_key", "variable")
PASSING = ("app_query", "app_header", "app_body", "app_answer")
PRINTED = (
    "stdout", "stderr", "traceback", "table_value", "column", "table", "resource", "result", "trace_error",
    "app_answer",
)  # fmt: skip
TOLD = {"job_name": 1, "tag": 1, "display_name": 1, "docstring": 1, "pipeline": 1, "dataset": 1}
THOUSANDS = sized(1, 10)
PLAN = """
import json, pathlib
PLAN = {
    kind: [f"mark{number:020x}" for number in numbers]
    for kind, numbers in json.loads(pathlib.Path(__file__).with_name("plan.json").read_text()).items()
}
"""
WORKS = """
import http.server, os, sys, time, tomllib
import dlt
import dlt.hub.run as run
from plan import PLAN
import constants

@run.pipeline("numbers")
def counted(how_many: int = 1):
    for word in PLAN["stdout"]:
        print("said", word)
    for word in PLAN["stderr"]:
        print("warned", word, file=sys.stderr)
    for name, value in os.environ.items():
        if name.startswith("SECRET_"):
            print("leaked", value)
    print(open(".dlt/prod.secrets.toml").read())
    row = dict.fromkeys(PLAN["column"], 1)
    rows = [{"word": word, **row} for word in PLAN["table_value"]]
    tables = [
        dlt.resource(rows, name=PLAN["resource"][0], table_name="digit"),
        *(dlt.resource([{"n": 1}], name=name) for name in PLAN["resource"][1:]),
        *(dlt.resource([{"n": 1}], name=f"of_{name}", table_name=name) for name in PLAN["table"]),
    ]
    pipeline = dlt.pipeline("numbers", destination="duckdb", dataset_name="digits")
    pipeline.run(tables)
    return run.result({"rows": how_many}, type="count")

@run.job
def slow():
    time.sleep(600)

@run.job
def answers():
    return run.result({"words": PLAN["result"]}, type="words")

@run.job
def fails():
    try:
        dlt.pipeline("TOLD_PIPELINE", destination="duckdb", dataset_name="TOLD_DATASET").run([{"n": 1}], table_name="n")
        for word in PLAN["trace_error"]:
            def broken(word=word):
                raise ValueError(word)
                yield 1
            try:
                dlt.pipeline("broken", destination="duckdb").run(dlt.resource(broken, name="broken"))
            except Exception:
                pass
    finally:
        raise ValueError("\\n".join(PLAN["traceback"]))

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_GET(self):
        self.answer(b"here")

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(PLAN["app_answer"][int(self.headers.get("X-Number", 0)) % len(PLAN["app_answer"])].encode())

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

@run.interactive
def TOLD_JOB(run_context: run.TJobRunContext):
    place = ("0.0.0.0", run_context["run_args"]["port"])
    http.server.ThreadingHTTPServer(place, Handler).serve_forever()
"""


def counts() -> dict[str, int]:
    return {kind: share * THOUSANDS for kind, share in SHARES.items()}


def within(count: int, most: int) -> int:
    """Names have limits of their own: columns of a table, tables of a load, variables of a scope."""
    return min(count, most)


LIMITS = {
    "column": 60, "table": 20, "resource": 20, "trace_error": 20, "variable": 200, "variable_name": 200,
    "secret_variable": 200,
}  # fmt: skip


@dataclass
class Planted:
    """Where everything was planted and driven."""

    split: SplitInstallation
    walk: Walk
    words: Canaries
    told: Canaries


def code_of(words: Canaries, told: Canaries) -> dict[str, bytes]:
    works = WORKS.replace("TOLD_JOB", told["job_name"][0]).replace("TOLD_PIPELINE", told["pipeline"][0])
    lines = [f'CONSTANT_{number} = "{word}"' for number, word in enumerate(words["code"])]
    lines += [f"# {word}" for word in words["comment"]]
    names, contents = words["file_name"], words["file_content"]
    per_file = [contents[start :: len(names)] for start in range(len(names))]
    return {
        "works.py": works.replace("TOLD_DATASET", told["dataset"][0]).encode(),
        "plan.py": PLAN.encode(),
        "plan.json": json.dumps(words.numbers(*PRINTED)).encode(),
        "constants.py": "\n".join(lines).encode(),
        **{f"notes/{name}.csv": "\n".join(("n", *held)).encode() for name, held in zip(names, per_file, strict=True)},
    }


def configuration_of(words: Canaries) -> dict[str, bytes]:
    plain = "\n".join(f'x{number} = "{word}"' for number, word in enumerate(words["toml_value"]))
    keys = "\n".join(f'{key} = "x"' for key in words["toml_key"])
    secret = "\n".join(f'x{number} = "{word}"' for number, word in enumerate(words["secret_toml"]))
    return {
        "prod.config.toml": f"[jobs.works.counted]\nhow_many = 3\n[sources.planted]\n{plain}\n{keys}\n".encode(),
        "prod.secrets.toml": f"[sources.hidden]\n{secret}\n".encode(),
        "access.config.toml": b"",
    }


def jobs_of(told: Canaries) -> list[dict[str, Any]]:
    shown = {"tags": told["tag"], "display_name": told["display_name"][0], "interface": "gui"}
    return [
        job_of("answers", description=told["docstring"][0]),
        job_of("fails"),
        job_of(told["job_name"][0], "http:", job_type="interactive", expose=shown),
    ]


@pytest.fixture(scope="module")
def planted() -> Generator[Planted]:
    words = Canaries({kind: within(count, LIMITS.get(kind, count)) for kind, count in fill(counts()).items()})
    told = Canaries(TOLD)
    with split_installation() as split, generated_client(split.installation.owner.client, awaited=False) as client:
        walk = Walk(
            client, split.installation, split.installation.owner,
            code=code_of(words, told), configuration=configuration_of(words), more_jobs=jobs_of(told),
        )  # fmt: skip
        planted = Planted(split, walk, words, told)
        sign_in(walk)
        settle(walk)
        upload(walk)
        set_variables(planted)
        jobs = deploy(walk)
        run_id = run(walk, jobs)
        read(walk, run_id)
        ended = {name: run_to_the_end(walk, jobs[name]) for name in ("answers", "fails")}
        look_everywhere(planted, [run_id, *ended.values()])
        use_app(planted, jobs[told["job_name"][0]])
        yield planted


def fill(wanted: dict[str, int]) -> dict[str, int]:
    """What limits cut off is planted as code, so that all thousands are there."""
    cut = sum(count - within(count, LIMITS.get(kind, count)) for kind, count in wanted.items())
    return {**wanted, "code": wanted["code"] + cut}


def set_variables(planted: Planted) -> None:
    words = planted.words
    pairs = [
        *(
            (name.upper(), "plain", value)
            for name, value in zip(words["variable_name"], words["variable"], strict=True)
        ),
        *((f"SECRET_{number}", "secret", value) for number, value in enumerate(words["secret_variable"])),
    ]
    upserts = [{"name": name, "type": kind, "value": value} for name, kind, value in pairs]
    planted.walk.ask_region("update_workspace_variables", body={"profile": "prod", "upserts": upserts})
    planted.walk.ask_region("list_workspace_variables")


def run_to_the_end(walk: Walk, job_id: str) -> str:
    run_id = walk.ask_workspace("create_job_run", 201, body={"job_id": job_id, "trigger": "manual:"})["id"]
    wait_until(lambda: walk.ask_workspace("get_job_run", job_run_id=run_id)["status"] in ENDED, 300, "it does not end")
    return run_id


def look_everywhere(planted: Planted, run_ids: list[str]) -> None:
    """Logs, results, traces, own routes of the log, and the web pages of both planes."""
    walk = planted.walk
    for run_id in run_ids:
        walk.ask_region("get_job_run_logs", job_run_id=run_id)
    for each in walk.ask_region("list_pipeline_runs")["items"]:
        walk.ask_region("get_pipeline_run", pipeline_run_id=each["id"])
        walk.ask_region("get_pipeline_run_trace", pipeline_run_id=each["id"])
    walk.ask_region("get_job_run_result", job_run_id=run_ids[1])
    token = walk.ask_workspace("issue_dataplane_token_workspace")["token"]
    own = f"{walk.workspace['dataplane_url']}/own/v1/workspaces/{walk.workspace_id}"
    with httpx.Client(headers={"authorization": f"Bearer {token}"}, timeout=240) as region:
        for run_id in run_ids:
            for path in ("lines?from_line=0", "hits", "leaks", f"-search?q={planted.words['stdout'][0]}"):
                region.get(f"{own}/job-runs/{run_id}/{path}")
    visit_pages(planted, run_ids)


def visit_pages(planted: Planted, run_ids: list[str]) -> None:
    walk = planted.walk
    base = f"{walk.control_plane}/w/{walk.workspace_id}"
    with httpx.Client(follow_redirects=True, timeout=240) as browser:
        asked = browser.get(base)
        form = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', asked.text))
        sent = {**form, "email": walk.person.email, "password": walk.person.password}
        origin = {"origin": walk.control_plane}
        assert browser.post(f"{walk.control_plane}/w/-sign-in", data=sent, headers=origin).status_code == 200
        for run_id in run_ids:
            assert browser.get(f"{base}/runs/{run_id}").status_code == 200
            assert browser.get(f"{base}/runs/{run_id}/-log").status_code == 200
        shown = browser.get(f"{base}/runs/{run_ids[1]}/-log")
        assert planted.words["result"][0] in shown.text
        assert browser.get(f"{base}/pipelines/numbers/-telemetry").status_code == 200


def use_app(planted: Planted, job_id: str) -> None:
    walk, words = planted.walk, planted.words
    run_id = walk.ask_workspace("create_job_run", 201, body={"job_id": job_id, "trigger": "http:"})["id"]

    def runs() -> bool:
        status = walk.ask_workspace("get_job_run", job_run_id=run_id)["status"]
        assert status not in ENDED, walk.ask_region("get_job_run_logs", job_run_id=run_id)
        return status == "running"

    wait_until(runs, 120, "no app")
    token = walk.ask_workspace("issue_dataplane_token_workspace")["token"]
    path = f"/own/v1/workspaces/{walk.workspace_id}/job-runs/{run_id}/-open-app"
    headers = {"authorization": f"Bearer {token}"}
    where = httpx.post(walk.workspace["dataplane_url"] + path, headers=headers, timeout=240).json()
    with httpx.Client(transport=ResolvedHere(), follow_redirects=True, timeout=240) as browser:
        browser.get(where["url"])
        answered: set[str] = set()
        for number, word in enumerate(words["app_body"]):
            queries, heads = words["app_query"], words["app_header"]
            answer = browser.post(
                where["origin"] + "/", params={"q": queries[number % len(queries)]}, content=word,
                headers={"x-number": str(number), "x-said": heads[number % len(heads)]},
            )  # fmt: skip
            answered.add(answer.text)
    assert answered == set(words["app_answer"])
    walk.ask_workspace("cancel_job_run", job_run_id=run_id)
    wait_until(lambda: walk.ask_workspace("get_job_run", job_run_id=run_id)["status"] == "cancelled", 60, "it stays")


def test_no_planted_word_is_on_the_control_plane(planted: Planted) -> None:
    split, walk, words = planted.split, planted.walk, planted.words
    assert len(words) == 1000 * THOUSANDS
    assert walk.client.called == set(walk.client.operations)
    assert len(walk.client.called) == 61

    begun = time.monotonic()
    traffic, control, other = (
        words.search(folder) for folder in (split.traffic, split.homes["control"], split.homes["us1"])
    )
    at_home = words.search(split.homes["eu1"])
    told = {place: planted.told.search(folder).places for place, folder in
            (("sockets", split.traffic), ("files", split.homes["control"]))}  # fmt: skip
    took = time.monotonic() - begun

    size = sum(path.stat().st_size for path in split.traffic.glob("*.*"))
    tell("R21 residency", (
        f"{len(words):,} words, 61 operations: {len(traffic.places)} in {size / 1e6:.1f} MB of the control plane's "
        f"sockets, {len(control.places)} in its files and log, {len(other.places)} in the other region; "
        f"{len(at_home.places):,} found in their region; told words in sockets {len(told['sockets'])} of "
        f"{len(planted.told)}, in files {len(told['files'])}; searched in {took:.0f} s"
    ))  # fmt: skip
    assert traffic.places == {}
    assert control.places == {}
    assert other.places == {}
    assert at_home.of(*SECRET) == 0, "secrets are in no byte of their own region, either"
    here = [kind for kind in SHARES if kind not in {*SEALED, *PASSING}]
    missing = {
        kind: (at_home.kinds[kind], len(words[kind])) for kind in here if at_home.kinds[kind] != len(words[kind])
    }
    assert missing == {}, "each was really there"
    assert {planted.told.kind_of(word) for word in told["sockets"]} == set(TOLD)
    assert {planted.told.kind_of(word) for word in told["files"]} == set(TOLD)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root reads another process's memory")
def test_no_planted_word_is_in_the_control_planes_memory(planted: Planted) -> None:
    pid = planted.split.planes["control"].process.pid

    assert planted.words.search_memory(pid) == set()
    assert planted.told.search_memory(pid), "the search sees its memory"
