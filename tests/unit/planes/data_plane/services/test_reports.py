"""What may be said to the control plane."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from planes.data_plane.services import reports
from planes.data_plane.services.reports import build_pipeline_run, build_poll, build_status, name_to_say
from planes.data_plane.services.traces import read_trace
from planes.scrub import Registered
from planes.wire.link import PipelineRunReport, PollRequest, ReportedStatus, StatusReport

NOW = datetime(2026, 1, 2, tzinfo=UTC)
# Everything that a region may say of runs. A new field is a decision about residency: it is made here too.
SAID = {
    StatusReport: {"fence", "status", "at"},
    PollRequest: {"free_slots", "held", "url", "epoch"},
    PipelineRunReport: {
        "fence", "pipeline_name", "dataset_name", "destination_name", "transaction_id", "status", "started_at",
        "finished_at", "duration_ms", "total_rows",
    },
}  # fmt: skip


@pytest.mark.parametrize("model", list(SAID))
def test_no_field_is_said_that_the_list_lacks(model: type[BaseModel]) -> None:
    assert model.model_fields.keys() == SAID[model]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("weather", "weather"),
        ("a.b-c:d_1", "a.b-c:d_1"),
        ("", "withheld"),
        ("with space", "withheld"),
        ("x" * 129, "withheld"),
        ("caf\u00e9", "withheld"),
        ("line\nbreak", "withheld"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "withheld"),
        ("my-registered-secret", "withheld"),
    ],
)
def test_only_clean_names_are_said(name: str, said: str) -> None:
    registered = Registered.from_values([("WAREHOUSE", "my-registered-secret")])

    assert name_to_say(name, registered) == said


def test_pipeline_run_carries_no_text_of_the_failure() -> None:
    trace = {
        "pipeline_name": "p",
        "transaction_id": "t",
        "steps": [{"step": "load", "step_exception": "marked-text", "exception_traces": [{"message": "marked-text"}]}],
    }
    facts = read_trace(trace)
    assert facts is not None

    report = build_pipeline_run(3, facts, Registered.empty())

    assert report.status.value == "failed"
    assert "marked-text" not in report.model_dump_json()


def test_poll_names_what_is_held() -> None:
    run_id = "0b8e607e-7d6d-456c-a3cc-e652fefc0932"

    poll = build_poll(-3, [(run_id, 2)], "http://127.0.0.1:8402", 7)

    assert poll.free_slots == 0
    assert [(held.run_id, held.fence) for held in poll.held] == [(run_id, 2)]


def test_status_is_a_word_and_a_time() -> None:
    assert build_status(1, ReportedStatus.FAILED, NOW).model_dump(mode="json").keys() == {"fence", "status", "at"}


def test_every_builder_answers_a_model_of_the_link() -> None:
    builders = [name for name in vars(reports) if name.startswith("build_")]

    assert sorted(builders) == ["build_pipeline_run", "build_poll", "build_status"]
