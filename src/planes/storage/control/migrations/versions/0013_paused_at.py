"""Since when a job is paused.

Revision: 0013_paused_at, after 0012_drains.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0013_paused_at"
down_revision = "0012_drains"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("paused_at", Moment, nullable=True))
