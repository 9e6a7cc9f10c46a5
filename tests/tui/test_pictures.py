"""How every screen looks at the two sizes that count."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.fakes.installation import NOW, identifier, stamp

from dlthub_tui.session.doctoring import Finding

pytestmark = [pytest.mark.anyio]
SIZES = [(80, 24), (120, 40)]
Compare = Callable[[Any, str], Awaitable[None]]

WORKSPACE = ("tab", "down", "enter")
SCREENS: dict[str, tuple[tuple[str, ...], str]] = {
    "home": ((), "Needs you"),
    "jobs": (WORKSPACE, "ingest.load_orders"),
    "jobs-filtered": ((*WORKSPACE, "slash", *"fail"), "transform.orders_daily"),
    "jobs-marked": ((*WORKSPACE, "space", "space"), "2 marked"),
    "runs": ((*WORKSPACE, "2"), "transform.orders_daily"),
    "deployments": ((*WORKSPACE, "3"), "Version 12 is what runs"),
    "version-files": ((*WORKSPACE, "3", "enter"), "orders.py"),
    "version-difference": ((*WORKSPACE, "3", "space", "space"), "by digest"),
    "version-roll-back": ((*WORKSPACE, "3", "j", "j", "R"), "Roll back to version"),
    "variables": ((*WORKSPACE, "4"), "DESTINATION__DUCKDB__PATH"),
    "variable-add": ((*WORKSPACE, "4", "a", *"API"), "New variable"),
    "platform": (("9", "j"), "Fingerprint"),
    "platform-region": (("9", "tab"), "last used 2 h ago"),
    "environments": (("9", "tab", "enter"), "3 environments"),
    "pipelines": ((*WORKSPACE, "5"), "orders_pipeline"),
    "pipeline": ((*WORKSPACE, "5", "enter"), "12 runs of orders_pipeline"),
    "pipeline-run": ((*WORKSPACE, "5", "enter", "enter"), "Load packages"),
    "team": ((*WORKSPACE, "6"), "Members"),
    "team-role": ((*WORKSPACE, "6", "j", "enter"), "Role of ben@orchard.example"),
    "team-invite": (
        (*WORKSPACE, "6", "a", *"eve@else.example", "enter", "enter", "enter"),
        "Link for eve@else.example: shown this once",
    ),
    "team-key": ((*WORKSPACE, "6", "G", "enter", *"robot"), "New key"),
    "alerts": ((*WORKSPACE, "7"), "warehouse did not arrive"),
    "alert-add": ((*WORKSPACE, "7", "a"), "New alert"),
    "alert-messages": ((*WORKSPACE, "7", "l"), "held back"),
    "alert-mail-server": ((*WORKSPACE, "7", "m"), "Mail server of the workspace"),
    "alert-delete": ((*WORKSPACE, "7", "D"), "Delete fruitshop?"),
    "job": ((*WORKSPACE, "enter"), "History"),
    "definition": ((*WORKSPACE, "enter", "v"), "entry_point"),
    "backfills": ((*WORKSPACE, "enter", "b", "j", "enter"), "Slices of 5 Feb"),
    "backfill-add": ((*WORKSPACE, "enter", "B", *"2026-01-01", "enter", "enter", "enter", "enter"), "It would be 31"),
    "run": ((*WORKSPACE, "2", "enter"), "following, 125 lines"),
    "log": ((*WORKSPACE, "2", "l", "k", "k"), "paused"),
    "log-search": ((*WORKSPACE, "2", "l", "slash", *"page", "enter"), "line 3 of 125"),
    "log-masked": ((*WORKSPACE, "2", "l", "m"), "line 121 of 125"),
    "help": ((*WORKSPACE, "question_mark"), "54 of 54 keys"),
    "help-search": ((*WORKSPACE, "question_mark", *"st"), "keys"),
    "command": ((*WORKSPACE, "colon", *"run"), "Commands"),
    "palette": ((*WORKSPACE, "ctrl+p", *"de"), "Palette"),
    "stop": ((*WORKSPACE, "2", "x"), "Stop ingest.load_orders 1041?"),
    "workspace-settings": ((*WORKSPACE, "colon", *"workspace-settings", "enter", "j", "j"), "Settings of fruitshop"),
}


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", SCREENS)
async def test_screen_looks_as_stored(open_app: Any, picture: Compare, name: str, size: tuple[int, int]) -> None:
    keys, sentinel = SCREENS[name]
    async with open_app(size=size) as stage:
        await stage.press(*keys)

        await picture(stage, sentinel)


@pytest.mark.parametrize("theme", ["day", "contrast", "sixteen", "plain"])
async def test_run_in_every_theme_looks_as_stored(open_app: Any, picture: Compare, theme: str) -> None:
    async with open_app(theme=theme) as stage:
        await stage.press(*WORKSPACE, "2", "enter")

        await picture(stage, "following, 125 lines")


async def test_runs_in_ascii_look_as_stored(open_app: Any, picture: Compare) -> None:
    async with open_app(ascii=True) as stage:
        await stage.press(*WORKSPACE, "2", "space")

        await picture(stage, "1 marked")
        assert stage.text.replace("\n", "").isascii()


async def test_read_only_runs_look_as_stored(open_app: Any, picture: Compare) -> None:
    async with open_app(read_only=True) as stage:
        await stage.press(*WORKSPACE, "2")

        await picture(stage, "read-only")


async def test_planes_without_tls_look_as_stored(open_app: Any, picture: Compare) -> None:
    async with open_app() as stage:
        stage.installation.is_insecure = True
        await stage.press("ctrl+r", *WORKSPACE, "2")

        await picture(stage, "no TLS")


async def test_silent_region_looks_as_stored(open_app: Any, picture: Compare) -> None:
    async with open_app() as stage:
        stage.installation.silent.add("eu1")
        await stage.press("ctrl+r", *WORKSPACE, "2")

        await picture(stage, "running?")


async def test_sign_ins_look_as_stored(open_app: Any, picture: Compare) -> None:
    async with open_app() as stage:
        stage.installation.sign_ins.append(waiting())
        await stage.press("ctrl+r")
        await stage.press("g", "enter")

        await picture(stage, "build-box")


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
async def test_choosing_a_region_looks_as_stored(
    open_app: Any, picture: Compare, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlthub_tui.client.installation.time", SimpleNamespace(monotonic=lambda: 0.0))
    async with open_app(size=size) as stage:
        await stage.press("a", *"orchard")

        await stage.until("1 organization here")
        await picture(stage, "What will live where")


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
async def test_locking_a_region_looks_as_stored(
    open_app: Any, picture: Compare, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlthub_tui.client.installation.time", SimpleNamespace(monotonic=lambda: 0.0))
    async with open_app(size=size) as stage:
        await stage.press("a", *"orchard", "enter")
        await stage.until("Type the region to lock it")
        await stage.press(*"eu")

        await picture(stage, "the same six words")


# What a machine is like differs; how it is shown does not.
FINDINGS = (
    Finding(area="machine", subject="system", state="good", detail="Python 3.13.5, Linux 6.18, 2 cores", advice=None),
    Finding(area="machine", subject="builder", state="good", detail="environments are built by /usr/bin/uv",
            advice=None),
    Finding(area="containment", subject="own user", state="warning", detail="all jobs run as this user",
            advice="start the platform as root, so that each workspace's jobs run as a user of their own"),
    Finding(area="containment", subject="bubblewrap", state="off", detail="there (/usr/bin/bwrap), not asked for",
            advice=None),
    Finding(area="home", subject="audit log of us1", state="bad", detail="it does not add up after entry 18,112",
            advice="everything before it is intact; look at who had access to the home since then"),
)  # fmt: skip


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
async def test_doctor_looks_as_stored(
    open_app: Any, picture: Compare, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def examine(_home: Path) -> tuple[Finding, ...]:
        return FINDINGS

    monkeypatch.setattr("dlthub_tui.session.doctoring.examine", examine)
    async with open_app(size=size) as stage:
        await stage.press("exclamation_mark")
        await stage.until("own user")
        await stage.press("j", "j")

        await picture(stage, "5 looked at")


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
async def test_guide_looks_as_stored(open_app: Any, picture: Compare, size: tuple[int, int]) -> None:
    async with open_app(size=size) as stage:
        await stage.press("colon", *"guide", "enter")

        await picture(stage, "Five steps to your first job")
        await stage.press("y")
        await stage.until("Copied the 5 lines.")

        for command in stage.app.clipboard.splitlines():  # a word too many would be refused where it is pasted
            assert "approve" not in command


async def test_folders_look_as_stored(
    open_app: Any, picture: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("lemonade", "shop"):
        (tmp_path / "work" / name).mkdir(parents=True)
    (tmp_path / "work" / "shop" / "__deployment__.py").touch()
    monkeypatch.chdir(tmp_path / "work")
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "d", "ctrl+u")
        await stage.type("./")

        await picture(stage, "declares jobs")


async def test_sign_in_looks_as_stored(open_app: Any, picture: Compare, installation: Any) -> None:
    installation[0].device_code_state, installation[0].device_approved = "refused", False
    async with open_app() as stage:
        await picture(stage, "refused this sign-in")


def waiting() -> dict[str, Any]:
    """A device that waits for approval."""
    return {
        "id": identifier("sign-in"), "requester_address": "10.0.0.7", "client": "dlthub-cli/0.28.7 on build-box",
        "created_at": stamp(NOW), "expires_at": stamp(NOW),
    }  # fmt: skip
