"""Whether an alert tells of failures that are tried again.

Revision: 0010_each_try, after 0009_artifacts.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010_each_try"
down_revision = "0009_artifacts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alerts", sa.Column("each_try", sa.Boolean, nullable=False, server_default=sa.false()))
