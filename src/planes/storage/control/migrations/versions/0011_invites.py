"""Invites that wait, what they give in workspaces, and whose address an administrator vouched for.

Everybody who is here already was added by an administrator.

Revision: 0011_invites, after 0010_passed_over.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0011_invites"
down_revision = "0010_passed_over"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("is_vouched", sa.Boolean, nullable=False, server_default=sa.true()))
    op.create_table(
        "invites",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("organization_id", sa.String(36), sa.ForeignKey("organizations.id"), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("link_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("invited_by", sa.String(36), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.UniqueConstraint("organization_id", "email", name="uq_invites_email"),
    )
    op.create_table(
        "invite_workspaces",
        sa.Column("invite_id", sa.String(36), sa.ForeignKey("invites.id"), primary_key=True),
        sa.Column("workspace_id", sa.String(36), sa.ForeignKey("workspaces.id"), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
    )
