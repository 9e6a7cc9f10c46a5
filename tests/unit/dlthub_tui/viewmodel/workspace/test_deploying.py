"""What a deploy says before it is sent."""

from __future__ import annotations

from dlthub_tui.session.deploys import StepReport
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import text_of
from dlthub_tui.viewmodel.workspace.deploying import profile_rows, reading

JOBS = [
    {"job_ref": "jobs.shop.report", "require": {"profile": "reading"}},
    {"job_ref": "jobs.shop.load", "require": {"profile": "prod"}},
    {"job_ref": "jobs.shop.plain"},
]


def test_profiles_that_jobs_ask_for_are_named_with_whether_they_have_files() -> None:
    (there,) = profile_rows(JOBS, ["reading"], Look())

    assert "reading and prod are there" in text_of(there.cells[1])

    (missing,) = profile_rows(JOBS, [], Look())

    assert "shop.report asks for reading, which has no file" in text_of(missing.cells[1])
    assert profile_rows(JOBS[2:], [], Look()) == []


def test_what_takes_its_time_while_a_folder_is_read_is_said_in_words() -> None:
    manifest = StepReport(step="manifest", state="running", detail="__deployment__")

    assert reading(manifest) == "importing __deployment__ to learn its jobs"
    assert reading(StepReport(step="environment", state="running", detail="building with uv")) == (
        "its Python environment: building with uv"
    )
