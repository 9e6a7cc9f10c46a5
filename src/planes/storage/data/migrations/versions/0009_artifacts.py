"""What pipelines left for the workspace's dashboard.

Revision: 0009_artifacts, after 0008_retention.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0009_artifacts"
down_revision = "0008_retention"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "artifacts",
        sa.Column("workspace_id", sa.String(36), sa.ForeignKey("workspaces.id"), primary_key=True),
        sa.Column("profile", sa.String(128), primary_key=True),
        sa.Column("pipeline_name", sa.String(128), primary_key=True),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("job_run_id", sa.String(36), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("kept_at", Moment, nullable=False),
    )
