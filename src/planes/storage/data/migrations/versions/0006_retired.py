"""When a deployment's archive was given up.

Revision: 0006_retired, after 0005_fingerprints.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0006_retired"
down_revision = "0005_fingerprints"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deployments", sa.Column("retired_at", Moment))
