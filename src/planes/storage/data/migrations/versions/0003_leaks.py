"""What logs leaked: hits, events, leaks of registered values, settings of scrubbing, scrubbing stored logs again.

Revision: 0003_leaks, after 0002_runs.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0003_leaks"
down_revision = "0002_runs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("secrets_used", sa.JSON))
    op.add_column("runs", sa.Column("examined_at", Moment))
    op.create_index("ix_audit_log_object_id", "audit_log", ["object_id"])
    _hits()
    _leaks()
    _settings()
    _rescrubs()


def _hits() -> None:
    op.create_table(
        "run_hits",
        sa.Column("run_id", sa.String(36), primary_key=True),
        sa.Column("rule", sa.String(200), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("job_ref", sa.String(512), nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("at", Moment, nullable=False),
    )
    op.create_index("ix_run_hits_workspace_id", "run_hits", ["workspace_id", "at"])
    op.create_table(
        "leak_events",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("job_ref", sa.String(512), nullable=False),
        sa.Column("rule", sa.String(200), nullable=False),
        sa.Column("rule_kind", sa.String(8), nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.UniqueConstraint("run_id", "kind", "rule"),
    )
    op.create_index("ix_leak_events_workspace_id", "leak_events", ["workspace_id", "at"])


def _leaks() -> None:
    op.create_table(
        "leaks",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("job_ref", sa.String(512), nullable=False),
        sa.Column("profile", sa.String(128), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("scope", sa.String(160)),
        sa.Column("version", sa.Integer),
        sa.Column("configuration_id", sa.String(36)),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("lines", sa.JSON, nullable=False),
        sa.Column("more_lines", sa.Boolean, nullable=False),
        sa.Column("set_at", Moment),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.UniqueConstraint("run_id", "name"),
    )
    op.create_index("ix_leaks_workspace_id", "leaks", ["workspace_id", "at"])


def _settings() -> None:
    op.create_table(
        "scrub_settings",
        sa.Column("workspace_id", sa.String(36), sa.ForeignKey("workspaces.id"), primary_key=True),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("updated_by", sa.String(36), nullable=False),
    )


def _rescrubs() -> None:
    op.create_table(
        "rescrubs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("variables", sa.JSON, nullable=False),
        sa.Column("sealed", sa.JSON),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("created_by", sa.String(36), nullable=False),
        sa.Column("finished_at", Moment),
    )
    op.create_index("ix_rescrubs_workspace_id", "rescrubs", ["workspace_id", "created_at"])
    op.create_index("ix_rescrubs_state", "rescrubs", ["state"])
    op.create_table(
        "rescrub_runs",
        sa.Column("rescrub_id", sa.String(36), sa.ForeignKey("rescrubs.id"), primary_key=True),
        sa.Column("run_id", sa.String(36), primary_key=True),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("lines_changed", sa.BigInteger, nullable=False),
        sa.Column("documents_changed", sa.Integer, nullable=False),
    )
