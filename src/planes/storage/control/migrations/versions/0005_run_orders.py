"""Indexes that hold the other orders of the runs list: no page sorts the runs of a workspace.

Revision: 0005_run_orders, after 0004_run_lists.
"""

from alembic import op

revision = "0005_run_orders"
down_revision = "0004_run_lists"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for word, column in (("start", "started_at"), ("end", "finished_at"), ("duration", "duration_seconds")):
        columns = ["workspace_id", "is_system", column, "created_at", "number", "id"]
        op.create_index(f"ix_runs_by_{word}", "runs", columns)
