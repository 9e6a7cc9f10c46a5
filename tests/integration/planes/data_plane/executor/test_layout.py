"""Run folders on a real disk: what is laid out, handed over and left behind."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.fakes.workspaces import open_folder

from planes.data_plane.executor.environments import Unreachable
from planes.data_plane.executor.layout import Owner, RunPlace, WorkspacePlace, files_of_profile

UID = 70_321
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="switches the uid")
CONFIGURATION = {
    "config.toml": b"a = 1\n",
    "secrets.toml": b"b = 2\n",
    "prod.secrets.toml": b"c = 3\n",
    "access.secrets.toml": b"d = 4\n",
}


@pytest.fixture
def plane() -> Generator[Path]:
    with open_folder("plane-") as folder:
        yield folder


def workspace_in(plane: Path) -> WorkspacePlace:
    return WorkspacePlace(plane=plane, organization_id="organization", workspace_id="workspace")


def furnished(plane: Path, owner: Owner) -> RunPlace:
    workspace = workspace_in(plane)
    workspace.prepare("prod", owner)
    run = workspace.run("run")
    run.begin(owner)
    (run.work / "job.py").write_text("print('x')")
    run.lay_out_settings("prod", workspace.data("prod"))
    run.furnish(CONFIGURATION, "prod")
    run.hand_over(owner)
    return run


def test_only_base_files_and_those_of_the_profile_are_given() -> None:
    assert files_of_profile(CONFIGURATION, "prod") == ["config.toml", "prod.secrets.toml", "secrets.toml"]


def test_work_folder_looks_as_dlt_expects(plane: Path) -> None:
    run = furnished(plane, Owner(None))

    settings = run.work / ".dlt"
    assert (settings / ".workspace").read_bytes() == b""
    assert stat.S_IMODE((settings / "secrets.toml").stat().st_mode) == 0o400
    assert not (settings / "access.secrets.toml").exists()
    assert (settings / "data" / "prod").resolve() == workspace_in(plane).data("prod").resolve()
    assert (run.work / "_local" / "prod").resolve() == workspace_in(plane).data("prod").resolve()
    assert (settings / "state" / "prod").is_dir()


@pytest.mark.parametrize("brought", ["_local", "_local/prod", "_local/prod/kept.duckdb"])
def test_what_the_archive_has_where_older_dlt_keeps_data_stays(plane: Path, brought: str) -> None:
    workspace = workspace_in(plane)
    workspace.prepare("prod", Owner(None))
    run = workspace.run("run")
    run.begin(Owner(None))
    (run.work / brought).parent.mkdir(parents=True, exist_ok=True)
    (run.work / brought).write_text("kept")

    run.lay_out_settings("prod", workspace.data("prod"))

    assert (run.work / brought).read_text() == "kept"
    assert not list(workspace.data("prod").iterdir())


def test_laying_out_twice_gives_the_same(plane: Path) -> None:
    furnished(plane, Owner(None))

    run = furnished(plane, Owner(None))

    assert (run.work / ".dlt" / "prod.secrets.toml").read_bytes() == b"c = 3\n"


def test_links_in_an_archive_do_not_lead_the_platform_outside(plane: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "data" / "prod").mkdir(parents=True)
    (outside / "secrets.toml").write_text("kept")
    workspace = workspace_in(plane)
    workspace.prepare("prod", Owner(None))
    run = workspace.run("run")
    run.begin(Owner(None))
    (run.work / ".dlt").symlink_to(outside)

    run.lay_out_settings("prod", workspace.data("prod"))
    run.furnish(CONFIGURATION, "prod")

    assert (outside / "secrets.toml").read_text() == "kept"
    assert not (run.work / ".dlt").is_symlink()


def test_removing_configuration_follows_no_link(plane: Path, tmp_path: Path) -> None:
    run = furnished(plane, Owner(None))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept.toml").write_text("kept")
    (run.work / ".dlt").rename(run.work / "moved")
    (run.work / ".dlt").symlink_to(outside)

    run.remove_configuration()

    assert (outside / "kept.toml").exists()


def test_configuration_is_gone_and_the_rest_is_kept(plane: Path) -> None:
    run = furnished(plane, Owner(None))

    run.remove_configuration()
    run.remove_configuration()

    assert sorted(path.name for path in (run.work / ".dlt").iterdir()) == [
        ".workspace",
        "artifacts",
        "data",
        "home",
        "state",
        "tmp",
    ]
    assert (run.work / "job.py").exists()


def test_removing_the_work_folder_keeps_the_data(plane: Path) -> None:
    run = furnished(plane, Owner(None))
    (run.work / ".dlt" / "data" / "prod" / "rows.duckdb").write_text("rows")
    (run.work / "closed").mkdir(mode=0o000)

    run.remove_work()
    run.remove_work()

    assert not run.work.exists()
    assert (workspace_in(plane).data("prod") / "rows.duckdb").read_text() == "rows"


def test_a_work_folder_that_its_job_closed_is_out_of_its_place_at_once(plane: Path) -> None:
    run = furnished(plane, Owner(None))
    run.left.mkdir()
    (run.left / "of an earlier attempt").touch()
    run.work.chmod(0o000)

    run.set_work_aside()

    assert not run.work.exists()
    assert run.left.is_dir()
    run.remove_work()
    assert not run.left.exists()


class Watching:
    """Stands for an owner, and notes in which order paths become its."""

    uid = UID

    def __init__(self) -> None:
        self.taken: list[Path] = []

    def take(self, path: Path) -> None:
        self.taken.append(path)


def test_work_folder_is_closed_until_all_in_it_is_handed_over(plane: Path) -> None:
    """Another run of the same uid could else put a link into a folder that is already its."""
    run = furnished(plane, Owner(None))
    (run.work / "package" / "deep").mkdir(parents=True)
    (run.work / "package" / "deep" / "module.py").touch()
    owner = Watching()

    run.hand_over(owner)  # pyright: ignore[reportArgumentType]

    places = {path: number for number, path in enumerate(owner.taken)}
    assert owner.taken[-1] == run.work
    assert set(places) == {run.work, *run.work.rglob("*")}
    assert all(places[path] < places[path.parent] for path in places if path != run.work)


@as_root
def test_job_owns_its_work_folder_and_passes_through_the_rest(plane: Path) -> None:
    (plane / "region.db").write_text("x")
    (plane / "region.db").chmod(0o644)
    plane.chmod(0o700)

    run = furnished(plane, Owner(UID))

    assert {path.lstat().st_uid for path in (run.work, *run.work.rglob("*"))} == {UID}
    for own in (run.work, run.home, run.temporary, workspace_in(plane).data("prod")):
        assert stat.S_IMODE(own.stat().st_mode) == 0o700, "open to jobs of other workspaces"
    assert stat.S_IMODE((plane / "region.db").stat().st_mode) == 0o600
    listed = subprocess.run(
        ["cat", run.work / ".dlt" / "secrets.toml"], user=UID, group=UID, extra_groups=[], check=False
    )
    assert listed.returncode == 0
    for closed in (plane, run.root, workspace_in(plane).root):
        shown = subprocess.run(
            ["ls", closed],
            user=UID,
            group=UID,
            extra_groups=[],
            check=False,
            capture_output=True,
            env={"PATH": "/usr/bin:/bin"},
        )
        assert shown.returncode != 0


@as_root
def test_closed_home_is_named(plane: Path) -> None:
    home = plane / "home"
    (home / "data").mkdir(parents=True)
    home.chmod(0o700)

    with pytest.raises(Unreachable, match="home is closed to uid"):
        workspace_in(home / "data").prepare("prod", Owner(UID))
