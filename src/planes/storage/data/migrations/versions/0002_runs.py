"""Runs, their reports, and telemetry.

Revision: 0002_runs, after 0001_region.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0002_runs"
down_revision = "0001_region"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _runs()
    _pipeline_runs()
    _states_and_results()


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("job_ref", sa.String(512), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("profile", sa.String(128), nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("lease", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("stop_reason", sa.String(32)),
        sa.Column("beacon_hash", sa.String(64), unique=True),
        sa.Column("beacon_until", Moment),
        sa.Column("registered", sa.LargeBinary),
        sa.Column("leased_at", Moment, nullable=False),
        sa.Column("started_at", Moment),
        sa.Column("ended_at", Moment),
        sa.Column("masked", sa.JSON),
    )
    op.create_index("ix_runs_workspace_id", "runs", ["workspace_id"])
    op.create_index("ix_runs_state", "runs", ["state"])
    op.create_table(
        "run_reports",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("run_id", sa.String(36), sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("target_id", sa.String(36)),
        sa.Column("body", sa.JSON, nullable=False),
    )
    op.create_index("ix_run_reports_run_id", "run_reports", ["run_id"])


def _pipeline_runs() -> None:
    op.create_table(
        "pipeline_runs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("job_run_id", sa.String(36), nullable=False),
        sa.Column("pipeline_name", sa.String(512), nullable=False),
        sa.Column("transaction_id", sa.String(128), nullable=False),
        sa.Column("dataset_name", sa.String(512)),
        sa.Column("destination_name", sa.String(512)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("started_at", Moment),
        sa.Column("finished_at", Moment),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("error_step", sa.String(64)),
        sa.Column("error_message", sa.Text),
        sa.Column("is_empty_run", sa.Boolean, nullable=False),
        sa.Column("total_bytes_loaded", sa.BigInteger, nullable=False),
        sa.Column("total_rows_extracted", sa.BigInteger, nullable=False),
        sa.Column("total_rows_loaded", sa.BigInteger, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("trace", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.UniqueConstraint("job_run_id", "transaction_id"),
    )
    op.create_index("ix_pipeline_runs_workspace_id_started_at", "pipeline_runs", ["workspace_id", "started_at"])


def _states_and_results() -> None:
    op.create_table(
        "pipeline_states",
        sa.Column("job_run_id", sa.String(36), primary_key=True),
        sa.Column("pipeline_name", sa.String(512), primary_key=True),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("dataset_name", sa.String(512)),
        sa.Column("destination_name", sa.String(512)),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
    )
    op.create_index("ix_pipeline_states_workspace_id", "pipeline_states", ["workspace_id"])
    op.create_table(
        "job_results",
        sa.Column("job_run_id", sa.String(36), primary_key=True),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("job_ref", sa.String(512), nullable=False),
        sa.Column("result_type", sa.String(512), nullable=False),
        sa.Column("engine_version", sa.Integer, nullable=False),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
    )
    op.create_index("ix_job_results_workspace_id", "job_results", ["workspace_id"])
