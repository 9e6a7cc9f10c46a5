from __future__ import annotations

import functools
from datetime import timedelta

import anyio
import pytest
from tests.fakes.control_stage import Stage, definition

from planes.domain.access import WorkspaceRole
from planes.domain.identifiers import WorkspaceId, new_id
from planes.storage.control.deployments import take_deploy_lock

pytestmark = pytest.mark.anyio


def outcomes(receipt: dict) -> dict[str, str]:
    listed = receipt["job_receipt"]["succeeded"] + receipt["job_receipt"]["skipped"]
    return {item["job"]["job_ref"].rpartition(".")[2]: item["outcome"] for item in listed}


async def test_first_deploy_creates_jobs_with_expanded_triggers(stage: Stage) -> None:
    await stage.upload()

    answer = await stage.deploy(definition("load", "every:1h", expose={"tags": ["ingest"]}))

    assert answer.status_code == 200, answer.text
    job = answer.json()["job_receipt"]["succeeded"][0]["job"]
    assert job["triggers"] == ["every:1h", "tag:ingest", "manual:jobs.jobs.load"]
    assert (job["version"], job["profile"], job["job_url"], job["created_by"]) == (
        1,
        "prod",
        None,
        stage.owner.membership_id,
    )


async def test_same_deploy_again_changes_nothing(stage: Stage) -> None:
    await stage.deployed(definition("load", "every:1h"))

    again = (await stage.deploy(definition("load", "every:1h"))).json()

    assert again["job_receipt"]["succeeded"] == []
    assert outcomes(again) == {"load": "unchanged"}


async def test_changed_definition_makes_a_version_under_the_same_id(stage: Stage) -> None:
    before = await stage.deployed(definition("load"))

    receipt = (await stage.deploy(definition("load", description="now described"))).json()

    entry = receipt["job_receipt"]["succeeded"][0]
    assert entry["outcome"] == "updated"
    assert (entry["job"]["id"], entry["job"]["version"]) == (before["load"], 2)
    assert entry["previous_version"]["version"] == 1


async def test_every_definition_that_a_job_had_is_told_the_newest_first(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", "every:1h"))
    await stage.deployed(definition("load", "every:2h"))
    told = (await stage.own(f"/jobs/{ids['load']}/versions")).json()
    newest = (await stage.own(f"/jobs/{ids['load']}/versions?limit=1")).json()
    unknown = await stage.own(f"/jobs/{new_id()}/versions")

    assert [(each["version"], each["definition"]["triggers"]) for each in told["items"]] == [
        (2, ["every:2h"]), (1, ["every:1h"]),
    ]  # fmt: skip
    assert newest["items"] == told["items"][:1]
    assert unknown.status_code == 404


async def test_module_deploy_archives_only_what_came_from_that_module(stage: Stage) -> None:
    await stage.deployed(definition("load"), definition("report"))
    await stage.deploy(definition("other"), deployment_module="other_module")
    await stage.deploy(definition("adhoc"), deployment_module=None)

    receipt = (await stage.deploy(definition("load"))).json()

    assert outcomes(receipt) == {"report": "archived", "load": "unchanged"}
    live = {item["name"] for item in (await stage.get("/jobs", is_archived="false")).json()["items"]}
    assert live == {"load", "other", "adhoc"}


async def test_job_that_comes_back_is_unarchived_under_its_id(stage: Stage) -> None:
    before = await stage.deployed(definition("load"), definition("report"))
    await stage.deploy(definition("load"))

    receipt = (await stage.deploy(definition("load"), definition("report"))).json()

    entry = receipt["job_receipt"]["succeeded"][0]
    assert (entry["outcome"], entry["job"]["id"], entry["job"]["is_archived"]) == ("updated", before["report"], False)


async def test_ad_hoc_deploy_archives_nothing_and_leaves_description(stage: Stage) -> None:
    await stage.deployed(definition("load"), description="The demo")

    await stage.deploy(definition("single"), deployment_module=None, description=None)

    names = {item["name"]: item["deployment_module"] for item in (await stage.get("/jobs")).json()["items"]}
    assert names == {"load": "__deployment__", "single": None}
    async with stage.parts.database.reading() as connection:
        from planes.storage.control.workspaces import find_workspace

        workspace = await find_workspace(connection, stage.workspace_id)
    assert workspace is not None
    assert workspace.description == "The demo"


async def test_dry_run_invents_ids_and_writes_nothing(stage: Stage) -> None:
    receipt = (await stage.deploy(definition("load"), dry_run=True)).json()

    assert len(receipt["job_receipt"]["succeeded"][0]["job"]["id"]) == 36
    assert (await stage.get("/jobs")).json()["total"] == 0


async def test_deploy_without_uploads_is_refused(stage: Stage) -> None:
    answer = await stage.deploy(definition("load"))

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_uploaded")


async def test_profile_without_configuration_is_refused_and_nothing_is_written(stage: Stage) -> None:
    await stage.upload(profiles=["prod"])

    answer = await stage.deploy(definition("good"), definition("bad", require={"profile": "staging"}))

    assert (answer.status_code, answer.json()["code"]) == (400, "profile_not_configured")
    assert answer.json()["extra"][0]["key"] == "jobs[1].require.profile"
    assert answer.json()["extra"][0]["message"].startswith("jobs.jobs.bad: profile 'staging' has no configuration")
    assert (await stage.get("/jobs")).json()["total"] == 0


async def test_a_region_that_a_job_asks_for_is_said_to_have_no_effect(stage: Stage) -> None:
    await stage.upload(profiles=["prod"])

    receipt = (await stage.deploy(definition("here"), definition("there", require={"region": "us-east-1"}))).json()

    assert receipt["warnings"] == [
        "jobs.jobs.there: `require.region` has no effect, its runs stay in the organization's region"
    ]


async def test_a_schedule_that_is_over_is_said_to_start_nothing(stage: Stage) -> None:
    """At each deploy: nothing else tells why the job never starts."""
    past = {"start": "2020-01-01T00:00:00Z", "end": "2020-02-01T00:00:00Z"}
    jobs = [
        definition("over", "schedule:0 * * * *", interval=past),
        definition("goes_on", "schedule:0 * * * *", interval={"start": past["start"]}),
        definition("once", "once:2020-01-01T00:00:00+00:00"),
    ]
    await stage.upload()

    told = [(await stage.deploy(*jobs, dry_run=is_dry)).json()["warnings"] for is_dry in (True, False, False)]

    warning = (
        "jobs.jobs.over: its schedule starts nothing any more since its interval ends at 2020-02-01T00:00:00+00:00; "
        "by hand it loads what is left"
    )
    assert told == [[warning]] * 3


async def test_broken_definition_is_refused_with_every_reason(stage: Stage) -> None:
    await stage.upload()

    answer = await stage.deploy(
        definition("one", "schedule:not a cron"), definition("two", "job.success:jobs.jobs.nobody")
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_job_definition")
    assert len(answer.json()["extra"]) >= 1


async def test_second_of_two_deploys_at_once_is_refused(stage: Stage) -> None:
    await stage.upload()
    codes: list[int] = []

    async def deploy(name: str) -> None:
        jobs = [definition(f"{name}{number}") for number in range(100)]
        codes.append((await stage.deploy(*jobs)).status_code)

    async with anyio.create_task_group() as group:
        for name in ("one", "two", "three"):
            group.start_soon(deploy, name)

    assert sorted(codes) == [200, 409, 409]
    assert (await stage.get("/jobs")).json()["total"] == 100


async def test_deploy_lock_of_a_dead_process_gives_way(stage: Stage) -> None:
    await _lock_by_somebody(stage)

    refused = await stage.deploy(definition("load"))
    stage.clock.advance(seconds=121)
    accepted = await stage.deploy(definition("load"))

    assert (refused.status_code, refused.json()["code"]) == (409, "deploy_in_flight")
    assert accepted.status_code == 200


async def test_deploy_lock_of_a_dead_process_is_free_when_the_next_one_starts(stage: Stage) -> None:
    """On Postgres it may be another control plane's, which goes on."""
    await _lock_by_somebody(stage)

    async with stage.plane.app.router.lifespan_context(stage.plane.app):
        answer = await stage.deploy(definition("load"))

    assert answer.status_code == (200 if stage.parts.database.dialect == "sqlite" else 409)


async def _lock_by_somebody(stage: Stage) -> None:
    await stage.upload()
    now = stage.clock.now()
    async with stage.parts.database.transaction() as connection:
        await take_deploy_lock(
            connection, WorkspaceId(stage.workspace_id), "somebody", now, now + timedelta(seconds=120)
        )


async def test_failed_deploy_gives_the_lock_back(stage: Stage) -> None:
    await stage.upload()

    await stage.deploy(definition("bad", "schedule:nonsense"))
    answer = await stage.deploy(definition("good"))

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        (
            {"inputs": {"properties": {"dsn": {"default": "postgresql://bob:Xk3v9TqLw2Zr@db.example.com/x"}}}},
            "jobs[0].inputs.properties.dsn.default",
        ),
        ({"description": "use AKIAZ7Q5XVNT2WLK4RJP to sign in"}, "jobs[0].description"),
        ({"expose": {"tags": ["AKIAZ7Q5XVNT2WLK4RJP"]}}, "jobs[0].expose.tags[0]"),
        ({"config_keys": ["AKIAZ7Q5XVNT2WLK4RJP"]}, "jobs[0].config_keys[0]"),
        (
            {"description": f"-----BEGIN PRIVATE KEY-----\n{'MIIEvQIBADANBgkqhkiG' * 3}\n-----END PRIVATE KEY-----"},
            "jobs[0].description",
        ),
        ({"description": "charged to 5500005555555559"}, "jobs[0].description"),
    ],
)
async def test_secret_in_a_definition_is_refused_by_its_path_and_never_repeated(
    stage: Stage, changes: dict, path: str
) -> None:
    await stage.upload()

    answer = await stage.deploy(definition("load", **changes))

    assert (answer.status_code, answer.json()["code"]) == (400, "secret_in_definition"), answer.text
    assert [reason["key"] for reason in answer.json()["extra"]] == [path]
    assert "AKIAZ7" not in answer.text
    assert not [word for word in ("Xk3v9TqLw2Zr", "MIIEvQ", "5500005") if word in answer.text]
    assert (await stage.get("/jobs")).json()["total"] == 0


async def test_secret_as_a_key_is_refused_without_the_key(stage: Stage) -> None:
    await stage.upload()

    schema = {"AKIAZ7Q5XVNT2WLK4RJP": {"default": "AKIAZ7Q5XVNT2WLK4RJQ"}}
    answer = await stage.deploy(definition("load", inputs={"properties": schema}))

    assert (answer.status_code, answer.json()["code"]) == (400, "secret_in_definition")
    assert len(answer.json()["extra"]) == 2
    assert "AKIAZ7" not in answer.text


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "nice\u202etxt"},
        {"expose": {"tags": ["zero\u200bwidth"]}},
        {"expose": {"display_name": "two\nlines"}},
        {"deliver": {"pipeline_name": "bell\x07"}},
        {"inputs": {"properties": {"zero\u200bwidth": {"type": "string"}}}},
        {"description": "d" * 4097},
        {"expose": {"display_name": "n" * 1025}},
        {"inputs": {"properties": {f"key{number}": {"title": "t" * 1000} for number in range(70)}}},
        {"inputs": {"properties": {"deep": functools.reduce(lambda inner, _: [inner], range(80), [])}}},
    ],
)
async def test_hidden_characters_and_large_texts_are_refused(stage: Stage, changes: dict) -> None:
    await stage.upload()

    answer = await stage.deploy(definition("load", **changes))

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_job_definition"), answer.text


async def test_description_of_several_lines_is_welcome(stage: Stage) -> None:
    await stage.upload()

    answer = await stage.deploy(definition("load", description="First line.\n\n\tAnd more, über alles."))

    assert answer.status_code == 200, answer.text


async def test_viewer_cannot_deploy_and_a_stranger_sees_nothing(stage: Stage) -> None:
    await stage.upload()
    viewer = await stage.person(WorkspaceRole.VIEWER)
    stranger = await stage.person(None)

    assert (await stage.deploy(definition("load"), by=viewer)).status_code == 403
    assert (await stage.deploy(definition("load"), by=stranger)).status_code == 404


async def test_deployment_trigger_fires_once_for_each_new_thing(stage: Stage) -> None:
    await stage.deployed(definition("load"), definition("warm", "deployment:"))
    first = await stage.runs()
    await stage.finished(first[0]["id"])

    await stage.deploy(definition("load"), definition("warm", "deployment:"))
    unchanged = await stage.runs()
    await stage.upload()
    await stage.deploy(definition("load"), definition("warm", "deployment:"))
    new_code = await stage.runs()

    assert [run["trigger"] for run in first] == ["deployment:"]
    assert (len(unchanged), len(new_code)) == (1, 2)


async def test_interactive_jobs_deploy_and_list(stage: Stage) -> None:
    launcher = "dlt._workspace.deployment.launchers.marimo"
    entry_point = {"module": "notebook", "function": None, "job_type": "interactive", "launcher": launcher}
    ids = await stage.deployed(definition("notebook", "http:", entry_point=entry_point))

    job = (await stage.get(f"/jobs/{ids['notebook']}")).json()

    assert (job["job_type"], job["profile"]) == ("interactive", "access")
    assert job["job_url"] == f"http://127.0.0.1:8400/apps/{stage.workspace_id}/{ids['notebook']}"


@pytest.mark.slow
async def test_thousand_jobs_deploy_and_list_completely(stage: Stage) -> None:
    await stage.upload()
    jobs = [definition(f"job{number}", "schedule:0 3 * * *") for number in range(1000)]

    answer = await stage.deploy(*jobs)
    listed = (await stage.get("/jobs", limit=1000)).json()

    assert answer.status_code == 200, answer.text
    assert listed["total"] == len(listed["items"]) == 1000
    fewer = outcomes((await stage.deploy(*jobs[:500])).json())
    assert sorted(set(fewer.values())) == ["archived", "unchanged"]
    assert list(fewer.values()).count("archived") == 500


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1" * 400])
async def test_numbers_that_json_has_not_are_refused(stage: Stage, number: str) -> None:
    import json

    await stage.upload()
    body = {
        "job_definition_engine_version": 2,
        "job_definition_hash": "h",
        "jobs": [definition("load", inputs={"default": "NUMBER"})],
    }
    content = json.dumps(body).replace('"NUMBER"', number).encode()
    headers = {**stage.owner.headers, "content-type": "application/json"}

    answer = await stage.client.post(stage.path("/-deploy"), content=content, headers=headers)

    assert answer.status_code == 400, answer.text


async def test_data_plane_is_told_which_uploads_are_versions_and_nothing_of_other_regions(stage: Stage) -> None:
    deployment, configuration = await stage.upload()
    asked = {"deployments": [deployment, configuration, new_id()], "configurations": [configuration, new_id()]}

    own = await stage.link("POST", "-find-versions", asked)
    other = await stage.link("POST", "-find-versions", asked, plane="us1")
    too_many = await stage.link("POST", "-find-versions", {"deployments": [new_id()] * 101, "configurations": []})

    assert own.json() == {"deployments": [deployment], "configurations": [configuration]}
    assert other.json() == {"deployments": [], "configurations": []}
    assert too_many.status_code == 400
