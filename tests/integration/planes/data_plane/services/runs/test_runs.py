"""Leased runs in a real region: real uploads, environments, runners and processes; a stand-in control plane."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.leasing import RUN_TOKEN, LeasingControlPlane
from tests.fakes.leftovers import start_ticks
from tests.fakes.workspaces import definition, open_folder, requirements, with_entry_point
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region, until

from planes.data_plane.executor import launching, local
from planes.domain.identifiers import new_id

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SECRET = "s3cr3t-of-the-warehouse"
TOML_SECRET = "toml-password-77"
WAITS = "import sys, time\nprint('started', flush=True)\nwhile True: time.sleep(0.05)\n"


async def test_leased_run_completes_with_its_log(place: RunningRegion) -> None:
    lease, outcome = await place.run("print('hello')\nprint('bye')\n")

    assert outcome == "completed"
    assert await place.lines(lease) == ["hello", "bye"]
    assert place.control.statuses[lease.run_id] == ["starting", "running", "completed"]


async def test_second_run_needs_no_build(place: RunningRegion) -> None:
    files = {"job.py": b"print(1)\n", "requirements.txt": b"dlt\n-r more.txt\n"}
    first, _ = await place.run("", deployment_id=await place.deploy(files))
    second, outcome = await place.run("print(2)\n")

    assert outcome == "completed"
    said = await place.lines(first, "setup")
    assert "(requirements.txt: other files): -r more.txt." in said[0]
    assert said[1:]
    assert await place.lines(second, "setup") == []


async def test_process_gets_exactly_the_named_environment(place: RunningRegion) -> None:
    await place.set_variables(SHARED="workspace", OWN="workspace")
    await place.set_variables(profile="prod", OWN="prod")

    lease, outcome = await place.run("import json, os\nprint(json.dumps(dict(os.environ)))\n")

    assert outcome == "completed"
    environment = json.loads((await place.lines(lease))[0])
    environment.pop("LC_CTYPE", None)  # the interpreter's own, where there is no locale
    assert environment.keys() == {
        "HOME", "OWN", "PATH", "PYTHONUNBUFFERED", "RUNTIME__API_BASE_URL", "RUNTIME__AUTH_TOKEN",
        "RUNTIME__DATAPLANE_BASE_URL", "RUNTIME__DLTHUB_DSN", "RUNTIME__DLTHUB_TELEMETRY", "RUNTIME__ORGANIZATION_ID",
        "RUNTIME__RUN_ID", "RUNTIME__WORKSPACE_ID", "SEND__ARTIFACTS__BUCKET_URL", "SEND__ARTIFACTS__KWARGS",
        "SHARED", "WORKSPACE__PROFILE",
    }  # fmt: skip
    assert environment["OWN"] == "prod"
    assert environment["WORKSPACE__PROFILE"] == "prod"
    assert environment["RUNTIME__RUN_ID"] == lease.run_id
    assert environment["RUNTIME__DLTHUB_TELEMETRY"] == "false"
    assert environment["HOME"].startswith(str(place.run_folder(lease)))


async def test_token_that_comes_with_a_lease_is_not_asked_for_and_not_stored(place: RunningRegion) -> None:
    lease, outcome = await place.run("import os\nprint(len(os.environ['RUNTIME__AUTH_TOKEN']))\n")

    assert (outcome, await place.lines(lease)) == ("completed", [str(len(RUN_TOKEN))])
    assert place.control.tokens_asked_for == []
    stored = [path for path in place.region.folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert stored
    assert not [path for path in stored if RUN_TOKEN.encode() in path.read_bytes()]


async def test_job_finds_its_files_as_dlt_expects_them(place: RunningRegion) -> None:
    configuration = await place.configure(
        {
            "config.toml": b"a = 1\n",
            "secrets.toml": b'b = "base-secret-1"\n',
            "prod.config.toml": b"c = 1\n",
            "access.secrets.toml": b'd = "other-secret-1"\n',
        }
    )
    code = "import os, sys\nprint(sorted(os.listdir('.dlt')))\nprint(oct(os.stat('.dlt/secrets.toml').st_mode)[-3:])\n"

    lease, _ = await place.run(code, configuration_id=configuration)

    listed, mode = await place.lines(lease)
    toml = "'config.toml', 'data', 'home', 'prod.config.toml', 'secrets.toml'"
    assert listed == f"['.workspace', 'artifacts', {toml}, 'state', 'tmp']"
    assert mode == "400"


async def test_data_of_a_profile_outlives_its_runs(place: RunningRegion) -> None:
    await place.run("open('.dlt/data/prod/rows.txt', 'w').write('three')\n")

    lease, _ = await place.run("print(open('.dlt/data/prod/rows.txt').read())\n")

    assert await place.lines(lease) == ["three"]


async def test_nothing_of_the_work_folder_is_left(place: RunningRegion) -> None:
    lease, _ = await place.run("open('left.txt', 'w').write('x')\n")

    assert await place.kept_of(lease) == ["ctl"]


async def test_secrets_are_masked_and_in_no_file_afterwards(place: RunningRegion) -> None:
    await place.set_variables(secret=True, WAREHOUSE=SECRET)
    toml = f'[destination.credentials]\npassword = "{TOML_SECRET}"\n'.encode()
    configuration = await place.configure({"prod.secrets.toml": toml})
    code = (
        "import os, tomllib\n"
        "print('one', os.environ['WAREHOUSE'])\n"
        "print('two', tomllib.load(open('.dlt/prod.secrets.toml', 'rb'))['destination']['credentials']['password'])\n"
        "print('three', os.environ['RUNTIME__DLTHUB_DSN'])\n"
        "print('four', os.environ['RUNTIME__AUTH_TOKEN'])\n"
        "open('dsn', 'w').write(os.environ['RUNTIME__DLTHUB_DSN'])\n"
        "open('.dlt/data/prod/secret', 'w').write(os.environ['RUNTIME__DLTHUB_DSN'].rsplit('/', 1)[1])\n"
    )

    lease, outcome = await place.run(code, configuration_id=configuration)

    assert outcome == "completed"
    kept = place.run_folder(lease).parents[1] / "data" / "prod" / "secret"
    beacon_secret = kept.read_text()
    kept.unlink()
    log = "\n".join(await place.lines(lease, None))
    assert "one [masked:WAREHOUSE]" in log
    assert "two [masked:DESTINATION__CREDENTIALS__PASSWORD]" in log
    assert "three [masked:" in log
    assert "four [masked:" in log
    for value in (SECRET, TOML_SECRET, beacon_secret, RUN_TOKEN):
        assert [path for path in place.region.files_on_disk() if value.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(("refusals", "outcome"), [(1, "completed"), (2, "failed")])
async def test_a_run_that_no_runner_takes_is_tried_again_once(
    place: RunningRegion, monkeypatch: pytest.MonkeyPatch, refusals: int, outcome: str
) -> None:
    """The machine has no process to give."""
    attempts: list[object] = []

    def refuse(server: object, document: bytes, berth: object, _kept: object) -> None:
        attempts.append(server)
        if len(attempts) <= refusals:
            raise launching.RunNotStarted("no runner took the run")
        launching.launch(server, document)  # pyright: ignore[reportArgumentType] - it is what was passed

    monkeypatch.setattr(local, "launch", refuse)

    lease, found = await place.run("print('once')\n")

    assert (found, len(attempts)) == (outcome, 2)
    assert await place.lines(lease) == (["once"] if outcome == "completed" else [])
    if outcome == "failed":
        assert "could not start a process" in "\n".join(await place.lines(lease, "setup"))


async def test_short_secret_is_announced_by_name(place: RunningRegion) -> None:
    configuration = await place.configure({"prod.secrets.toml": b'pin = "1234"\n'})

    lease, outcome = await place.run("print('x')\n", configuration_id=configuration)

    assert outcome == "completed"
    assert await place.lines(lease) == ["x"]
    told = [line for line in await place.lines(lease, None) if "PIN" in line]
    assert len(told) == 1
    assert "not masked" in told[0]
    assert told[0] in await place.lines(lease, "setup")
    assert "1234" not in told[0]


async def test_secrets_that_are_too_many_to_be_masked_start_no_run(place: RunningRegion) -> None:
    listed = "".join(f'key_{number} = "value-{number}"\n' for number in range(1_500))
    await place.set_variables(secret=True, KEYS=json.dumps([f"value-{number}" for number in range(600)]))
    configuration = await place.configure({"prod.secrets.toml": listed.encode()})

    lease, outcome = await place.run("print('x')\n", configuration_id=configuration)

    assert outcome == "failed"
    said = " ".join(await place.lines(lease, "setup"))
    assert "secrets of profile prod are too many" in said
    assert "value-1" not in said


async def test_job_that_dies_at_import_says_why(place: RunningRegion) -> None:
    lease, outcome = await place.run("import no_such_module_here\n")

    assert outcome == "failed"
    assert "ModuleNotFoundError: No module named 'no_such_module_here'" in await place.lines(lease)


async def test_module_missing_from_the_deployment_is_refused(place: RunningRegion) -> None:
    lease, outcome = await place.run("print('x')\n", definition=definition("absent"))

    assert outcome == "failed"
    assert any("has no module 'absent'" in line for line in await place.lines(lease, "setup"))


async def test_installed_module_is_no_module_of_the_deployment(place: RunningRegion) -> None:
    lease, outcome = await place.run("print('x')\n", definition=definition("json"))

    assert outcome == "failed"
    assert any("has no module 'json'" in line for line in await place.lines(lease, "setup"))


async def test_foreign_launcher_is_refused(place: RunningRegion) -> None:
    job = with_entry_point(definition("job"), launcher="http.server")

    lease, outcome = await place.run("print('x')\n", definition=job)

    assert outcome == "failed"
    assert any("'http.server' is not one of dlt's" in line for line in await place.lines(lease, "setup"))
    assert place.control.statuses[lease.run_id] == ["starting", "failed"]


async def test_launcher_missing_from_the_environment_says_so(place: RunningRegion) -> None:
    deployment = await place.deploy({"job.py": b"print('x')\n"}, requirements())

    lease, outcome = await place.run("", deployment_id=deployment)

    assert outcome == "failed"
    assert any("No module named 'dlt'" in line for line in await place.lines(lease))


async def test_unresolvable_requirement_is_read_in_the_log(place: RunningRegion) -> None:
    deployment = await place.deploy({"job.py": b"print('x')\n"}, requirements("dlt", "no-such-package-anywhere==9"))

    lease, outcome = await place.run("", deployment_id=deployment)

    assert outcome == "failed"
    assert any("no-such-package-anywhere" in line for line in await place.lines(lease, "setup"))


async def test_missing_python_is_read_in_the_log(place: RunningRegion) -> None:
    deployment = await place.deploy({"job.py": b"print('x')\n"}, requirements("dlt", python="3.99"))

    lease, outcome = await place.run("", deployment_id=deployment)

    assert outcome == "failed"
    assert any("Python 3.99 is not installed" in line for line in await place.lines(lease, "setup"))


@pytest.mark.parametrize("changes", [{"organization_id": new_id()}, {"workspace_id": new_id()}])
async def test_lease_that_contradicts_the_region_never_starts(place: RunningRegion, changes: dict[str, Any]) -> None:
    deployment, configuration = await place.deploy({"job.py": b"print('x')\n"}), await place.configure()
    values: dict[str, Any] = {
        "organization_id": place.region.organization_id,
        "workspace_id": place.region.workspace_id,
        "deployment_id": deployment,
        "configuration_id": configuration,
        "definition": definition("job"),
        "job_ref": "jobs.job",
    }

    lease = place.control.lease(**{**values, **changes})

    assert await place.control.wait_end(lease) == "failed"
    assert place.control.statuses[lease.run_id] == ["starting", "failed"]


async def test_cancel_ends_the_process(place: RunningRegion) -> None:
    lease = await place.lease(WAITS)
    await place.control.wait_status(lease, "running")

    place.control.cancel(lease)

    assert await place.control.wait_end(lease) == "cancelled"
    assert any("stop requested" in line for line in await place.lines(lease, "runner"))


async def test_time_limit_ends_the_process(place: RunningRegion) -> None:
    lease, outcome = await place.run(WAITS, time_limit_seconds=2, grace_seconds=1)

    assert outcome == "failed"
    assert any("time limit" in line for line in await place.lines(lease, "setup"))


async def test_stale_fence_ends_the_run_in_silence(place: RunningRegion) -> None:
    lease = await place.lease(WAITS)
    await place.control.wait_status(lease, "starting")
    place.control.stale.add(lease.run_id)

    await until((place.run_folder(lease) / "ctl" / "exit.json").exists)

    await until(lambda: place.region.plane.running.runs.active == 0)
    assert place.control.statuses[lease.run_id] == ["starting"]
    assert await place.region.plane.running.runs.leases() == {}


async def test_reports_wait_for_a_control_plane_that_is_away(place: RunningRegion) -> None:
    lease = await place.lease("print('x')\n")
    await place.control.wait_status(lease, "starting")
    place.control.is_away = True
    await until((place.run_folder(lease) / "ctl" / "exit.json").exists)
    await until(lambda: place.region.plane.running.runs.active == 0)
    assert place.control.statuses[lease.run_id] == ["starting"]
    assert await place.region.plane.running.runs.leases() == {lease.run_id: 1}

    place.control.is_away = False

    assert await place.control.wait_end(lease) == "completed"
    assert place.control.statuses[lease.run_id] == ["starting", "running", "completed"]


async def test_what_stands_in_for_the_control_plane_neither_ends_a_run_nor_takes_its_report(
    place: RunningRegion,
) -> None:
    """As a proxy on the way does, and a control plane that takes the call for too old while clocks differ."""
    lease = await place.lease("print('x')\n")
    await place.control.wait_status(lease, "starting")
    place.control.stands_in = [
        (404, "<html><h1>404 Not Found</h1></html>"),
        (400, '{"code": "bad_request", "detail": "This is no HTTP request."}'),
        (401, '{"code": "call_not_authenticated", "detail": "This call is not signed."}'),
    ]
    place.control.is_away = True
    await until(lambda: not place.control.stands_in)

    place.control.is_away = False

    assert await place.control.wait_end(lease) == "completed"
    assert place.control.statuses[lease.run_id] == ["starting", "running", "completed"]


async def test_a_runs_token_that_is_refused_while_clocks_differ_ends_no_run(place: RunningRegion) -> None:
    place.control.hands_out_tokens = False
    place.control.stands_in = [(401, '{"code": "call_not_authenticated", "detail": "This call is not signed."}')] * 99
    place.control.is_away = True
    lease = await place.lease("print('x')\n")
    await until(lambda: lease.run_id in place.control.tokens_asked_for)

    place.control.is_away = False

    assert await place.control.wait_end(lease) == "completed"


async def test_held_leases_are_renewed_by_the_poll(place: RunningRegion) -> None:
    lease = await place.lease(WAITS)
    await place.control.wait_status(lease, "running")

    await until(lambda: any(held.run_id == lease.run_id for poll in place.control.polls for held in poll.held))

    place.control.cancel(lease)
    await place.control.wait_end(lease)


async def test_slots_bound_what_runs_at_once(folder: Path) -> None:
    async with (
        LeasingControlPlane().serving() as control,
        running_region(folder / "eu1", control, slots=1) as place,
    ):
        deployment = await place.deploy({"job.py": WAITS.encode(), "quick.py": b"print('quick')\n"})
        first = await place.lease("", deployment_id=deployment)
        await control.wait_status(first, "running")
        second = await place.lease("", deployment_id=deployment, definition=definition("quick"))
        await until(lambda: any(poll.free_slots == 0 for poll in control.polls))
        assert second.run_id not in control.statuses

        control.cancel(first)

        assert await control.wait_end(second) == "completed"


async def test_run_goes_on_while_the_region_restarts(folder: Path) -> None:
    code = (
        "import os, time\n"
        "print('before', flush=True)\n"
        "while not os.path.exists('.dlt/data/prod/go'): time.sleep(0.02)\n"
        "import colorsys\n"
        "print('after')\n"
    )
    async with LeasingControlPlane().serving() as control:
        async with running_region(folder / "eu1", control) as place:
            lease = await place.lease(code)
            await control.wait_status(lease, "running")
            known = place.region
        assert "completed" not in control.statuses[lease.run_id]
        (place.run_folder(lease).parents[1] / "data" / "prod" / "go").touch()

        async with running_region(folder / "eu1", control, known) as again:
            assert await control.wait_end(lease) == "completed"
            assert await again.lines(lease) == ["before", "after"]
            assert control.statuses[lease.run_id] == ["starting", "running", "completed"]


async def test_run_that_a_test_leaves_ends_with_its_folder() -> None:
    """Its runner outlives the region by design."""
    with open_folder("region-") as folder:
        async with LeasingControlPlane().serving() as control, running_region(folder / "eu1", control) as place:
            lease = await place.lease(WAITS)
            await control.wait_status(lease, "running")
            records = [place.run_folder(lease) / "ctl" / name for name in ("runner.json", "step.json")]
            pids = [json.loads(record.read_bytes())["pid"] for record in records]
        outlives = [start_ticks(pid) is not None for pid in pids]

    assert outlives == [True, True]
    assert [start_ticks(pid) for pid in pids] == [None, None]


async def test_run_that_ended_while_the_region_was_away_is_reported(folder: Path) -> None:
    code = "import os, time\nwhile not os.path.exists('.dlt/data/prod/go'): time.sleep(0.02)\nprint('done')\n"
    async with LeasingControlPlane().serving() as control:
        async with running_region(folder / "eu1", control) as place:
            ended, _ = await place.run("pass\n")
            lease = await place.lease(code)
            await control.wait_status(lease, "running")
            assert await place.kept_of(ended) == ["ctl"]
            known = place.region
        (place.run_folder(lease).parents[1] / "data" / "prod" / "go").touch()
        await until((place.run_folder(lease) / "ctl" / "exit.json").exists)
        (place.run_folder(ended) / "work.left" / "deep").mkdir(parents=True)

        async with running_region(folder / "eu1", control, known) as again:
            assert await control.wait_end(lease) == "completed"
            assert await again.lines(lease) == ["done"]
            assert await again.kept_of(lease) == ["ctl"]
            assert await again.kept_of(ended) == ["ctl"]


@pytest.mark.skipif(os.geteuid() != 0, reason="switches the uid")
async def test_workspaces_run_as_different_uids_and_never_as_root(place: RunningRegion) -> None:
    first, _ = await place.run("import os\nprint(os.getuid())\n")
    lines = await place.lines(first)
    place.region.workspace_id = new_id()
    second, _ = await place.run("import os\nprint(os.getuid())\n")

    uids = {*lines, *(await place.lines(second))}
    assert len(uids) == 2
    assert "0" not in uids


@pytest.mark.skipif(os.geteuid() != 0, reason="switches the uid")
async def test_job_reads_nothing_of_the_platform(place: RunningRegion) -> None:
    folder = place.region.folder
    code = (
        "import os\n"
        f"root = {str(folder)!r}\n"
        "for name in ('region.db', 'identity.key', 'master.key', 'uids.json'):\n"
        "    try: open(os.path.join(root, name)); print('read', name)\n"
        "    except OSError as exc: print(name, exc.strerror)\n"
        "trees = 'orgs/' + os.environ['RUNTIME__ORGANIZATION_ID'] + '/trees'\n"
        "for name in ('.', 'orgs', 'blobs', trees, os.getcwd() + '/../ctl'):\n"
        "    try: print('listed', *os.listdir(os.path.join(root, name)))\n"
        "    except OSError as exc: print(name, exc.strerror)\n"
    )

    lease, outcome = await place.run(code)

    assert outcome == "completed"
    refused = ("Permission denied", "No such file or directory")
    others = [line.split() for line in await place.lines(lease) if not line.endswith(refused)]
    # Where the home lies below /tmp, the job has the way to its own folders, made for it, and nothing beside it.
    assert [
        words for words in others if not {"listed"} < set(words) <= {"listed", "orgs", "tools", lease.organization_id}
    ] == []


async def test_broken_archive_of_a_known_deployment_fails_the_run(place: RunningRegion) -> None:
    deployment = await place.deploy({"job.py": b"print('x')\n"})
    for path in list((place.region.folder / "blobs").rglob("*")):
        if path.is_file() and "deployments" in str(path):
            path.write_bytes(b"broken")
    for tree in (place.region.folder / "orgs").glob("*/trees"):
        for each in tree.iterdir():
            each.rename(each.with_name("gone"))
    place.region.plane.services.code_trees._checked.clear()  # pyright: ignore[reportPrivateUsage]

    lease, outcome = await place.run("", deployment_id=deployment)

    assert outcome == "failed"
    assert await place.lines(lease, "setup")
