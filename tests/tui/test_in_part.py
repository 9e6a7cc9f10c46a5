"""What was done of several things before one failed is said and can be taken back, and what is not answered yet is."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from tests.fakes.installation import identifier
from tests.tui.waiting import until

from dlthub_tui.screens.places import place

pytestmark = [pytest.mark.anyio]
WORKSPACE = ("tab", "down", "enter")
FULL = (507, {"code": "disk_full", "detail": "The disk of the control plane is full."})


def _refuse(stage: Any, verb: str) -> str:
    """The second of the jobs that are marked is refused; its path."""
    path = f"{identifier('job/jobs.ingest.load_customers')}/-{verb}"
    stage.installation.refusals[path] = FULL
    return path


@pytest.mark.parametrize(
    ("keys", "verb", "attribute", "said"),
    [
        (("p",), "pause", "is_paused", "ingest.load_orders is paused"),
        (("D", *"2 jobs", "enter"), "archive", "is_archived", "ingest.load_orders is archived"),
    ],
)
async def test_of_marked_jobs_those_that_changed_come_back_and_the_others_stay_marked(
    open_app: Any, keys: tuple[str, ...], verb: str, attribute: str, said: str
) -> None:
    async with open_app() as stage:
        changed_before = sum(job[attribute] for job in stage.installation.jobs)
        path = _refuse(stage, verb)
        await stage.press(*WORKSPACE, "space", "space", *("space" if key == " " else key for key in keys))
        await stage.until(f"Of 2 only {said}; u takes that back.")
        assert "The disk of the control plane is full." in " ".join(stage.text.split())
        assert stage.text.count("▮") == 1
        assert sum(job[attribute] for job in stage.installation.jobs) == changed_before + 1

        await stage.press("u")
        await stage.until("Taken back. ingest.load_orders")
        assert sum(job[attribute] for job in stage.installation.jobs) == changed_before
        del stage.installation.refusals[path]


async def test_what_could_not_be_taken_back_can_be_tried_again(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "space", "space", "p")
        await stage.until("2 jobs are paused. u resumes them.")
        path = _refuse(stage, "resume")
        await stage.press("u")
        await stage.until("The disk of the control plane is full.")
        del stage.installation.refusals[path]
        await stage.press("u")

        await stage.until("Taken back. 2 jobs go on.")


async def test_of_marked_runs_those_that_are_asked_to_stop_are_counted(open_app: Any) -> None:
    async with open_app() as stage:
        active = [run for run in stage.installation.runs if run["status"] in {"running", "pending"}]
        stage.installation.refusals[f"{active[1]['id']}/-cancel"] = FULL
        await stage.press(*WORKSPACE, "2", "asterisk", "x", "enter")

        await stage.until(f"Stopping only 1 of {len(active)} runs. The disk of the control")
        assert active[0]["status"] == "cancelling"
        await until(stage.pilot, lambda: "▮" not in stage.text, "no marks")


async def test_a_key_that_waits_for_its_answer_says_so(open_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "ANSWERS_SECONDS", 0.001)
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "j")
        stage.app.context.poll_seconds = 600.0
        stage.installation.held["-trigger"] = gate = stage.portal.call(anyio.Event)
        await stage.pilot.press("r")
        await stage.until("Waiting for an answer, ")
        stage.portal.call(gate.set)

        await stage.until("Started ingest.load_customers 512.")
