"""Which home of a region a run was given to.

Revision: 0015_claimed_by, after 0014_region_processes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015_claimed_by"
down_revision = "0014_region_processes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("claimed_by", sa.String(36), nullable=True))
