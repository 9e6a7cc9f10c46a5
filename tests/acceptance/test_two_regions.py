"""An organization in eu1 and one in us1 at once: both work, and nothing of one is taken or known at the other."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.acceptance.installations import WEATHER, Desk, Installation
from tests.acceptance.seattle import data_folder, query

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

# without the notebook's framework, whose environment takes longest to build
LEAN = "dlt[duckdb]>=1.31,<1.32\nvega_datasets==0.9.0\n"
REGIONS = ("eu1", "us1")


@pytest.fixture(scope="module")
def desks(installation: Installation) -> dict[str, Desk]:
    """One person, organization and weather workspace a region, deployed and run at the same time."""
    desks: dict[str, Desk] = {}
    for region in REGIONS:
        person = installation.add_person(f"{region}@example.org")
        person.sign_in()
        workspace = person.make_workspace(person.make_organization(f"orchard {region}", region)["id"], f"w-{region}")
        folder = person.client.copy_workspace(WEATHER)
        (folder / "requirements.txt").write_text(LEAN)
        desks[region] = Desk(person, workspace, person.connected(folder, workspace))

    def use(desk: Desk) -> list[int]:
        return [desk.run("deploy").code, desk.run("run", "load", "-f", seconds=400).code]

    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(use, desks.values()))
    assert codes == [[0, 0], [0, 0]]
    return desks


def other(region: str) -> str:
    return "us1" if region == "eu1" else "eu1"


def ask(url: str, path: str, token: str, method: str = "GET", **rest: Any) -> httpx.Response:
    return httpx.request(method, f"{url}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=240, **rest)


@pytest.mark.parametrize("region", REGIONS)
def test_rows_are_in_their_region_only(installation: Installation, desks: dict[str, Desk], region: str) -> None:
    desk = desks[region]
    database = data_folder(installation.platform.home, desk.workspace) / "seattle_weather.duckdb"
    elsewhere = installation.platform.home / "data" / other(region)

    assert desk.workspace["dataplane_id"] == region
    assert desk.workspace["dataplane_url"] == installation.platform.data_planes[region]
    assert query(database, "SELECT count(*) FROM seattle.observations") == [[1461]]
    assert not list(elsewhere.rglob(desk.workspace["organization_id"]))
    assert not holding(elsewhere, desk.workspace["id"], desk.workspace["organization_id"])


@pytest.mark.parametrize("region", REGIONS)
def test_token_of_one_region_opens_nothing_at_the_other(
    installation: Installation, desks: dict[str, Desk], region: str
) -> None:
    desk, foreign = desks[region], installation.platform.data_planes[other(region)]
    token = desk.person.region_token(desk.workspace["id"])
    workspace, run = desk.workspace["id"], desk.runs("jobs.weather.load")[0]["id"]
    paths = (
        f"/api/v1/workspaces/{workspace}/variables",
        f"/logs/v1/workspaces/{workspace}/job-runs/{run}/logs",
        f"/logs/v1/workspaces/{workspace}/job-runs/{run}/log-stream",
        f"/telemetry/v1/workspaces/{workspace}/watermark",
        f"/telemetry/v1/workspaces/{workspace}/job-runs/{run}/result",
    )

    for path in paths:
        assert ask(desk.workspace["dataplane_url"], path, token).status_code == 200, path
        refused = ask(foreign, path, token)
        assert (refused.status_code, refused.json()["status_code"]) == (401, 401), path
    patch = {"profile": None, "upserts": [{"name": "X", "type": "plain", "value": "planted"}]}
    assert ask(foreign, paths[0], token, "PATCH", json=patch).status_code == 401


@pytest.mark.parametrize("region", REGIONS)
def test_upload_token_opens_nothing_at_the_other_region(
    installation: Installation, desks: dict[str, Desk], region: str
) -> None:
    desk, foreign = desks[region], installation.platform.data_planes[other(region)]
    issued = desk.person.post(f"/workspaces/{desk.workspace['id']}/configurations/-issue-upload").json()
    path = httpx.URL(issued["upload_url"]).path
    refused = ask(foreign, path, issued["upload_token"], "POST", files={"file": ("configurations.tar.gz", b"x")})

    assert refused.status_code == 401
    assert not holding(installation.platform.home / "data" / other(region), issued["configuration_id"])


@pytest.mark.parametrize("region", REGIONS)
def test_credentials_for_the_control_plane_open_no_region(desks: dict[str, Desk], region: str) -> None:
    desk = desks[region]
    path = f"/api/v1/workspaces/{desk.workspace['id']}/variables"
    session = _session(desk)
    token = desk.person.region_token(desk.workspace["id"])
    at_control = ask(desk.person.platform.control_plane, "/api/v1/organizations", token)

    assert ask(desk.workspace["dataplane_url"], path, session).status_code == 401
    assert ask(desk.workspace["dataplane_url"], path, desk.person.key).status_code == 401
    assert at_control.status_code == 401, "and a region's token opens no control plane"


@pytest.mark.parametrize("region", REGIONS)
def test_people_of_one_organization_do_not_see_the_other(desks: dict[str, Desk], region: str) -> None:
    desk, stranger = desks[region], desks[other(region)].person
    workspace, organization = desk.workspace["id"], desk.workspace["organization_id"]
    run, job = desk.runs("jobs.weather.load")[0], desk.runs("jobs.weather.load")[0]["job"]["id"]
    nothing = "00000000-0000-4000-8000-000000000000"

    for path in (f"/organizations/{organization}", f"/workspaces/{workspace}", f"/workspaces/{workspace}/jobs",
                 f"/workspaces/{workspace}/jobs/{job}", f"/workspaces/{workspace}/job-runs/{run['id']}",
                 f"/workspaces/{workspace}/deployments/latest"):  # fmt: skip
        unknown = path.replace(workspace, nothing).replace(organization, nothing)
        assert stranger.get(path).status_code == 404, path
        assert stranger.get(path).text == stranger.get(unknown).text, path
    token = stranger.post(f"/workspaces/{workspace}/-issue-dataplane-token")
    trigger = stranger.post(f"/workspaces/{workspace}/jobs/-trigger", {"job_ids": [job]})
    assert (token.status_code, trigger.status_code) == (404, 404)


def _session(desk: Desk) -> str:
    for line in desk.person.client.kept_secrets.read_text().splitlines():
        if line.startswith("auth_token"):
            return line.split('"')[1]
    raise AssertionError("no session is kept")


def holding(folder: Path, *words: str) -> list[str]:
    """Files with any of these words in them."""
    patterns = [option for word in words for option in ("-e", word)]
    done = subprocess.run(
        ["grep", "-rlaF", *patterns, str(folder)], check=False, capture_output=True, text=True, timeout=240
    )
    return done.stdout.splitlines()
