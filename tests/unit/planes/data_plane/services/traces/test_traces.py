"""From dlt's trace to the served row: recorded traces of dlt 1.31.0, and anything at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from planes.data_plane.services.traces.traces import read_trace
from planes.wire.telemetry import TelemetryStatus

RECORDED = Path(__file__).parents[5] / "integration" / "planes" / "data_plane" / "traces"
KEYS = (
    "steps", "step", "step_info", "load_packages", "jobs", "tables", "load_info", "job_metrics", "extract_info",
    "hints",
    "table_metrics", "resource_metrics", "normalize_info", "dag", "load_id", "table_name", "items_count", "started_at",
    "finished_at", "exception_traces", "stack_trace", "message", "step_exception", "execution_context", "os", "library",
    "write_disposition", "state", "file_size", "name", "job_id",
)  # fmt: skip
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["load", "extract"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=25,
)


def recorded(name: str) -> dict[str, Any]:
    return json.loads((RECORDED / f"{name}.json").read_bytes())


def test_succeeded_trace_gives_counts_of_the_users_tables_only() -> None:
    facts = read_trace(recorded("succeeded"))

    assert facts is not None
    assert facts.status is TelemetryStatus.SUCCEEDED
    assert (facts.total_rows_extracted, facts.total_rows_loaded, facts.total_bytes_loaded) == (5, 15, 593)
    assert (facts.dataset_name, facts.destination_name) == ("obs", "duckdb")
    assert facts.step_milliseconds.keys() == {"extract", "normalize", "load"}
    assert facts.detail()["has_schema_migration"] is True


def test_tables_have_their_disposition_when_a_load_changes_no_schema() -> None:
    trace = recorded("succeeded")
    first = read_trace(trace)
    for step in trace["steps"]:
        for package in step.get("step_info", {}).get("load_packages", ()):
            package["tables"] = []
    later = read_trace(trace)

    assert first is not None
    assert later is not None
    said = [{row.table_name: row.write_disposition for row in facts.tables} for facts in (first, later)]
    assert said[1]["rows__b__c"] == "append"
    assert said[1] == {name: said[0][name] for name in said[1]}


def test_failed_trace_names_the_first_failing_step_and_the_last_cause() -> None:
    facts = read_trace(recorded("failed"))

    assert facts is not None
    assert facts.status is TelemetryStatus.FAILED
    assert (facts.error_step, facts.error_message) == ("extract", "boom secret-ish")
    assert facts.error_traceback is not None
    assert facts.error_traceback.endswith("ValueError: boom secret-ish\n")
    assert facts.detail()["has_pending_packages"] is True


def test_failed_load_job_fails_the_run_without_an_exception() -> None:
    trace = recorded("succeeded")
    trace["steps"][2]["step_info"]["load_packages"][0]["jobs"][1]["state"] = "failed_jobs"

    facts = read_trace(trace)

    assert facts is not None
    assert facts.status is TelemetryStatus.FAILED
    assert facts.packages[0].failed_job_count == 1


def test_statements_that_finish_a_merge_are_no_data() -> None:
    trace = recorded("succeeded")
    plain = read_trace(trace)
    jobs = trace["steps"][2]["step_info"]["load_packages"][0]["jobs"]
    jobs.append({**next(job for job in jobs if job["table_name"] == "rows"), "job_id": "rows.m", "file_format": "sql"})
    merged = read_trace(trace)

    assert plain is not None
    assert merged is not None
    formats = [{row.table_name: row.file_format for row in facts.tables} for facts in (plain, merged)]
    assert formats[1] == formats[0]
    assert formats[0]["rows"] not in (None, "sql")
    assert merged.total_bytes_loaded == plain.total_bytes_loaded
    assert merged.packages[0].total_bytes_loaded == plain.packages[0].total_bytes_loaded
    assert merged.packages[0].completed_job_count == plain.packages[0].completed_job_count + 1


def test_trace_without_names_is_no_trace() -> None:
    assert read_trace({"pipeline_name": "p"}) is None
    assert read_trace({"pipeline_name": 1, "transaction_id": "t"}) is None


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6))
def test_nothing_a_job_can_send_raises(document: dict[str, Any]) -> None:
    facts = read_trace({"pipeline_name": "p", "transaction_id": "t", **document})

    assert facts is not None
    json.dumps(facts.detail(), allow_nan=False)


def test_whatever_a_load_job_is_called_by_the_trace_is_read() -> None:
    trace = recorded("succeeded")
    trace["steps"][2]["step_info"]["load_packages"][0]["jobs"][0]["job_id"] = ["no", {"text": 1}]
    trace["steps"][2]["load_info"]["job_metrics"][0] |= {"job_id": None, "state": "failed"}

    facts = read_trace(trace)

    assert facts is not None
    assert facts.status is TelemetryStatus.SUCCEEDED


def test_no_total_is_larger_than_a_database_takes() -> None:
    """Each count is bounded, and there may be two thousand of them."""
    trace = recorded("succeeded")
    jobs = trace["steps"][2]["step_info"]["load_packages"][0]["jobs"]
    jobs += [{"table_name": f"t{number}", "state": "completed_jobs", "file_size": 2**53} for number in range(1_500)]

    facts = read_trace(trace)

    assert facts is not None
    assert facts.total_bytes_loaded == 2**53
