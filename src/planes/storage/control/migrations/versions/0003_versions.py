"""Releases, rolling back to an earlier version of the code, and how many versions are kept.

Revision: 0003_versions, after 0002_work.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0003_versions"
down_revision = "0002_work"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deployments", sa.Column("retired_at", Moment, nullable=True))
    op.add_column("deploy_states", sa.Column("rolled_back_to", sa.String(36), nullable=True))
    op.add_column("deploy_states", sa.Column("keep_versions", sa.Integer, nullable=True))
    op.create_table(
        "releases",
        sa.Column("deployment_id", sa.String(36), sa.ForeignKey("deployments.id"), primary_key=True),
        sa.Column("workspace_id", sa.String(36), sa.ForeignKey("workspaces.id"), nullable=False),
        sa.Column("configuration_id", sa.String(36), nullable=False),
        sa.Column("module", sa.String(1024), nullable=False),
        sa.Column("description", sa.Text, nullable=True),
        sa.Column("job_version_ids", sa.JSON, nullable=False),
        sa.Column("created_by", sa.String(36), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
    )
    op.create_index("ix_releases_workspace_id", "releases", ["workspace_id"])
