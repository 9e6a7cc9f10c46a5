"""Which environment a run used, and when and why its log was removed.

Revision: 0008_retention, after 0007_alerts.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0008_retention"
down_revision = "0007_alerts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("environment", sa.String(24)))
    op.add_column("runs", sa.Column("log_removed_at", Moment))
    op.add_column("runs", sa.Column("log_removed_why", sa.String(64)))
    op.create_index("ix_runs_workspace_environment", "runs", ["workspace_id", "environment"])
