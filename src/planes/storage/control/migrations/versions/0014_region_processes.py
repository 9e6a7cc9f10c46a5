"""Which process of a region is the one that works.

Revision: 0014_region_processes, after 0013_paused_at.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0014_region_processes"
down_revision = "0013_paused_at"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("data_planes", sa.Column("process_id", sa.String(36), nullable=True))
    op.add_column("data_planes", sa.Column("process_started_at", Moment, nullable=True))
