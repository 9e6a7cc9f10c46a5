"""Whether a workspace withholds words of its job definitions from the control plane.

Revision: 0007_strict, after 0006_retries.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007_strict"
down_revision = "0006_retries"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("is_strict", sa.Boolean, nullable=False, server_default=sa.false()))
