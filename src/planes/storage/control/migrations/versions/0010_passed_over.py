"""The newest start of each job that fired by itself and was declined.

Revision: 0010_passed_over, after 0009_backfills.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0010_passed_over"
down_revision = "0009_backfills"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "passed_over",
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("at", Moment, nullable=False),
        sa.Column("trigger", sa.String(1024), nullable=False),
        sa.Column("status", sa.String(64), nullable=False),
    )
