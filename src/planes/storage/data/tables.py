"""Tables of a region: who it serves, what was uploaded, variables, what the control plane said, and the audit log."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from planes.storage.data.metadata import metadata
from planes.storage.types import Moment, document, identifier

organizations = Table(
    "organizations",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("dataplane_id", String(16), nullable=False),
    Column("pinned_at", Moment, nullable=False),
)

# `policy` is reserved for region keys (Security: 10); `open` asks for none.
workspaces = Table(
    "workspaces",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("organization_id", identifier(), ForeignKey("organizations.id"), nullable=False, index=True),
    Column("policy", String(16), nullable=False, server_default="open"),
    Column("first_seen_at", Moment, nullable=False),
)

# `stored_at` is null until the control plane is known to have the version; the archive of a retired one is gone.
deployments = Table(
    "deployments",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("organization_id", identifier(), ForeignKey("organizations.id"), nullable=False),
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), nullable=False, index=True),
    Column("archive_sha256", String(64), nullable=False),
    Column("content_hash", String(44), nullable=False),
    Column("file_count", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("requirements", LargeBinary, nullable=False),
    Column("listing", LargeBinary, nullable=False),
    Column("created_by", identifier(), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("stored_at", Moment),
    Column("retired_at", Moment),
    Index("ix_deployments_archive", "organization_id", "archive_sha256"),
)

configurations = Table(
    "configurations",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("organization_id", identifier(), ForeignKey("organizations.id"), nullable=False),
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), nullable=False, index=True),
    Column("content_hash", String(44), nullable=False),
    Column("file_count", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("profiles", document(), nullable=False),
    Column("listing", LargeBinary, nullable=False),
    Column("created_by", identifier(), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("stored_at", Moment),
)

spent_uploads = Table(
    "spent_uploads",
    metadata,
    Column("token_id", String(64), primary_key=True),
    Column("expires_at", Moment, nullable=False, index=True),
)

# `scope` is `workspace` or `profile:<name>`. A plain variable has `value`, a secret one `sealed`.
variables = Table(
    "variables",
    metadata,
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), primary_key=True),
    Column("scope", String(160), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("organization_id", identifier(), ForeignKey("organizations.id"), nullable=False),
    Column("is_secret", Boolean, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", identifier(), nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("updated_by", identifier(), nullable=False),
)

data_keys = Table(
    "data_keys",
    metadata,
    Column("organization_id", identifier(), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("master_key_id", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
)

# One row: which plane this database belongs to and what the control plane last said.
plane = Table(
    "plane",
    metadata,
    Column("dataplane_id", String(16), primary_key=True),
    Column("control_keys", document(), nullable=False),
    Column("epoch", BigInteger, nullable=False),
)

revocations = Table(
    "revocations",
    metadata,
    Column("claim", String(8), primary_key=True),
    Column("value", String(64), primary_key=True),
    Column("epoch", BigInteger, nullable=False),
)

# Append-only (by trigger) and chained: `hash` covers the row and `previous_hash`.
audit_log = Table(
    "audit_log",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("membership_id", String(64)),
    Column("email", String(320)),
    Column("token_id", String(64), nullable=False),
    Column("organization_id", String(36), nullable=False),
    Column("workspace_id", String(36), nullable=False, index=True),
    Column("action", String(64), nullable=False),
    Column("object_id", String(256), index=True),
    Column("details", document(), nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
