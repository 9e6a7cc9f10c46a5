"""Users, sessions, keys, organizations with their permanent region, workspaces, data planes, revocations, audit.

Revision: 0001_identity, after nothing.
"""

import sqlalchemy as sa
from alembic import op

from planes.storage.types import Moment

revision = "0001_identity"
down_revision = None
branch_labels = None
depends_on = None

# A row is refused when it would move, lose or replace a set region. `insert or replace` deletes without firing delete
# triggers, so inserting is watched too; ids are part of the lock, since everything else refers to them.
_SQLITE = (
    """create trigger organizations_region_is_permanent before update on organizations
    when old.dataplane_id is not null and (new.dataplane_id is not old.dataplane_id or new.id is not old.id)
    begin select raise(abort, 'the region of an organization is permanent'); end""",
    """create trigger organizations_region_is_kept before delete on organizations
    when old.dataplane_id is not null begin select raise(abort, 'the region of an organization is permanent'); end""",
    """create trigger organizations_region_is_not_replaced before insert on organizations
    when exists (select 1 from organizations where id = new.id and dataplane_id is not null)
    begin select raise(abort, 'the region of an organization is permanent'); end""",
    """create trigger data_planes_id_is_permanent before update of id on data_planes
    when new.id is not old.id begin select raise(abort, 'the region of an organization is permanent'); end""",
    """create trigger data_planes_in_use_are_kept before delete on data_planes
    when exists (select 1 from organizations where dataplane_id = old.id)
    begin select raise(abort, 'the region of an organization is permanent'); end""",
    """create trigger audit_events_do_not_change before update on audit_events
    begin select raise(abort, 'the audit log is only ever added to'); end""",
    """create trigger audit_events_are_kept before delete on audit_events
    begin select raise(abort, 'the audit log is only ever added to'); end""",
    """create trigger audit_events_are_not_replaced before insert on audit_events
    when exists (select 1 from audit_events where sequence = new.sequence)
    begin select raise(abort, 'the audit log is only ever added to'); end""",
)

_POSTGRES = (
    """create function refuse_region_change() returns trigger language plpgsql as $$
    begin raise exception 'the region of an organization is permanent' using errcode = 'check_violation'; end $$""",
    """create function refuse_audit_change() returns trigger language plpgsql as $$
    begin raise exception 'the audit log is only ever added to' using errcode = 'check_violation'; end $$""",
    """create trigger organizations_region_is_permanent before update on organizations for each row
    when (old.dataplane_id is not null and (new.dataplane_id is distinct from old.dataplane_id or new.id <> old.id))
    execute function refuse_region_change()""",
    """create trigger organizations_region_is_kept before delete on organizations for each row
    when (old.dataplane_id is not null) execute function refuse_region_change()""",
    """create trigger organizations_are_not_truncated before truncate on organizations
    execute function refuse_region_change()""",
    """create trigger data_planes_id_is_permanent before update of id on data_planes for each row
    when (new.id <> old.id) execute function refuse_region_change()""",
    """create trigger audit_events_do_not_change before update or delete on audit_events for each row
    execute function refuse_audit_change()""",
    """create trigger audit_events_are_not_truncated before truncate on audit_events
    execute function refuse_audit_change()""",
)


def upgrade() -> None:
    _create_tables()
    statements = _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRES
    for statement in statements:
        op.execute(statement)


def _create_tables() -> None:
    op.create_table(
        "audit_events",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("actor_user_id", sa.String(length=36), nullable=True),
        sa.Column("actor_session_id", sa.String(length=36), nullable=True),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("organization_id", sa.String(length=36), nullable=True),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_organization_id", "audit_events", ["organization_id"], unique=False)
    op.create_table(
        "data_planes",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("region", sa.String(length=64), nullable=False),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("key_id", sa.String(length=16), nullable=True),
        sa.Column("public_key", sa.String(length=64), nullable=True),
        sa.Column("url", sa.String(length=300), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("enrolled_at", Moment(), nullable=True),
        sa.Column("last_seen_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_data_planes"),
        sa.UniqueConstraint("key_id", name="uq_data_planes_key_id"),
    )
    op.create_table(
        "link_calls",
        sa.Column("token_id", sa.String(length=36), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("token_id", name="pk_link_calls"),
    )
    op.create_index("ix_link_calls_expires_at", "link_calls", ["expires_at"], unique=False)
    op.create_table(
        "revocations",
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("claim", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("epoch", name="pk_revocations"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=256), nullable=True),
        sa.Column("is_administrator", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    op.create_table(
        "authorizations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("redirect_uri", sa.String(length=512), nullable=False),
        sa.Column("code_challenge", sa.String(length=43), nullable=False),
        sa.Column("client_state", sa.String(length=512), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=True),
        sa.Column("requester_address", sa.String(length=64), nullable=False),
        sa.Column("client", sa.String(length=120), nullable=False),
        sa.Column("failed_tries", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=True),
        sa.Column("code_expires_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_authorizations_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_authorizations"),
        sa.UniqueConstraint("code_hash", name="uq_authorizations_code_hash"),
        sa.UniqueConstraint("request_hash", name="uq_authorizations_request_hash"),
    )
    op.create_index("ix_authorizations_expires_at", "authorizations", ["expires_at"], unique=False)
    op.create_table(
        "device_codes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("device_hash", sa.String(length=64), nullable=False),
        sa.Column("user_code_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=True),
        sa.Column("requester_address", sa.String(length=64), nullable=False),
        sa.Column("client", sa.String(length=120), nullable=False),
        sa.Column("failed_tries", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("polled_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_device_codes_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_device_codes"),
        sa.UniqueConstraint("device_hash", name="uq_device_codes_device_hash"),
        sa.UniqueConstraint("user_code_hash", name="uq_device_codes_user_code_hash"),
    )
    op.create_index("ix_device_codes_expires_at", "device_codes", ["expires_at"], unique=False)
    op.create_table(
        "join_tokens",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("dataplane_id", sa.String(length=16), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("spent_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["dataplane_id"], ["data_planes.id"], name="fk_join_tokens_dataplane_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_join_tokens"),
    )
    op.create_table(
        "organizations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("description", sa.String(length=4096), nullable=True),
        sa.Column("dataplane_id", sa.String(length=16), nullable=True),
        sa.Column("personal_user_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["dataplane_id"], ["data_planes.id"], name="fk_organizations_dataplane_id"),
        sa.ForeignKeyConstraint(["personal_user_id"], ["users.id"], name="fk_organizations_personal_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
        sa.UniqueConstraint("personal_user_id", name="uq_organizations_personal_user_id"),
    )
    op.create_index("ix_organizations_dataplane_id", "organizations", ["dataplane_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("method", sa.String(length=24), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.Column("revoked_because", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"], unique=False)
    op.create_table(
        "sign_up_links",
        sa.Column("link_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("spent_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sign_up_links_user_id"),
        sa.PrimaryKeyConstraint("link_hash", name="pk_sign_up_links"),
    )
    op.create_index("ix_sign_up_links_user_id", "sign_up_links", ["user_id"], unique=False)
    op.create_table(
        "organization_memberships",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organization_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_organization_memberships_organization_id"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_organization_memberships_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_organization_memberships"),
        sa.UniqueConstraint("organization_id", "user_id", name="uq_organization_memberships_organization_id_user_id"),
    )
    op.create_index("ix_organization_memberships_user_id", "organization_memberships", ["user_id"], unique=False)
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("spent_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_refresh_tokens_session_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_refresh_tokens"),
    )
    op.create_index("ix_refresh_tokens_expires_at", "refresh_tokens", ["expires_at"], unique=False)
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"], unique=False)
    op.create_table(
        "swap_codes",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("spent_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_swap_codes_session_id"),
        sa.PrimaryKeyConstraint("code_hash", name="pk_swap_codes"),
    )
    op.create_table(
        "workspaces",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organization_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("description", sa.String(length=4096), nullable=True),
        sa.Column("is_playground", sa.Boolean(), nullable=False),
        sa.Column("default_role", sa.String(length=16), nullable=True),
        sa.Column("key_policy", sa.String(length=16), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("archived_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_workspaces_organization_id"),
        sa.PrimaryKeyConstraint("id", name="pk_workspaces"),
    )
    op.create_index("ix_workspaces_organization_id", "workspaces", ["organization_id"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("workspace_id", sa.String(length=36), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=True),
        sa.Column("created_by", sa.String(length=36), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("last_used_at", Moment(), nullable=True),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_api_keys_created_by"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_api_keys_user_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_api_keys_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("key_hash", name="uq_api_keys_key_hash"),
    )
    op.create_index("ix_api_keys_user_id", "api_keys", ["user_id"], unique=False)
    op.create_index("ix_api_keys_workspace_id", "api_keys", ["workspace_id"], unique=False)
    op.create_table(
        "workspace_memberships",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("organization_membership_id", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_membership_id"],
            ["organization_memberships.id"],
            name="fk_workspace_memberships_organization_membership_id",
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_workspace_memberships_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_workspace_memberships"),
        sa.UniqueConstraint(
            "workspace_id",
            "organization_membership_id",
            name="uq_workspace_memberships_member",
        ),
    )
    op.create_index(
        "ix_workspace_memberships_organization_membership_id",
        "workspace_memberships",
        ["organization_membership_id"],
        unique=False,
    )
