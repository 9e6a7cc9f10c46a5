"""A region's first schema.

Revision: 0001_region, the first.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0001_region"
down_revision = None
branch_labels = None
depends_on = None


def _id(name: str, *rest: sa.schema.SchemaItem, nullable: bool = False, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(36), *rest, nullable=nullable, primary_key=primary_key)


def upgrade() -> None:
    _serves()
    _uploads()
    _variables()
    _told_by_control_plane()
    _audit()


def _serves() -> None:
    op.create_table(
        "organizations",
        _id("id", primary_key=True),
        sa.Column("dataplane_id", sa.String(16), nullable=False),
        sa.Column("pinned_at", Moment, nullable=False),
    )
    op.create_table(
        "workspaces",
        _id("id", primary_key=True),
        _id("organization_id", sa.ForeignKey("organizations.id")),
        sa.Column("policy", sa.String(16), nullable=False, server_default="open"),
        sa.Column("first_seen_at", Moment, nullable=False),
    )
    op.create_index("ix_workspaces_organization_id", "workspaces", ["organization_id"])


def _uploads() -> None:
    def common() -> list[sa.Column[object]]:
        return [
            _id("id", primary_key=True),
            _id("organization_id", sa.ForeignKey("organizations.id")),
            _id("workspace_id", sa.ForeignKey("workspaces.id")),
            sa.Column("content_hash", sa.String(44), nullable=False),
            sa.Column("file_count", sa.Integer, nullable=False),
            sa.Column("size_bytes", sa.BigInteger, nullable=False),
            sa.Column("listing", sa.LargeBinary, nullable=False),
            _id("created_by"),
            sa.Column("created_at", Moment, nullable=False),
            sa.Column("stored_at", Moment),
        ]  # pyright: ignore[reportReturnType]

    op.create_table(
        "deployments",
        *common(),
        sa.Column("archive_sha256", sa.String(64), nullable=False),
        sa.Column("requirements", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_deployments_workspace_id", "deployments", ["workspace_id"])
    op.create_index("ix_deployments_archive", "deployments", ["organization_id", "archive_sha256"])
    op.create_table("configurations", *common(), sa.Column("profiles", sa.JSON, nullable=False))
    op.create_index("ix_configurations_workspace_id", "configurations", ["workspace_id"])
    op.create_table(
        "spent_uploads",
        sa.Column("token_id", sa.String(64), primary_key=True),
        sa.Column("expires_at", Moment, nullable=False),
    )
    op.create_index("ix_spent_uploads_expires_at", "spent_uploads", ["expires_at"])


def _variables() -> None:
    op.create_table(
        "variables",
        _id("workspace_id", sa.ForeignKey("workspaces.id"), primary_key=True),
        sa.Column("scope", sa.String(160), primary_key=True),
        sa.Column("name", sa.String(200), primary_key=True),
        _id("organization_id", sa.ForeignKey("organizations.id")),
        sa.Column("is_secret", sa.Boolean, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        _id("created_by"),
        sa.Column("updated_at", Moment, nullable=False),
        _id("updated_by"),
    )
    op.create_table(
        "data_keys",
        _id("organization_id", primary_key=True),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("master_key_id", sa.String(16), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
    )


def _told_by_control_plane() -> None:
    op.create_table(
        "plane",
        sa.Column("dataplane_id", sa.String(16), primary_key=True),
        sa.Column("control_keys", sa.JSON, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "revocations",
        sa.Column("claim", sa.String(8), primary_key=True),
        sa.Column("value", sa.String(64), primary_key=True),
        sa.Column("epoch", sa.BigInteger, nullable=False),
    )


def _audit() -> None:
    op.create_table(
        "audit_log",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("membership_id", sa.String(64)),
        sa.Column("email", sa.String(320)),
        sa.Column("token_id", sa.String(64), nullable=False),
        _id("organization_id"),
        _id("workspace_id"),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("object_id", sa.String(256)),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("ix_audit_log_workspace_id", "audit_log", ["workspace_id"])
    if op.get_bind().dialect.name == "sqlite":
        for change in ("update", "delete"):
            op.execute(
                f"create trigger audit_log_no_{change} before {change} on audit_log "
                "begin select raise(abort, 'the audit log is append-only'); end"
            )
        return
    op.execute(
        "create function audit_log_refuses() returns trigger language plpgsql as "
        "$$ begin raise exception 'the audit log is append-only'; end $$"
    )
    op.execute(
        "create trigger audit_log_append_only before update or delete or truncate on audit_log "
        "for each statement execute function audit_log_refuses()"
    )
