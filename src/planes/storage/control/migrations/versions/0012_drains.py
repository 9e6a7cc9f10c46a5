"""Regions that take no new run, and whose unused environments are to go.

Revision: 0012_drains, after 0011_invites.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0012_drains"
down_revision = "0011_invites"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("data_planes", sa.Column("drained_at", Moment, nullable=True))
    op.add_column("data_planes", sa.Column("clean_before", Moment, nullable=True))
