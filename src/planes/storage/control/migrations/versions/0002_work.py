"""Deployments, configurations, jobs with versions, triggers and clocks, runs, pipeline runs.

Revision: 0002_work, after 0001_identity.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0002_work"
down_revision = "0001_identity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_uploads()
    _create_jobs()
    _create_runs()


def _create_uploads() -> None:
    for table, own in (
        ("deployments", sa.Column("requirements_size_bytes", sa.BigInteger, nullable=False)),
        ("configurations", sa.Column("profiles", sa.JSON, nullable=False)),
    ):
        op.create_table(
            table,
            sa.Column("id", sa.String(36), primary_key=True),
            sa.Column("workspace_id", sa.String(36), sa.ForeignKey("workspaces.id"), nullable=False),
            sa.Column("version", sa.Integer, nullable=False),
            sa.Column("content_hash", sa.String(44), nullable=False),
            sa.Column("file_count", sa.BigInteger, nullable=False),
            sa.Column("size_bytes", sa.BigInteger, nullable=False),
            own,
            sa.Column("created_by", sa.String(36), nullable=False),
            sa.Column("created_at", Moment, nullable=False),
            sa.UniqueConstraint("workspace_id", "version", name=f"uq_{table}_workspace_id_version"),
        )
    op.create_table(
        "deploy_states",
        sa.Column("workspace_id", sa.String(36), sa.ForeignKey("workspaces.id"), primary_key=True),
        sa.Column("deployment_id", sa.String(36), nullable=True),
        sa.Column("configuration_id", sa.String(36), nullable=True),
        sa.Column("lock_holder", sa.String(36), nullable=True),
        sa.Column("locked_until", Moment, nullable=True),
    )


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("workspace_id", sa.String(36), sa.ForeignKey("workspaces.id"), nullable=False),
        sa.Column("job_ref", sa.String(1024), nullable=False),
        sa.Column("name", sa.String(1024), nullable=True),
        sa.Column("job_type", sa.String(16), nullable=False),
        sa.Column("category", sa.String(32), nullable=True),
        sa.Column("profile", sa.String(1024), nullable=False),
        sa.Column("pipeline_name", sa.String(1024), nullable=True),
        sa.Column("module", sa.String(1024), nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("version_id", sa.String(36), nullable=False),
        sa.Column("public_secret", sa.String(36), nullable=True),
        sa.Column("is_archived", sa.Boolean, nullable=False),
        sa.Column("is_paused", sa.Boolean, nullable=False),
        sa.Column("is_self_firing", sa.Boolean, nullable=False),
        sa.Column("is_system", sa.Boolean, nullable=False),
        sa.Column("last_run_number", sa.Integer, nullable=False),
        sa.Column("latest_run_id", sa.String(36), nullable=True),
        sa.Column("completed_end", Moment, nullable=True),
        sa.Column("next_fire_at", Moment, nullable=True),
        sa.Column("deferred", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_by", sa.String(36), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.UniqueConstraint("workspace_id", "job_ref", name="uq_jobs_workspace_id_job_ref"),
    )
    op.create_table(
        "job_versions",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("definition", sa.JSON, nullable=False),
        sa.Column("definition_hash", sa.String(64), nullable=False),
        sa.Column("engine_version", sa.Integer, nullable=False),
        sa.Column("module", sa.String(1024), nullable=True),
        sa.Column("profile", sa.String(1024), nullable=False),
        sa.Column("triggers", sa.JSON, nullable=False),
        sa.Column("default_trigger", sa.Text, nullable=True),
        sa.Column("created_by", sa.String(36), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.UniqueConstraint("job_id", "version", name="uq_job_versions_job_id_version"),
    )
    op.create_table(
        "job_triggers",
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("trigger", sa.String(1024), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
    )
    op.create_index("ix_job_triggers_trigger", "job_triggers", ["trigger"])
    op.create_table(
        "clocks",
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("trigger", sa.String(1024), primary_key=True),
        sa.Column("since", Moment, nullable=False),
        sa.Column("last_fire_at", Moment, nullable=True),
        sa.Column("next_fire_at", Moment, nullable=True),
    )
    op.create_index("ix_clocks_next_fire_at", "clocks", ["next_fire_at"])


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("organization_id", sa.String(36), sa.ForeignKey("organizations.id"), nullable=False),
        sa.Column("workspace_id", sa.String(36), sa.ForeignKey("workspaces.id"), nullable=False),
        sa.Column("dataplane_id", sa.String(16), nullable=False),
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id"), nullable=False),
        sa.Column("job_version_id", sa.String(36), sa.ForeignKey("job_versions.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("trigger", sa.String(1024), nullable=False),
        sa.Column("trigger_kind", sa.String(32), nullable=False),
        sa.Column("profile", sa.String(1024), nullable=False),
        sa.Column("deployment_id", sa.String(36), sa.ForeignKey("deployments.id"), nullable=False),
        sa.Column("configuration_id", sa.String(36), sa.ForeignKey("configurations.id"), nullable=False),
        sa.Column("is_refresh", sa.Boolean, nullable=False),
        sa.Column("is_system", sa.Boolean, nullable=False),
        sa.Column("interval_start", Moment, nullable=True),
        sa.Column("interval_end", Moment, nullable=True),
        sa.Column("moves_watermark", sa.Boolean, nullable=False),
        sa.Column("triggered_by", sa.String(36), nullable=True),
        sa.Column("follows_viewer", sa.Boolean, nullable=False),
        sa.Column("previous_job_run_id", sa.String(36), sa.ForeignKey("runs.id"), nullable=True),
        sa.Column("chain_depth", sa.Integer, nullable=False),
        sa.Column("time_limit_seconds", sa.Integer, nullable=False),
        sa.Column("grace_seconds", sa.Integer, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("started_at", Moment, nullable=True),
        sa.Column("finished_at", Moment, nullable=True),
        sa.Column("duration_seconds", sa.Float, nullable=True),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("is_acknowledged", sa.Boolean, nullable=False),
        sa.Column("claimed_at", Moment, nullable=True),
        sa.Column("lease_expires_at", Moment, nullable=True),
        sa.Column("unreachable_since", Moment, nullable=True),
        sa.Column("cancel_told_at", Moment, nullable=True),
        sa.Column("is_lost", sa.Boolean, nullable=False),
    )
    op.create_index("ix_runs_dataplane_id_status", "runs", ["dataplane_id", "status"])
    op.create_index("ix_runs_job_id_status", "runs", ["job_id", "status"])
    op.create_index("uq_runs_job_id_number", "runs", ["job_id", "number"], unique=True)
    op.create_index("ix_runs_workspace_id_created_at", "runs", ["workspace_id", "created_at"])
    op.create_index("ix_runs_previous_job_run_id", "runs", ["previous_job_run_id"])
    op.create_table(
        "pipeline_runs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("run_id", sa.String(36), sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("pipeline_name", sa.String(128), nullable=False),
        sa.Column("dataset_name", sa.String(128), nullable=True),
        sa.Column("destination_name", sa.String(128), nullable=True),
        sa.Column("transaction_id", sa.String(128), nullable=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("started_at", Moment, nullable=True),
        sa.Column("finished_at", Moment, nullable=True),
        sa.Column("duration_ms", sa.BigInteger, nullable=True),
        sa.Column("total_rows", sa.BigInteger, nullable=True),
    )
    op.create_index("ix_pipeline_runs_run_id", "pipeline_runs", ["run_id"])
