"""How often a failed run of a job is tried again, and which try a run is.

Revision: 0006_retries, after 0005_run_orders.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0006_retries"
down_revision = "0005_run_orders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_retries",
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("wait_seconds", sa.Integer, nullable=False),
    )
    op.add_column("runs", sa.Column("attempt", sa.Integer, nullable=False, server_default="1"))
    op.add_column("runs", sa.Column("not_before", Moment))
