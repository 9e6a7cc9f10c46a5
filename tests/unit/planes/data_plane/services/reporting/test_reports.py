"""What may be said to the control plane."""

from __future__ import annotations

import ast
import inspect
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_type_hints

import pytest
from pydantic import BaseModel

from planes.data_plane.link import Link
from planes.data_plane.services.reporting import reports
from planes.data_plane.services.reporting.measuring import Folders, Kind, Measured, RunUse
from planes.data_plane.services.reporting.reports import (
    build_configuration,
    build_numbers,
    build_pipeline_run,
    build_poll,
    build_status,
    name_to_say,
)
from planes.data_plane.services.traces.traces import read_trace
from planes.scrub import Registered
from planes.wire.link import (
    ConfigurationReport,
    DeploymentReport,
    EnrolRequest,
    HeldRun,
    LinkModel,
    MemberIds,
    PipelineRunReport,
    PollRequest,
    PublicLinkRequest,
    RegionNumbers,
    ReportedStatus,
    RunNumbers,
    RunTokenRequest,
    StatusReport,
    SwapCodeRequest,
    VersionIds,
    WebhookJobRequest,
    WebhookRunRequest,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
RUN = "0b8e607e-7d6d-456c-a3cc-e652fefc0932"
# Everything that a region may say. A new field is a decision about residency: it is made here too.
SAID: dict[type[BaseModel], set[str]] = {
    DeploymentReport: {
        "workspace_id", "content_hash", "file_count", "size_bytes", "requirements_size_bytes", "created_by",
        "created_at",
    },
    ConfigurationReport: {
        "workspace_id", "content_hash", "file_count", "size_bytes", "profiles", "created_by", "created_at",
    },
    VersionIds: {"deployments", "configurations"},
    MemberIds: {"workspace_id", "members"},
    EnrolRequest: {"join_token", "dataplane_id", "region", "public_key", "url"},
    RunTokenRequest: {"fence"},
    SwapCodeRequest: {"code", "workspace_id", "job_id"},
    PublicLinkRequest: {"secret"},
    HeldRun: {"run_id", "fence"},
    WebhookJobRequest: {"workspace_id", "job_id"},
    WebhookRunRequest: {"workspace_id", "job_id", "trigger", "call_id"},
    StatusReport: {"fence", "status", "at"},
    PollRequest: {"free_slots", "held", "url", "epoch", "numbers", "instance", "home"},
    RegionNumbers: {
        "version", "started_at", "slots", "runners", "warm", "warm_bytes", "disk_total_bytes", "disk_free_bytes",
        "database_bytes", "measured_at", "environments", "environments_used_at", "environments_bytes", "caches_bytes",
        "runs_bytes", "data_bytes", "code_bytes", "blobs_bytes", "master_key_at", "runs",
    },
    RunNumbers: {"run_id", "pid", "memory_bytes", "processor_percent"},
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


@pytest.mark.parametrize("name", ["my-registered-secret", "ghp_abcdefghijklmnopqrstuvwxyz0123456789", "with space"])
def test_every_name_of_a_pipeline_run_is_looked_at(name: str) -> None:
    facts = read_trace({"pipeline_name": "p", "transaction_id": "t", "steps": []})
    assert facts is not None
    names = ("pipeline_name", "transaction_id", "dataset_name", "destination_name")
    facts = replace(facts, **dict.fromkeys(names, name))

    report = build_pipeline_run(3, facts, Registered.from_values([("WAREHOUSE", "my-registered-secret")]))

    assert {getattr(report, each) for each in names} == {"withheld"}


def test_poll_names_what_is_held() -> None:
    poll = build_poll(-3, [(RUN, 2)], "http://127.0.0.1:8402", 7)

    assert poll.free_slots == 0
    assert [(held.run_id, held.fence) for held in poll.held] == [(RUN, 2)]


def test_a_region_says_numbers_times_and_its_version() -> None:
    """Every text among them is a version or a time: nothing else fits into the schema."""
    folders = Folders(measured_at=NOW, environments=3, environments_used_at=NOW, sizes=dict.fromkeys(Kind, 2**70))
    measured = Measured(
        version="1.2.3+local", started_at=NOW, slots=8, runners=2, warm=1, warm_bytes=5, disk_total_bytes=9,
        disk_free_bytes=4, database_bytes=1, folders=folders, master_key_at=NOW,
        runs=[RunUse(run_id=RUN, pid=7, memory_bytes=2**70, processor_percent=99)],
    )  # fmt: skip

    said = build_numbers(measured).model_dump(mode="json")
    bare = build_numbers(replace(measured, version="a b", folders=None)).model_dump(mode="json")

    texts = {name: value for name, value in said.items() if isinstance(value, str)}
    assert texts.pop("version") == "1.2.3+local"
    assert texts.keys() == {"started_at", "measured_at", "environments_used_at", "master_key_at"}
    assert {datetime.fromisoformat(value) for value in texts.values()} == {NOW}
    assert [said[f"{kind}_bytes"] for kind in Kind] == [2**53] * len(Kind)
    assert said["runs"] == [{"run_id": RUN, "pid": 7, "memory_bytes": 2**53, "processor_percent": 99}]
    assert len(json.dumps(said)) < 1024
    assert (bare["version"], bare["environments"], bare["blobs_bytes"]) == ("withheld", None, None)


def test_status_is_a_word_and_a_time() -> None:
    assert build_status(1, ReportedStatus.FAILED, NOW).model_dump(mode="json").keys() == {"fence", "status", "at"}


def test_every_builder_answers_a_model_of_the_link() -> None:
    builders = [name for name in vars(reports) if name.startswith("build_")]

    assert sorted(builders) == [
        "build_configuration", "build_deployment", "build_member_ids", "build_numbers", "build_pipeline_run",
        "build_poll", "build_status", "build_version_ids", "build_webhook_run",
    ]  # fmt: skip


def test_reports_are_built_in_one_module() -> None:
    """But for the calls of the link itself, which hold ids and what the control plane made up."""
    said = {model.__name__ for model in SAID} - {
        "EnrolRequest",
        "RunTokenRequest",
        "SwapCodeRequest",
        "PublicLinkRequest",
        "WebhookJobRequest",
    }
    package = Path(reports.__file__).parents[2]
    makers = {
        (path.name, node.func.id)
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }

    assert {name for name, made in makers if made in said} == {"reports.py"}


def test_whatever_the_link_takes_is_in_the_list() -> None:
    taken = {
        hint
        for name, method in vars(Link).items()
        if inspect.iscoroutinefunction(method) and not name.startswith("_")
        for hint in get_type_hints(method).values()
        if inspect.isclass(hint) and issubclass(hint, LinkModel) and not hint.__name__.endswith("Response")
    }

    assert taken
    assert taken <= SAID.keys()


def test_profile_named_like_a_secret_is_withheld() -> None:
    row = {
        "workspace_id": "0b8e607e-7d6d-456c-a3cc-e652fefc0932", "content_hash": "A" * 43 + "=", "file_count": 1,
        "size_bytes": 1, "created_by": "0b8e607e-7d6d-456c-a3cc-e652fefc0932", "created_at": NOW,
        "profiles": ["prod", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"],
    }  # fmt: skip

    assert build_configuration(row).profiles == ["prod", "withheld"]
