"""Command lines that are copied: a shell reads them as they are meant, and each is one that there is."""

from __future__ import annotations

import shlex
import subprocess
from itertools import product

import pytest
from cyclopts import CycloptsError
from tests.command_lines import check_command_line

from dlthub_tui.viewmodel.keys.actions import ACTIONS
from dlthub_tui.viewmodel.keys.commands import OF_A_JOB, ShellPlace
from dlthub_tui.viewmodel.keys.commands import twin_of_job as twin_of_named_job
from dlthub_tui.viewmodel.keys.shell_twins import in_shell, twin_of_job, twin_of_place, twin_of_run, where_it_works
from dlthub_tui.viewmodel.options import Reach
from dlthub_tui.viewmodel.places import JobPlace, RunPlace, WorkspacePlace, WorkspaceRef, link

ELSEWHERE = "https://control.example:8400"
REACHES = [Reach(), Reach(home="/srv/the home"), Reach(url=ELSEWHERE), Reach("/srv/the home", ELSEWHERE)]
NAMES = ["shop", "my shop", "a/b", 'Ana\'s "shop"', "-rf", "$(id) `id` ; x", "Größe 店", "متجر", "new\nline", "a\\b*"]


def stand(organization: str, workspace: str, *, has_namesake: bool = False) -> WorkspaceRef:
    address = "w-1" if has_namesake else f"{organization}/{workspace}"
    return WorkspaceRef("w-1", workspace, "o-1", organization, "eu1", "http://eu1", address)


def every_line(workspace: WorkspaceRef, reach: Reach) -> set[str]:
    place = link(WorkspacePlace(workspace))
    job = link(JobPlace(workspace, "j", "jobs.shop.load"))
    run = link(RunPlace(workspace, "r", "jobs.shop.load", 7))
    lines = {twin_of_named_job(command, "shop.load", ShellPlace(place, reach)) for command in (*OF_A_JOB, "refresh")}
    for action in ACTIONS:
        lines |= {twin_of_place(action.id, place, reach), twin_of_run(action.id, run, reach)}
        for paused, published in product((False, True), repeat=2):
            lines.add(twin_of_job(action.id, job, reach, is_paused=paused, is_published=published))
    return lines - {""}


@pytest.mark.parametrize("reach", REACHES, ids=["here", "home", "elsewhere", "both"])
def test_every_line_is_a_command_with_options_that_it_has(reach: Reach) -> None:
    lines = every_line(stand("orchard", "shop"), reach) | every_line(stand("-o", "the shop"), reach)

    assert len(lines) > 20
    for one in lines:
        check_command_line(one)


def test_a_line_that_is_no_command_is_noticed() -> None:
    for wrong in ("dlthub-tui rnu a/b", "dlthub-tui run", "dlthub-tui jobs a --follow", "dlthub-tui doctor --url x"):
        with pytest.raises(CycloptsError):
            check_command_line(wrong)
    for wrong in ("dlthub job stop x", "dlthub job pause", "dlthub job pause x --json", "git push", "dlthub-tui"):
        with pytest.raises(AssertionError):
            check_command_line(wrong)


@pytest.mark.parametrize("name", NAMES)
def test_a_shell_reads_names_as_they_are(name: str) -> None:
    reach = Reach(home=f"/srv/{name}")
    job = link(JobPlace(stand(name, name), "j", "jobs.shop.load"))
    one = in_shell("run", job, "--refresh", reach=reach)
    script = one.replace("dlthub-tui", "printf '%s\\0'", 1)
    read = subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True, timeout=240)

    assert read.stdout.split("\0")[:-1] == shlex.split(one)[1:]
    assert {job, f"/srv/{name}"} <= set(shlex.split(one))
    check_command_line(one)


def test_a_workspace_with_a_namesake_is_told_by_its_id() -> None:
    twin = stand("orchard", "shop", has_namesake=True)

    assert link(WorkspacePlace(twin, "runs")) == "w-1:runs"
    assert in_shell("run", link(JobPlace(twin, "j", "jobs.shop.load")), reach=Reach()) == "dlthub-tui run w-1/shop.load"


def test_tabs_that_no_command_lists_are_opened() -> None:
    tabs = {twin_of_place(f"tab.{digit}", "orchard/shop", Reach()) for digit in range(5, 9)}

    assert tabs == {f"dlthub-tui open orchard/shop:{tab}" for tab in ("pipelines", "team", "alerts", "residency")}


@pytest.mark.parametrize(("place", "email"), [("o/shop", "eve@x.example"), ("-o/shop", "eve@x.example"), ("o", "-e@x")])
def test_whom_a_command_is_about_stands_behind_its_place(place: str, email: str) -> None:
    one = in_shell("invite", place, "--new-link", whom=email, reach=Reach(home="/srv/h"))

    check_command_line(one)
    words = shlex.split(one)
    assert words[words.index(place) + 1] == email


def test_where_a_line_works_is_said_of_those_that_do_not_work_everywhere() -> None:
    elsewhere = Reach(url=ELSEWHERE)

    assert where_it_works("dlthub job pause x", Reach()) == "in a folder connected to the workspace"
    assert where_it_works("cd shop && dlthub deploy", Reach()) == "in a folder connected to the workspace"
    assert where_it_works("dlthub-tui run a/b/c", elsewhere) == ""
    assert where_it_works("dlthub-tui doctor", Reach()) == ""
    assert where_it_works(in_shell("doctor", reach=elsewhere), elsewhere) == "on the platform's machine"
    assert where_it_works("dlthub-tui open o/shop:alerts", elsewhere) == "opens the app there"
    assert in_shell("admin data-plane drain", "eu1", reach=Reach("/srv/x", ELSEWHERE)) == (
        "dlthub-tui admin data-plane drain eu1"
    )
