"""Regions that take no new run, and whose unused environments are to go.

Revision: 0011_drains, after 0010_passed_over.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0011_drains"
down_revision = "0010_passed_over"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("data_planes", sa.Column("drained_at", Moment, nullable=True))
    op.add_column("data_planes", sa.Column("clean_before", Moment, nullable=True))
