"""The main job over real planes: first owner, region lock, deploy, run, and its log with the secret masked."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import anyio
import pytest
from tests.tui.real_planes import (
    BUILD_SECONDS,
    SECRET,
    deploy,
    found_organization,
    make_workspace,
    opened,
    served_platform,
    set_secret,
)

pytestmark = [pytest.mark.anyio, pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(1200)]
JOBS = '''\
"""Prints a secret."""
import os
import time

import dlt.hub.run as run


@run.job(trigger="schedule:0 3 1 1 *")
def careless() -> None:
    """Prints what it should not."""
    print("the key is", os.environ["SHOP__KEY"])
    print("done")


@run.job(trigger="schedule:0 5 1 1 *")
def talks() -> None:
    """Prints lines of every kind over some seconds."""
    for number in range(300):
        print("step", number, "of a long way " + "and on " * 30 if number == 250 else "")
        if number % 100 == 50:
            print("WARNING step", number, "is slow")
            print("the key is", os.environ["SHOP__KEY"])
        if number == 150:
            print("error in step", number, flush=True)
            time.sleep(3)


@run.job(trigger="schedule:0 4 1 1 *")
def broken() -> None:
    """Fails."""
    raise KeyError("customer_id")
'''


@pytest.fixture
def platform() -> Generator[Path]:
    """A platform of its own."""
    with served_platform() as home:
        yield home


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Jobs that need nothing but dlt."""
    return make_workspace(tmp_path / "shop", JOBS, ["broken", "careless", "talks"])


async def in_another_shell(line: str) -> str:
    """What the line prints where nothing is known of the platform."""
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    done = await anyio.run_process(["sh", "-c", line], env=environment, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout.decode()


async def test_main_job_from_first_start_to_a_masked_log(platform: Path, workspace: Path) -> None:
    async with opened(platform) as user:
        await found_organization(user)
        await set_secret(user, "SHOP__KEY", SECRET)
        await deploy(user, workspace)
        await user.until(r"shop_jobs\.careless")

        await user.press("slash", *"careless", "enter", "r")
        await user.until(r"Started shop_jobs\.careless 1")
        await user.press("l")
        await user.until("(✓ completed|✗ failed)", BUILD_SECONDS)
        await user.until(r"the key is \[masked:SHOP__KEY\]")
        assert SECRET not in user.text

        await user.press("escape", "escape", "slash", *"broken", "enter", "r")
        await user.until(r"Started shop_jobs\.broken 1")
        await user.press("l")
        await user.until("✗ failed", BUILD_SECONDS)
        await user.press("e")
        await user.until("KeyError")


async def test_keys_that_jump_in_a_log_do_their_work(platform: Path, workspace: Path) -> None:
    async with opened(platform, (80, 24)) as user:
        await found_organization(user)
        await set_secret(user, "SHOP__KEY", SECRET)
        await deploy(user, workspace)
        await user.until(r"shop_jobs\.talks")
        await user.press("slash", *"talks", "enter", "r", "l")
        await user.until("✓ completed", BUILD_SECONDS)
        await user.until("exit code 0")
        # The sealed total may come a moment after the last line.
        await user.until(r"─ [0-9,]+ lines ─")
        total = re.findall(r"─ ([0-9,]+) lines ─", user.text)[0]

        await user.press("w")
        await user.until(r"warnings 1 of 3")
        await user.press("w")
        await user.until(r"warnings 2 of 3")
        await user.press("W")
        await user.until(r"warnings 1 of 3")
        await user.press("M")
        await user.until("No masked line above")
        await user.press("m", "m")
        await user.until(r"masked 2 of 3")
        await user.press("M")
        await user.until(r"masked 1 of 3")
        await user.press("e")
        await user.until(r"errors 1 of 1")
        await user.press("y")
        line = int(re.findall(r"line ([0-9,]+) of", user.text)[0].replace(",", ""))
        assert user.app.clipboard == f"ana/Playground/shop_jobs.talks/1#{line}"
        await user.press("Y")
        assert user.app.clipboard == f"dlthub-tui logs ana/Playground/shop_jobs.talks/1 --home {platform}"
        printed = await in_another_shell(user.app.clipboard)
        assert printed.count("the key is [masked:SHOP__KEY]") == 3

        await user.press("right_curly_bracket")
        await user.until(f"line {total} of {total}")
        await user.until("No line is later")
        await user.press("left_curly_bracket")
        await user.until(f"line 1 of {total}")
        await user.press("greater_than_sign")
        await user.until(f"line (?!1 of)[0-9,]+ of {total}")
        await user.press("less_than_sign")
        await user.until(f"line 1 of {total}")
        await user.press("colon", *"99999", "enter")
        await user.until(f"line {total} of {total}")

        await user.press("slash", *"long way", "enter")
        await user.until("long way 1 of 1")
        await user.until("from the top")
