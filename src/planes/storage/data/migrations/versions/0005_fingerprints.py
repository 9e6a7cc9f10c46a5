"""Whether a leaked value is still the value of any variable.

Revision: 0005_fingerprints, after 0004_statistics.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005_fingerprints"
down_revision = "0004_statistics"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("leaks", sa.Column("fingerprint", sa.String(32)))
