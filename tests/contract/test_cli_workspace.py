"""The released command line connects folders to workspaces, and asks for the region once."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomlkit
from tests.acceptance.installations import Installation, Person

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

ONE_JOB = """
import dlt.hub.run as run

@run.job
def sweep():
    print("swept")
"""


@pytest.fixture(scope="module")
def ada(installation: Installation) -> Person:
    """Signed in; her own organization has no region at first."""
    ada = installation.add_person("ada@example.org")
    ada.sign_in()
    return ada


@pytest.fixture(scope="module")
def bob(installation: Installation) -> Person:
    """An organization in us1."""
    bob = installation.add_person("bob@example.org")
    bob.make_organization("quarry", "us1")
    return bob


def settings(folder: Path) -> dict[str, str]:
    document = tomlkit.parse((folder / ".dlt" / "config.toml").read_text())
    return dict(document["runtime"])  # pyright: ignore[reportArgumentType, reportReturnType]


def organization(person: Person) -> dict[str, object]:
    return person.get("/organizations").json()["items"][0]


def test_region_cannot_be_chosen_without_a_terminal(ada: Person) -> None:
    folder = ada.empty_workspace("pipes")
    done = ada.client.run("--non-interactive", "workspace", "connect", "pipes", "--create", cwd=folder)

    assert done.code == 255, done.text
    assert "Europe" in done.text
    assert "United States" in done.text
    assert "cannot prompt for an organization region" in done.text
    assert organization(ada)["dataplane_id"] is None
    assert "workspace_id" not in (folder / ".dlt" / "config.toml").read_text()


def test_declined_region_changes_nothing(ada: Person) -> None:
    folder = ada.empty_workspace("pipes")
    answers = [("select a region", "0"), (r"cannot be changed\. \[y/N\]", "n")]
    done = ada.client.run_in_pty(["workspace", "connect", "pipes", "--create"], answers, cwd=folder)

    assert done.code != 0, done.text
    assert organization(ada)["dataplane_id"] is None


def test_region_is_asked_for_confirmed_and_kept(installation: Installation, ada: Person) -> None:
    folder = ada.empty_workspace("pipes")
    answers = [("select a region", "0"), (r"set region to 'Europe'\?.*\[y/N\]", "y")]
    done = ada.client.run_in_pty(["workspace", "connect", "pipes", "--create"], answers, cwd=folder)
    second = ada.client.run(
        "--non-interactive", "workspace", "connect", "more", "--create", cwd=ada.empty_workspace("more")
    )
    kept = settings(folder)
    workspace = ada.get(f"/workspaces/{kept['workspace_id']}").json()

    assert done.code == 0, done.text
    assert "Created workspace with id" in done.text
    assert organization(ada)["dataplane_id"] == "eu1"
    assert kept["organization_id"] == organization(ada)["id"]
    assert (workspace["name"], workspace["dataplane_id"]) == ("pipes", "eu1")
    assert workspace["dataplane_url"] == installation.platform.data_planes["eu1"]
    assert (second.code, "Select a region" in second.text) == (0, False), second.text


def test_connect_by_name_finds_the_workspace_again(ada: Person) -> None:
    first = settings(ada.client.home / "pipes")
    folder = ada.empty_workspace("again")
    done = ada.client.run("--non-interactive", "workspace", "connect", "pipes", cwd=folder)
    missing = ada.client.run("--non-interactive", "workspace", "connect", "nowhere", cwd=folder)
    taken = ada.client.run("--non-interactive", "workspace", "connect", "pipes", "--create", cwd=folder)

    assert done.code == 0, done.text
    assert settings(folder) == first
    assert (missing.code, "not found among your owned workspaces" in missing.text) == (255, True), missing.text
    assert (taken.code, "already exists" in taken.text) == (255, True), taken.text


def test_list_shows_own_workspaces_only(ada: Person, bob: Person) -> None:
    bob.make_workspace(str(bob.get("/organizations").json()["items"][0]["id"]), "stones")
    hers = ada.client.run("workspace", "list", cwd=ada.client.home / "pipes")
    his = bob.client.run("workspace", "list", cwd=bob.empty_workspace("stones"), env=bob.by_key)

    assert hers.code == 0, hers.text
    assert "* pipes" in hers.text
    assert "more" in hers.text
    assert "stones" not in hers.text
    assert "stones" in his.text
    assert "pipes" not in his.text


def test_info_before_anything_was_deployed(installation: Installation, ada: Person) -> None:
    folder = ada.client.home / "pipes"
    (folder / "__deployment__.py").write_text(ONE_JOB)
    done = ada.client.run("workspace", "info", cwd=folder)

    assert done.code == 0, done.text
    assert f"User: {ada.email}" in done.text
    assert f"Workspace: pipes {settings(folder)['workspace_id']}" in done.text
    assert f"{installation.platform.control_plane}/w/{settings(folder)['workspace_id']}" in done.text
    assert "No jobs have been run" in done.text
    assert "No deployment has been uploaded" in done.text
    assert "DATA_WRITE: prod" in done.text
    assert "DATA_READ: access" in done.text
    assert "+ sweep" in done.text, "what a deploy would add"


def test_workspace_of_somebody_else_is_not_there(ada: Person, bob: Person) -> None:
    folder = bob.connected(bob.empty_workspace("trespass"), {
        "id": settings(ada.client.home / "pipes")["workspace_id"], "organization_id": organization(bob)["id"],
    })  # fmt: skip
    done = bob.client.run("job", "list", cwd=folder, env=bob.by_key)

    assert done.code == 255, done.text
    assert "Traceback" not in done.text
