"""Webhooks of jobs and the calls that came in.

Revision: 0011_webhooks, after 0010_each_try.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0011_webhooks"
down_revision = "0010_each_try"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("workspace_id", sa.String(36), sa.ForeignKey("workspaces.id"), nullable=False, index=True),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("job_ref", sa.String(512), nullable=False),
        sa.Column("trigger", sa.String(1024), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("created_by", sa.String(36), nullable=False),
        sa.Column("rotated_at", Moment),
        sa.UniqueConstraint("job_id", "trigger"),
    )
    op.create_table(
        "webhook_calls",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("webhook_id", sa.String(36), sa.ForeignKey("webhooks.id"), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("repeats", sa.String(64), nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(64)),
        sa.Column("run_id", sa.String(36)),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_try_at", Moment),
        sa.Column("ended_at", Moment),
        sa.UniqueConstraint("webhook_id", "repeats"),
    )
    op.create_index("ix_webhook_calls_webhook_id_received_at", "webhook_calls", ["webhook_id", "received_at"])
    op.create_index("ix_webhook_calls_state", "webhook_calls", ["state", "received_at"])
