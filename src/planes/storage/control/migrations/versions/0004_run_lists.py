"""An index that holds the runs list's order: pages at any offset are found without reading the runs before them.

Revision: 0004_run_lists, after 0003_versions.
"""

from alembic import op

revision = "0004_run_lists"
down_revision = "0003_versions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_runs_listed", "runs", ["workspace_id", "is_system", "created_at", "number", "id"])
