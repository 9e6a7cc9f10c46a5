"""Backfills of jobs, slice by slice, and which runs belong to one, or answer a call of a webhook.

Revision: 0009_backfills, after 0008_changes.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0009_backfills"
down_revision = "0008_changes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backfills",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("workspace_id", sa.String(36), sa.ForeignKey("workspaces.id"), nullable=False),
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id"), nullable=False),
        sa.Column("job_version_id", sa.String(36), sa.ForeignKey("job_versions.id"), nullable=False),
        sa.Column("deployment_id", sa.String(36), sa.ForeignKey("deployments.id"), nullable=False),
        sa.Column("configuration_id", sa.String(36), sa.ForeignKey("configurations.id"), nullable=False),
        sa.Column("profile", sa.String(1024), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("starts_at", Moment, nullable=False),
        sa.Column("ends_at", Moment, nullable=False),
        sa.Column("slice_size", sa.String(16), nullable=False),
        sa.Column("parallel", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("wait_seconds", sa.Integer, nullable=False),
        sa.Column("created_by", sa.String(36), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("finished_at", Moment),
    )
    op.create_index("ix_backfills_job_id", "backfills", ["job_id", "created_at"])
    op.create_index("ix_backfills_workspace_id_state", "backfills", ["workspace_id", "state"])
    op.create_table(
        "backfill_slices",
        sa.Column("backfill_id", sa.String(36), sa.ForeignKey("backfills.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("starts_at", Moment, nullable=False),
        sa.Column("ends_at", Moment, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("is_ahead", sa.Boolean, nullable=False),
        sa.Column("run_id", sa.String(36)),
        sa.Column("updated_at", Moment, nullable=False),
    )
    op.create_index("ix_backfill_slices_job_id_is_ahead", "backfill_slices", ["job_id", "is_ahead"])
    op.create_index("ix_backfill_slices_run_id", "backfill_slices", ["run_id"])
    op.add_column("runs", sa.Column("backfill_id", sa.String(36)))
    op.add_column("runs", sa.Column("webhook_call_id", sa.String(36)))
    op.create_index("ix_runs_webhook_call_id", "runs", ["webhook_call_id"])
