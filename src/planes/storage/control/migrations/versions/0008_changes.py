"""The log of what changed, which streams of changes follow.

Revision: 0008_changes, after 0007_strict.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0008_changes"
down_revision = "0007_strict"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "changes",
        sa.Column("sequence", number, primary_key=True, autoincrement=True),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("job_id", sa.String(36)),
        sa.Column("run_id", sa.String(36)),
        sa.Column("number", sa.Integer),
        sa.Column("status", sa.String(16)),
        sa.Column("created_at", Moment),
        sa.Column("started_at", Moment),
        sa.Column("finished_at", Moment),
        sqlite_autoincrement=True,
    )
