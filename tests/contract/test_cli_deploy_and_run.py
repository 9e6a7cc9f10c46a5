"""The released command line deploys the weather workspace and runs its jobs; rows, logs and exit codes are right."""

from __future__ import annotations

import json
import re

import pytest
from tests.acceptance.installations import WEATHER, Desk, Installation
from tests.acceptance.platforms import wait_until
from tests.acceptance.seattle import data_folder, observations, query
from tests.contract.released_client import Outcome

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

SECRET = "heron-lantern-4417-quay-marble"
JOBS = ("broken", "careless", "load", "nightly", "summarize", "dashboard")
ALONE = """
import dlt.hub.run as run

@run.job
def hello():
    print("hello from a file of its own")
    return run.result({"said": "hello"})
"""


def user_lines(said: str) -> list[str]:
    return re.findall(r"^\[ *\d+\] \S+ \[user\] {3}(.*)$", said, re.MULTILINE)


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Desk:
    """The weather workspace, connected to an organization in eu1, not yet deployed."""
    owner = installation.owner
    owner.sign_in()
    workspace = owner.make_workspace(owner.make_organization("orchard", "eu1")["id"], "weather")
    return Desk(owner, workspace, owner.connected(owner.client.copy_workspace(WEATHER), workspace))


@pytest.fixture(scope="module")
def dry(desk: Desk) -> tuple[Outcome, int, int]:
    """A dry run as the very first command, and how many deployments and jobs there were after it."""
    return desk.run("deploy", "--dry-run"), desk.total("deployments"), desk.total("jobs")


@pytest.fixture(scope="module")
def deployed(desk: Desk, dry: tuple[Outcome, int, int]) -> Outcome:
    """The first deploy."""
    assert dry[0].code == 0
    return desk.run("deploy")


@pytest.fixture(scope="module")
def loaded(desk: Desk, deployed: Outcome) -> Outcome:
    """`run load -f`, the environment's build included."""
    assert deployed.code == 0, deployed.text
    return desk.run("run", "load", "-f")


def test_dry_run_is_a_first_command_and_changes_nothing(dry: tuple[Outcome, int, int]) -> None:
    outcome, deployments, jobs = dry

    assert outcome.code == 0, outcome.text
    assert "skipping sync due to dry run" in outcome.text
    assert "6 job(s) found in __deployment__" in outcome.text
    for job in JOBS:
        assert f"+ {job}" in outcome.text
    assert (deployments, jobs) == (0, 0)


def test_deploy_sends_code_configuration_and_jobs(desk: Desk, deployed: Outcome) -> None:
    shown = desk.run("deploy", "--show-manifest")

    assert deployed.code == 0, deployed.text
    assert "Synced changed workspace files" in deployed.text
    assert "Synced changed workspace configuration" in deployed.text
    assert "6 added, 0 updated, 0 archived" in deployed.text
    assert (desk.total("deployments"), desk.total("configurations"), desk.total("jobs")) == (1, 1, 6)
    assert (shown.code, "jobs.weather.load" in shown.text) == (0, True), shown.text


def test_deploy_again_changes_nothing(desk: Desk, deployed: Outcome) -> None:
    again = desk.run("deploy")

    assert deployed.code == 0, deployed.text
    assert again.code == 0, again.text
    assert "Synced" not in again.text
    assert "0 added, 0 updated, 0 archived" in again.text
    assert (desk.total("deployments"), desk.total("configurations"), desk.total("jobs")) == (1, 1, 6)


def test_run_follows_the_log_to_a_good_end(loaded: Outcome) -> None:
    numbers = [int(found) for found in re.findall(r"^\[ *(\d+)\]", loaded.text, re.MULTILINE)]

    assert loaded.code == 0, loaded.text
    assert "[setup]" in loaded.text
    assert "[runner]" not in loaded.text, "the command hides these"
    assert "reading the observations" in user_lines(loaded.text)
    assert "observations: 1461 rows" in user_lines(loaded.text)
    assert "finished with status: completed" in loaded.text
    assert numbers == sorted(set(numbers))


def test_rows_of_the_load_are_those_of_the_data_set(installation: Installation, desk: Desk, loaded: Outcome) -> None:
    database = data_folder(installation.platform.home, desk.workspace) / "seattle_weather.duckdb"
    columns = "day, precipitation_mm, temp_max_c, temp_min_c, wind_ms, weather"
    rows = query(database, f"SELECT {columns} FROM seattle.observations ORDER BY day")

    assert loaded.code == 0, loaded.text
    assert rows == [
        [
            row["date"].replace("/", "-"),
            *(float(row[name]) for name in ("precipitation", "temp_max", "temp_min", "wind")),
            row["weather"],
        ]
        for row in observations()
    ]


def test_success_fires_the_follow_up(installation: Installation, desk: Desk, loaded: Outcome) -> None:
    assert loaded.code == 0, loaded.text
    wait_until(lambda: any(run["status"] == "completed" for run in desk.runs("jobs.weather.summarize")), 120)
    (run,) = desk.runs("jobs.weather.summarize")
    database = data_folder(installation.platform.home, desk.workspace) / "seattle_monthly.duckdb"
    rows = query(database, "SELECT month, precipitation_mm, rainy_days FROM seattle.monthly ORDER BY month")
    january = [row for row in observations() if row["date"].startswith("2012/01/")]

    assert run["trigger"] == "job.success:jobs.weather.load"
    assert run["previous_job_run_id"] == desk.runs("jobs.weather.load")[0]["id"]
    assert len(rows) == 48
    assert rows[0] == [
        "2012-01",
        round(sum(float(row["precipitation"]) for row in january), 1),
        sum(row["weather"] == "rain" for row in january),
    ]


def test_failing_job_exits_1_with_its_traceback(desk: Desk, loaded: Outcome) -> None:
    assert loaded.code == 0, loaded.text
    done = desk.run("run", "broken", "-f")
    lines = user_lines(done.text)

    assert done.code == 1, done.text
    assert "Traceback (most recent call last):" in lines
    assert any(line.strip() == "return date(year, month, day)" for line in lines)
    assert lines[-1] == "ValueError: month must be in 1..12"
    assert "finished with status: failed" in done.text


def test_printed_secret_is_masked_everywhere(desk: Desk, loaded: Outcome) -> None:
    assert loaded.code == 0, loaded.text
    done = desk.run("run", "careless", "-f")
    (run,) = desk.runs("jobs.housekeeping.careless")
    stored = desk.person.stored_log(desk.workspace, run["id"])
    replayed = desk.run("job", "logs", "careless")

    assert done.code == 0, done.text
    assert SECRET not in done.text + replayed.text + json.dumps(stored)
    mask = "Authorization: Bearer [masked:JOBS__HOUSEKEEPING__CARELESS__API_TOKEN]"
    assert mask in user_lines(done.text)
    assert user_lines(replayed.text) == user_lines(done.text)
    assert "the token has 30 characters" in user_lines(done.text), "the job had the real one"


def test_file_of_its_own_runs_and_archives_nothing(desk: Desk, loaded: Outcome) -> None:
    assert loaded.code == 0, loaded.text
    (desk.folder / "alone.py").write_text(ALONE)
    done = desk.run("run", "alone.py", "-f")
    listed = desk.run("job", "list")

    assert done.code == 0, done.text
    assert "hello from a file of its own" in user_lines(done.text)
    assert "alone.hello" in listed.text
    for job in ("weather.load", "housekeeping.nightly"):
        assert job in listed.text


def test_jobs_are_listed_selected_and_shown(desk: Desk, loaded: Outcome) -> None:
    assert loaded.code == 0, loaded.text
    listed = desk.run("job", "list")
    tagged = desk.run("job", "list", "tag:ingest")
    shown = desk.run("job", "info", "load")
    missing = desk.run("job", "info", "nothing")

    assert "schedule:0 3 * * *" in listed.text
    assert "weather.load" in tagged.text
    assert "housekeeping" not in tagged.text
    assert (shown.code, "weather.load" in shown.text) == (0, True), shown.text
    assert (missing.code, "not found" in missing.text) == (255, True), missing.text


def test_runs_are_listed_shown_and_answer_results(desk: Desk, loaded: Outcome) -> None:
    assert loaded.code == 0, loaded.text
    listed = desk.run("job", "runs", "list", "load")
    running = desk.run("job", "runs", "list", "--running")
    shown = desk.run("job", "runs", "info", "load")
    result = desk.run("job", "runs", "result", "load", "--json")
    payload = desk.run("job", "runs", "result", "load", "--only-payload")

    assert re.search(r"weather\.load +1 +completed", listed.text), listed.text
    assert running.code == 0, running.text
    assert (shown.code, "completed" in shown.text) == (0, True), shown.text
    assert json.loads(result.stdout)["type"] == "job.row_counts"
    assert json.loads(result.stdout)["result"] == {"rows": 1461}
    assert json.loads(payload.stdout) == {"rows": 1461}


def test_stored_log_is_the_one_that_was_followed(desk: Desk, loaded: Outcome) -> None:
    latest = desk.run("job", "logs", "load")
    first = desk.run("job", "logs", "load", "1")

    assert latest.code == 0, latest.text
    assert user_lines(latest.text) == user_lines(loaded.text)
    assert first.stdout == latest.stdout


def test_versions_are_listed_and_shown(desk: Desk, loaded: Outcome) -> None:
    assert loaded.code == 0, loaded.text
    listed = desk.run("workspace", "deployment", "list")
    shown = desk.run("workspace", "deployment", "info")
    first = desk.run("workspace", "deployment", "1", "info")
    configurations = desk.run("workspace", "configuration", "list")
    info = desk.run("workspace", "info")

    for done in (listed, shown, first, configurations, info):
        assert done.code == 0, done.text
    content_hash = desk.person.get(f"/workspaces/{desk.workspace['id']}/deployments", version=1).json()["items"][0][
        "content_hash"
    ]
    assert content_hash[:8] in first.text
    assert "prod" in configurations.text
    assert "Current deployment version" in info.text


def test_dropped_job_is_archived_and_comes_back(desk: Desk, loaded: Outcome) -> None:
    assert loaded.code == 0, loaded.text
    place = desk.folder / "__deployment__.py"
    whole = place.read_text()
    before = desk.person.get(f"/workspaces/{desk.workspace['id']}/jobs", ref="jobs.housekeeping.nightly").json()
    place.write_text(whole.replace("broken, careless, nightly", "broken, careless").replace('"nightly", ', ""))
    dropped = desk.run("deploy")
    listed = desk.run("job", "list")
    archived = desk.run("job", "list", "--archived")
    place.write_text(whole)
    back = desk.run("deploy")
    after = desk.person.get(f"/workspaces/{desk.workspace['id']}/jobs", ref="jobs.housekeeping.nightly").json()

    assert dropped.code == 0, dropped.text
    assert "0 added, 0 updated, 1 archived" in dropped.text
    assert "housekeeping.nightly" not in listed.text
    assert "housekeeping.nightly" in archived.text
    assert back.code == 0, back.text
    assert after["items"][0]["id"] == before["items"][0]["id"]
    assert after["items"][0]["is_archived"] is False


def test_broken_deployment_file_is_refused_by_the_client_and_leaves_jobs_alone(desk: Desk, loaded: Outcome) -> None:
    assert loaded.code == 0, loaded.text
    place = desk.folder / "__deployment__.py"
    whole, jobs = place.read_text(), desk.total("jobs")
    place.write_text("import nowhere_to_be_found\n")
    done = desk.run("deploy")
    place.write_text(whole)

    assert done.code == 255, done.text
    assert "nowhere_to_be_found" in done.text
    assert desk.total("jobs") == jobs
