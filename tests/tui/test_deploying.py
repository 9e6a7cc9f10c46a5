"""Deploying a folder: what would change, sending it with its progress, the receipt, and stopping."""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dlthub_tui.client.errors import NotReachable
from dlthub_tui.screens.workspace.deploy import DeployScreen

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

Compare = Callable[[Any, str], Awaitable[None]]
JOBS = """\
\"\"\"Two jobs.\"\"\"
import dlt.hub.run as run


@run.job(trigger="schedule:0 3 * * *")
def nightly() -> None:
    \"\"\"Counts at night.\"\"\"
"""


@pytest.fixture
def bare_workspace(tmp_path: Path) -> Path:
    """A folder that declares one job."""
    folder = tmp_path / "shop"
    (folder / ".dlt").mkdir(parents=True)
    (folder / "__deployment__.py").write_text(
        "import jobs_mod\nfrom jobs_mod import nightly\n\n__all__ = ['nightly']\n"
    )
    (folder / "jobs_mod.py").write_text(JOBS)
    (folder / ".dlt" / "prod.config.toml").write_text("[runtime]\nlog_level = 'INFO'\n")
    (folder / ".dlt" / "config.toml").write_text("")
    return folder


@pytest.fixture
def workspace(bare_workspace: Path) -> Path:
    """The same with an environment that can deploy: to build one takes most of a test's time."""
    (bare_workspace / ".venv").symlink_to(sys.prefix)
    return bare_workspace


async def choose_folder(stage: Any, folder: Path) -> None:
    """From home to a folder that is read."""
    await stage.press("tab", "down", "d")
    await stage.press("ctrl+u")
    await stage.type(str(folder))
    await stage.press("enter")


async def open_difference(stage: Any, folder: Path) -> None:
    """From home to the difference of a folder."""
    await choose_folder(stage, folder)
    await stage.until("Goes to the control plane")


async def test_difference_names_what_leaves_for_where(open_app: Any, workspace: Path) -> None:
    async with open_app() as stage:
        await open_difference(stage, workspace)

        assert "jobs_mod.nightly" in stage.text
        assert "daily at 03:00" in stage.text
        assert "goes to eu1" in stage.text
        for file in ("+ jobs_mod.py", "~ __deployment__.py", "- ingest/orders.py"):
            assert file in stage.text, "against those of the version that runs"
        assert "no file, no value" in stage.text
        assert stage.installation.uploaded == []


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_difference_and_receipt_look_as_stored(
    open_app: Any, picture: Compare, bare_workspace: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(bare_workspace.parent))
    monkeypatch.setattr("dlthub_tui.viewmodel.words.size", lambda _bytes: "480 B")  # compressors differ
    monkeypatch.setattr("dlthub_tui.session.deploys.time", SimpleNamespace(monotonic=lambda: 0.0))
    async with open_app(size=size) as stage:
        await open_difference(stage, Path("~/shop"))
        await picture(stage, "Goes to the control plane")
        await stage.press("enter")
        await picture(stage, "Receipt")


async def test_every_word_for_the_control_plane_can_be_read(open_app: Any, workspace: Path) -> None:
    async with open_app() as stage:
        await open_difference(stage, workspace)
        await stage.press("v")

        assert "description: Counts at night." in stage.text


async def test_deploy_sends_archives_and_shows_the_receipt(open_app: Any, workspace: Path) -> None:
    async with open_app() as stage:
        await open_difference(stage, workspace)
        stage.installation.deployments[-1]["version"] = 13
        await stage.press("enter")
        await stage.until("Receipt")

        assert "deployment 13   2 new" in stage.text
        assert len(stage.installation.uploaded) == 2
        assert stage.posted("deploy")[-1]["dry_run"] is False
        assert stage.posted("deploy")[-1]["deployment_module"] == "__deployment__"
        for step in (
            "✓ Permit          by control, 2 uploads, 10 min",
            "✓ Check in eu1    digests match, archive safe",
        ):
            assert step in stage.text
        assert "created, version 1" in stage.text
        await stage.press("enter")
        await stage.until("[1 Jobs]")


async def test_a_broken_definition_sends_nothing(open_app: Any, workspace: Path) -> None:
    (workspace / "__deployment__.py").write_text("raise RuntimeError('no such table')\n")
    async with open_app() as stage:
        await choose_folder(stage, workspace)
        await stage.until("Nothing was sent.")

        assert "no such table" in stage.text
        assert stage.installation.uploaded == []
        assert stage.posted("deploy") == []


async def test_a_folder_that_is_not_there_is_named_whole(open_app: Any, tmp_path: Path) -> None:
    missing = tmp_path / ("a long name " * 8).strip().replace(" ", "-")
    async with open_app() as stage:
        await choose_folder(stage, missing)
        await stage.until("Nothing was sent. Choose another folder.")

        said = "".join(row.strip() for row in stage.text.splitlines()[2:])
        assert f"✗ {missing}: there is no such folder" in said


async def test_a_refused_upload_says_that_nothing_changed(open_app: Any, workspace: Path) -> None:
    async with open_app() as stage:
        await open_difference(stage, workspace)
        stage.installation.refusals["-upload"] = (413, {"detail": "Request Entity Too Large"})
        await stage.press("enter")
        await stage.until("The jobs are as they were.")

        assert "Request Entity Too Large" in stage.text
        assert [body for body in stage.posted("deploy") if not body["dry_run"]] == []


async def test_a_region_that_falls_silent_midway_is_said_with_what_stays(
    open_app: Any, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut(_permit: Any, _parts: Any, progress: Callable[[int, int], None]) -> str:
        progress(140_000, 214_000)
        raise NotReachable("https://eu1.example", "the connection ended")

    async with open_app() as stage:
        await open_difference(stage, workspace)
        monkeypatch.setattr("dlthub_tui.client.uploads.send", cut)
        await stage.press("enter")
        await stage.until("eu1 went silent at 140 KB of 214 KB.")

        assert "Deployment 12 stays. enter tries again." in stage.text
        assert "✗ Code" in stage.text
        assert [body for body in stage.posted("deploy") if not body["dry_run"]] == []


async def test_what_a_region_stored_otherwise_than_it_was_sent_is_never_run(open_app: Any, workspace: Path) -> None:
    async with open_app() as stage:
        await open_difference(stage, workspace)
        stage.installation.stored_hash = "of something else"
        await stage.press("enter")
        await stage.until("Code: what the region stored is not what was sent.")

        assert [body for body in stage.posted("deploy") if not body["dry_run"]] == []


async def test_what_stays_on_this_machine_is_named(open_app: Any, bare_workspace: Path) -> None:
    (bare_workspace / ".dlt" / "dev.secrets.toml").write_text("")
    (bare_workspace / ".venv").mkdir()
    (bare_workspace / ".venv" / "pyvenv.cfg").write_text("")
    async with open_app() as stage:
        await open_difference(stage, bare_workspace)
        await stage.press("G")
        await stage.until("Stays on this machine")
        assert ".dlt/dev.secrets.toml  .venv/" in stage.text
        assert "by .gitignore, by profile" in stage.text
        await stage.press("l")

        await stage.until("deploy › stays")
        assert "by profile" in stage.text


async def test_escape_stops_reading_and_sends_nothing(open_app: Any, workspace: Path) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "d")
        await stage.press("ctrl+u")
        await stage.type(str(workspace))
        await stage.pilot.press("enter")
        await stage.until("Reading the folder")
        await stage.press("escape")
        await stage.until("Stopped.")

        assert "Nothing was sent." in stage.text
        assert isinstance(stage.app.screen, DeployScreen)
        assert stage.posted("deploy") == []


async def test_packed_files_are_gone_after_leaving(open_app: Any, workspace: Path) -> None:
    async with open_app() as stage:
        await open_difference(stage, workspace)
        screen = stage.app.screen
        assert isinstance(screen, DeployScreen)
        assert screen._difference is not None
        packed = screen._difference.packed.configuration.path
        assert packed.is_file()
        await stage.press("escape")

        assert not packed.exists()


async def test_wide_terminals_show_files_beside_jobs_and_the_receipt_beside_the_steps(
    open_app: Any, workspace: Path
) -> None:
    async with open_app(size=(120, 40)) as stage:
        await open_difference(stage, workspace)
        rule = next(row for row in stage.text.splitlines() if row.startswith("─ Jobs"))
        assert "─ Code ─" in rule
        await stage.press("tab")
        await stage.until("❯ ~ __deployment__.py")
        assert stage.text.count("❯") == 1
        await stage.press("j", "right")
        await stage.until("deploy › ingest/customers.py")
        assert "to be sent  not there" in stage.text
        await stage.press("escape", "enter")
        await stage.until("Receipt")
        assert any("✓ Pack" in row and "─ Receipt ─" in row for row in stage.text.splitlines())

        await stage.pilot.resize_terminal(80, 24)
        await stage.until("─ Receipt ───")


async def test_a_job_is_looked_at_before_and_after(open_app: Any, workspace: Path) -> None:
    async with open_app() as stage:
        await open_difference(stage, workspace)
        await stage.press("l")

        await stage.until("deploy › jobs_mod.nightly")
        assert "description: Counts at night." in stage.text
        await stage.press("escape")
        await stage.until("Goes to the control plane")


async def test_archived_jobs_are_taken_back_from_the_receipt(open_app: Any, workspace: Path) -> None:
    async with open_app() as stage:
        gone = next(job for job in stage.installation.jobs if job["job_ref"] == "jobs.tests.smoke")
        stage.installation.archives = [gone]
        await open_difference(stage, workspace)
        await stage.press("enter")
        await stage.until("u takes 1 archived job back.")
        await stage.press("u")

        await stage.until("Taken back. 1 archived job is back.")
        assert any(path.endswith(f"{gone['id']}/-unarchive") for _, path, _ in stage.installation.requests)


async def test_archived_jobs_are_not_taken_back_after_another_deploy(open_app: Any, workspace: Path) -> None:
    async with open_app() as stage:
        gone = next(job for job in stage.installation.jobs if job["job_ref"] == "jobs.tests.smoke")
        stage.installation.archives = [gone]
        await open_difference(stage, workspace)
        await stage.press("enter")
        await stage.until("u takes 1 archived job back.")
        newest = stage.installation.deployments[-1]
        stage.installation.deployments.append({**newest, "id": "another", "version": newest["version"] + 1})
        await stage.press("u")

        await stage.until(f"Deployment {newest['version'] + 1} came after")
        assert not any(path.endswith("/-unarchive") for _, path, _ in stage.installation.requests)


async def test_versions_say_who_sent_them_where_that_may_be_seen(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "enter", "3")
        assert re.search(r"✓ +12 .* ana@orchard.example", stage.text), stage.text

        stage.installation.refusals["/members"] = (403, {"detail": "Members are for owners.", "code": "not_allowed"})
        await stage.press("ctrl+r")
        assert re.search(r"✓ +12 +2 days ago +\? ", stage.text), stage.text
