"""`dlthub ai mcp run` of the released client against a real platform, asked by a real MCP client."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from typing import Any

import pytest
from tests.acceptance.installations import Desk, Installation
from tests.acceptance.platforms import wait_until
from tests.acceptance.seattle import data_folder
from tests.contract.mcp_sessions import Answer, Conversation, McpClient, Transport

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

NOBODY = "00000000-0000-4000-8000-000000000000"
SECRET = "plover-basalt-7731-sluice"
LINES = 300
FILES = {
    "requirements.txt": "dlt[duckdb]==1.31.0\n",
    ".dlt/prod.config.toml": "[jobs.works.counted]\nhow_many = 3\n",
    ".dlt/prod.secrets.toml": "",
    "__deployment__.py": "from works import *\n",
    "works.py": f"""
import time
import dlt
import dlt.hub.run as run

__all__ = ["counted", "broken", "wordy", "endless"]

@run.pipeline("numbers")
def counted(how_many: int = 1):
    pipeline = dlt.pipeline("numbers", destination="duckdb", dataset_name="digits")
    pipeline.run([{{"n": n}} for n in range(how_many)], table_name="digit")
    return run.result({{"rows": how_many}}, type="count")

@run.pipeline("faulty")
def broken():
    @dlt.resource
    def apples():
        yield {{"n": 1}}
        raise ValueError("the orchard is closed")
    dlt.pipeline("faulty", destination="duckdb", dataset_name="fruit").run(apples())

@run.job(trigger="schedule:0 3 1 1 *")
def wordy():
    for number in range({LINES}):
        print("line", number, "apple" if number % 100 == 0 else "pear")

@run.job(execute={{"timeout": {{"grace_period": 1.0}}}})
def endless():
    while True:
        time.sleep(0.05)
""",
}
GROUPS: Mapping[str, set[str]] = {
    "dlthub.jobs": {
        "dlthub_workspace_info", "dlthub_this_run", "dlthub_list_jobs", "dlthub_get_job", "dlthub_list_runs",
        "dlthub_get_run", "dlthub_get_run_result", "dlthub_get_run_trace",
    },
    "dlthub.logs": {"dlthub_get_run_logs", "dlthub_grep_run_logs"},
    "dlthub.config": {"dlthub_list_variables", "dlthub_get_configuration_files"},
    "dlthub.telemetry": {
        "dlthub_telemetry_status", "dlthub_list_pipeline_runs", "dlthub_get_pipeline_run",
        "dlthub_get_pipeline_run_trace", "dlthub_list_pipelines", "dlthub_list_datasets",
    },
    "dlthub.restore_pipeline": {"dlthub_restore_pipeline_from_run", "dlthub_restore_pipeline"},
}  # fmt: skip


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Desk:
    """A workspace in eu1 with a run of each job that ends, and variables of both kinds."""
    owner = installation.owner
    owner.sign_in()
    workspace = owner.make_workspace(owner.make_organization("orchard", "eu1")["id"], "works")
    desk = Desk(owner, workspace, owner.connected(owner.empty_workspace("works", FILES), workspace))
    for words, code in (
        (("deploy",), 0),
        (("run", "counted", "-f"), 0),
        (("run", "broken", "-f"), 1),
        (("run", "wordy", "-f"), 0),
        (("variable", "set", "HARBOUR", "--value", "calm", "--plain", "--workspace"), 0),
        (("variable", "set", "API__TOKEN", "--value", SECRET, "--secret", "--profile", "prod"), 0),
    ):
        done = desk.run(*words)
        assert done.code == code, done.text
    wait_until(lambda: bool(desk.runs("jobs.works.broken")[0]["pipeline_run_summaries"]))
    return desk


def run_id(desk: Desk, job: str) -> str:
    return str(desk.runs(f"jobs.works.{job}")[0]["id"])


def ask(desk: Desk, feature: str, *calls: tuple[str, Mapping[str, Any]], **rest: Any) -> Conversation:
    """One session with the server of one group, as the owner."""
    return McpClient(desk.person.client, desk.folder, [feature]).ask(*calls, **rest)


def refused(answer: Answer, *words: str) -> bool:
    """An error whose text tells the agent what to make of it."""
    assert answer.is_error, answer.said
    assert all(word in answer.said for word in words), answer.said
    return "Traceback" not in answer.said and "KeyError" not in answer.said


@pytest.mark.parametrize("feature", GROUPS)
def test_group_has_its_tools_and_no_others(desk: Desk, feature: str) -> None:
    assert set(ask(desk, feature).tools) == GROUPS[feature]


def test_jobs_and_runs(desk: Desk) -> None:
    counted, broken, wordy = (run_id(desk, job) for job in ("counted", "broken", "wordy"))
    found = ask(
        desk, "dlthub.jobs",
        ("dlthub_workspace_info", {}),
        ("dlthub_list_jobs", {}),
        ("dlthub_get_job", {"job_ref": "jobs.works.wordy"}),
        ("dlthub_list_runs", {"limit": 2}),
        ("dlthub_list_runs", {"job": "jobs.works.broken"}),
        ("dlthub_get_run", {"run_id": counted}),
        ("dlthub_get_run_result", {"run_id": counted}),
        ("dlthub_get_run_trace", {"run_id": counted}),
        ("dlthub_list_jobs", {"archived": True}),
        ("dlthub_list_runs", {"limit": 2, "offset": 2}),
    )  # fmt: skip
    info, jobs, job, newest, of_job, run, result, trace, archived, rest = (one.value for one in found.answers)

    assert (info["name"], info["organization_name"], info["dataplane_id"]) == ("works", "orchard", "eu1")
    assert (info["caller_email"], info["caller_role"]) == (desk.person.email, "owner")
    assert [one["email"] for one in info["members"]] == [desk.person.email]
    assert info["dashboard_url"].startswith(desk.person.platform.control_plane)
    assert {one["job_ref"] for one in jobs} >= {"jobs.works.counted", "jobs.works.wordy"}
    assert job["job_ref"] == "jobs.works.wordy"
    assert job["next_scheduled_run_at"] is not None
    assert [one["id"] for one in newest] == [wordy, broken], "newest first"
    assert [(one["id"], one["status"]) for one in of_job] == [(broken, "failed")]
    assert (run["number"], run["status"], run["trigger"]) == (1, "completed", "manual:jobs.works.counted")
    assert run["pipeline_run_summaries"][0]["pipeline_name"] == "numbers"
    assert result["result"] == {"rows": 3}
    assert "count" in json.dumps(trace)
    assert archived == []
    assert [one["id"] for one in rest] == [counted]


def test_errors_say_what_to_make_of_them(desk: Desk) -> None:
    wordy = run_id(desk, "wordy")
    found = ask(
        desk, "dlthub.jobs",
        ("dlthub_get_run", {"run_id": NOBODY}),
        ("dlthub_get_run", {"run_id": "seven"}),
        ("dlthub_get_job", {"job_ref": "jobs.works.nothing"}),
        ("dlthub_get_run_result", {"run_id": wordy}),
        ("dlthub_get_run_trace", {"run_id": NOBODY}),
        ("dlthub_this_run", {}),
        ("dlthub_this_run", {"run_id": wordy}),
    )  # fmt: skip
    unknown, no_id, no_job, no_result, no_trace, nowhere, named = found.answers

    assert refused(unknown, NOBODY)
    assert refused(no_id, "seven")
    assert refused(no_job, "jobs.works.nothing")
    assert refused(no_result, "declared no result")
    assert refused(no_trace, "declared no result")
    assert refused(nowhere, "not a platform run")
    assert named.value["id"] == wordy


def test_logs(desk: Desk) -> None:
    wordy, broken = run_id(desk, "wordy"), run_id(desk, "broken")
    found = ask(
        desk, "dlthub.logs",
        ("dlthub_get_run_logs", {"run_id": wordy, "max_lines": 5}),
        ("dlthub_get_run_logs", {"run_id": wordy, "max_lines": 5000}),
        ("dlthub_grep_run_logs", {"run_id": wordy, "pattern": r"line \d+ apple", "context": 1}),
        ("dlthub_grep_run_logs", {"run_id": wordy, "pattern": "PEAR", "ignore_case": True, "count_only": True}),
        ("dlthub_grep_run_logs", {"run_id": broken, "pattern": "the orchard is closed", "fixed": True}),
        ("dlthub_grep_run_logs", {"run_id": wordy, "pattern": "("}),
        ("dlthub_get_run_logs", {"run_id": NOBODY}),
    )  # fmt: skip
    tail, whole, apples, pears, why, unusable, unknown = found.answers
    lines = [line["content"] for line in desk.person.stored_log(desk.workspace, wordy)]

    assert tail.value["lines"] == lines[-5:]
    assert tail.value["truncated"] is True
    assert whole.value["lines"] == lines
    assert whole.value["total_lines"] == len(lines)
    assert apples.value["match_count"] == 3
    assert apples.value["matches"][1]["line"] == "line 100 apple"
    assert apples.value["matches"][1]["context_before"] == ["line 99 pear"]
    assert (pears.value["match_count"], pears.value["matches"]) == (LINES - 3, [])
    assert why.value["match_count"] > 0
    assert refused(unusable, "invalid pattern")
    assert refused(unknown, NOBODY)


def test_log_of_a_run_that_goes_on_is_not_there_yet(desk: Desk) -> None:
    assert desk.run("job", "trigger", "endless").code == 0
    wait_until(lambda: desk.runs("jobs.works.endless")[0]["status"] == "running")
    running = run_id(desk, "endless")
    [answer] = ask(desk, "dlthub.logs", ("dlthub_get_run_logs", {"run_id": running})).answers
    assert desk.run("job", "cancel", "endless").code == 0

    assert refused(answer, running)


def test_configuration_without_secrets(desk: Desk) -> None:
    found = ask(
        desk, "dlthub.config",
        ("dlthub_list_variables", {}),
        ("dlthub_list_variables", {"profile": "prod"}),
        ("dlthub_list_variables", {"workspace_scope": True}),
        ("dlthub_get_configuration_files", {}),
        ("dlthub_get_configuration_files", {"version": 1}),
        ("dlthub_get_configuration_files", {"version": 77}),
    )  # fmt: skip
    everything, of_profile, of_workspace, files, first, unknown = found.answers

    assert SECRET not in json.dumps(found.answers, default=str)
    assert {scope["profile"] for scope in everything.value} >= {None, "prod"}
    assert [(one["name"], one["secret"], one["value"]) for one in of_profile.value[0]["variables"]] == [
        ("API__TOKEN", True, None)
    ]
    assert [(one["name"], one["value"]) for one in of_workspace.value[0]["variables"]] == [("HARBOUR", "calm")]
    assert {"prod.config.toml", "prod.secrets.toml"} <= {one["relative_path"] for one in files.value["files"]}
    assert "prod" in files.value["profiles"]
    assert first.value["id"] == files.value["id"]
    assert refused(unknown, "77")


def test_telemetry(desk: Desk) -> None:
    counted = run_id(desk, "counted")
    found = ask(
        desk, "dlthub.telemetry",
        ("dlthub_telemetry_status", {}),
        ("dlthub_list_pipeline_runs", {}),
        ("dlthub_list_pipeline_runs", {"run_id": counted}),
        ("dlthub_list_pipeline_runs", {"status": "failed", "pipeline_name": "faulty"}),
        ("dlthub_list_pipeline_runs", {"dataset": "digits", "destination": "duckdb"}),
        ("dlthub_list_pipeline_runs", {"empty_only": True, "pipeline_name": "numbers"}),
        ("dlthub_list_pipelines", {}),
        ("dlthub_list_pipelines", {"status": "failed"}),
        ("dlthub_list_datasets", {"dataset_name": "digits"}),
        ("dlthub_get_pipeline_run", {"pipeline_run_id": NOBODY}),
        ("dlthub_get_pipeline_run_trace", {"pipeline_run_id": NOBODY}),
    )  # fmt: skip
    status, runs, of_run, failed, of_dataset, empty, pipelines, bad, datasets, unknown, untraced = found.answers

    assert status.value["reporting"] is True
    assert sorted(one["pipeline_name"] for one in runs.value) == ["faulty", "numbers"]
    assert [(one["pipeline_name"], one["total_rows_loaded"]) for one in of_run.value] == [("numbers", 3)]
    assert [(one["status"], one["error_step"]) for one in failed.value] == [("failed", "extract")]
    assert [one["dataset_name"] for one in of_dataset.value] == ["digits"]
    assert empty.value == []
    assert {one["pipeline_name"]: one["success_ratio"] for one in pipelines.value} == {"numbers": 1.0, "faulty": 0.0}
    assert [one["pipeline_name"] for one in bad.value] == ["faulty"]
    assert [(one["dataset_name"], one["total_rows_loaded"]) for one in datasets.value] == [("digits", 3)]
    assert refused(unknown, NOBODY)
    assert refused(untraced, NOBODY)


def test_pipeline_run_and_its_trace(desk: Desk) -> None:
    [listed] = ask(desk, "dlthub.telemetry", ("dlthub_list_pipeline_runs", {})).answers
    ids = {one["pipeline_name"]: one["id"] for one in listed.value}
    found = ask(
        desk, "dlthub.telemetry",
        ("dlthub_get_pipeline_run", {"pipeline_run_id": ids["numbers"]}),
        ("dlthub_get_pipeline_run_trace", {"pipeline_run_id": ids["faulty"]}),
        (
            "dlthub_get_pipeline_run_trace",
            {"pipeline_run_id": ids["numbers"], "detail": "full", "step": "load", "max_chars": 200_000},
        ),
        ("dlthub_get_pipeline_run_trace", {"pipeline_run_id": ids["numbers"], "detail": "config", "max_chars": 40}),
    )  # fmt: skip
    run, failure, load, cut = (one.value for one in found.answers)

    assert "digit" in {table["table_name"] for table in run["tables"]}
    assert len(run["load_packages"]) == 1
    assert "the orchard is closed" in failure["trace"]
    assert [step["step"] for step in json.loads(load["trace"])["steps"]] == ["load"]
    assert (cut["truncated"], len(cut["trace"])) == (True, 40)


def test_pipelines_are_restored_from_where_they_were_loaded(desk: Desk) -> None:
    loaded = data_folder(desk.person.platform.home, desk.workspace)
    here = desk.folder / ".dlt" / "data" / "dev"
    shutil.copytree(loaded, here, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.wal"))
    desk.person.client.own(desk.folder)
    counted, wordy = run_id(desk, "counted"), run_id(desk, "wordy")
    found = ask(
        desk, "dlthub.restore_pipeline",
        ("dlthub_restore_pipeline_from_run", {"run_id": counted}),
        ("dlthub_restore_pipeline", {"pipeline_name": "numbers"}),
        ("dlthub_restore_pipeline_from_run", {"run_id": counted, "pipeline_name": "other"}),
        ("dlthub_restore_pipeline_from_run", {"run_id": wordy}),
        ("dlthub_restore_pipeline", {"pipeline_name": "nothing"}),
    )  # fmt: skip
    of_run, by_name, other, none, nothing = found.answers

    for restored in (of_run.value, by_name.value):
        assert (restored["pipeline_name"], restored["dataset"]) == ("numbers", "digits")
        assert "numbers" in restored["schema_names"]
    assert refused(other, "numbers", "other")
    assert refused(none, "executed no pipelines")
    assert refused(nothing, "no run of pipeline 'nothing'")


@pytest.mark.parametrize(("transport", "is_short"), [("http", False), ("sse", False), ("stdio", True), ("sse", True)])
def test_other_transports_and_the_short_form_answer_alike(desk: Desk, transport: Transport, is_short: bool) -> None:
    found = ask(desk, "dlthub.jobs", ("dlthub_list_jobs", {"limit": 1}), transport=transport, is_short=is_short)

    assert set(found.tools) == GROUPS["dlthub.jobs"]
    assert len(found.answers[0].value) == 1


def test_access_that_was_not_granted_has_no_tools(desk: Desk) -> None:
    none = ask(desk, "dlthub.logs", words=["--access", "data:read"])
    some = ask(desk, "dlthub.logs", words=["--access", "context:read"], is_short=True)

    assert list(none.tools) == []
    assert set(some.tools) == GROUPS["dlthub.logs"]


def test_local_groups_are_served_beside_ours(desk: Desk) -> None:
    features = ["dlthub.jobs", "workspace", "pipeline", "secrets", "toolkit", "context"]
    found = McpClient(desk.person.client, desk.folder, features).ask(
        ("get_workspace_info", {}), ("list_profiles", {}), ("secrets_list", {})
    )

    assert set(found.tools) > GROUPS["dlthub.jobs"] | {"list_pipelines", "list_tables", "search_dlthub_sources"}
    assert not [one.said for one in found.answers if one.is_error]


def test_viewer_reads_runs_and_no_variables(desk: Desk) -> None:
    viewer = {"RUNTIME__API_KEY": desk.person.make_workspace_key(desk.workspace, "viewer")}
    wordy = run_id(desk, "wordy")
    found = ask(
        desk, "dlthub.config", ("dlthub_list_variables", {}), ("dlthub_get_configuration_files", {}), env=viewer
    )
    jobs = ask(desk, "dlthub.jobs", ("dlthub_workspace_info", {}), ("dlthub_get_run", {"run_id": wordy}), env=viewer)

    assert refused(found.answers[0], "[")
    assert found.answers[1].value["version"] == 1
    assert jobs.answers[0].value["caller_role"] == "viewer"
    assert jobs.answers[1].value["id"] == wordy


def test_wrong_key_and_foreign_workspace(installation: Installation, desk: Desk) -> None:
    stranger = installation.add_person("stranger@example.org")
    calls = (("dlthub_list_jobs", {}),)
    [wrong] = ask(desk, "dlthub.jobs", *calls, env={"RUNTIME__API_KEY": "dlt_u_wrong"}).answers
    [foreign] = ask(desk, "dlthub.jobs", *calls, env=stranger.by_key).answers
    [missing] = ask(desk, "dlthub.jobs", *calls, env={"RUNTIME__WORKSPACE_ID": NOBODY}).answers

    assert refused(wrong, "was refused and nothing here can renew it")
    assert refused(foreign, desk.workspace["id"])
    assert refused(missing, NOBODY)
