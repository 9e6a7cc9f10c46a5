"""Alerts, their messages, and mail servers.

Revision: 0007_alerts, after 0006_retired.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0007_alerts"
down_revision = "0006_retired"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _alerts()
    _deliveries()
    _mail_servers()


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("workspace_id", sa.String(36), sa.ForeignKey("workspaces.id"), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("triggers", sa.JSON, nullable=False),
        sa.Column("jobs", sa.JSON, nullable=False),
        sa.Column("pipelines", sa.JSON, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("shown_target", sa.String(255)),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("is_enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("created_by", sa.String(36), nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("updated_by", sa.String(36), nullable=False),
    )
    op.create_index("ix_alerts_workspace_id", "alerts", ["workspace_id"])


def _deliveries() -> None:
    op.create_table(
        "alert_deliveries",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("alert_id", sa.String(36), sa.ForeignKey("alerts.id"), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("trigger", sa.String(32), nullable=False),
        sa.Column("run_id", sa.String(36)),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_try_at", Moment),
        sa.Column("outcome", sa.String(32)),
        sa.Column("status", sa.BigInteger),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.UniqueConstraint("alert_id", "run_id", "trigger"),
    )
    op.create_index("ix_alert_deliveries_workspace_id", "alert_deliveries", ["workspace_id", "created_at"])
    op.create_index("ix_alert_deliveries_alert_id", "alert_deliveries", ["alert_id", "created_at"])
    op.create_index("ix_alert_deliveries_state", "alert_deliveries", ["state", "next_try_at"])


def _mail_servers() -> None:
    op.create_table(
        "mail_servers",
        sa.Column("workspace_id", sa.String(36), sa.ForeignKey("workspaces.id"), primary_key=True),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("security", sa.String(16), nullable=False),
        sa.Column("sender", sa.String(320), nullable=False),
        sa.Column("username", sa.String(320)),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("updated_by", sa.String(36), nullable=False),
    )
