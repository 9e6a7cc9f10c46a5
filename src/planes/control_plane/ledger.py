"""Every column that the control plane stores, with its class (Design: 4). A test fails when a column is missing here.

What no kind fits has no place on the control plane: code, file names, configuration, variables, output, errors.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What sort of thing a column holds."""

    ID = "id"  # a random id, or the id of a data plane
    TIME = "time"
    COUNT = "count"  # numbers: sizes, versions, counters, epochs
    STATE = "state"  # a word from a fixed list of ours, or a truth value
    HASH = "hash"  # a digest of a secret, of a request or of an archive
    PERSON = "person"  # names and e-mail addresses of people, and their password's argon2 form
    OPERATOR = "operator"  # words and addresses that the operator of a plane chose
    REQUEST = "request"  # where a sign-in came from, and its own public values
    NAME = "name"  # names and descriptions that users give to organizations, workspaces and keys
    WORD = "word"  # words of the user's world that job definitions, triggers and summaries carry (Contract: D.16)
    AUDIT = "audit"  # ids, roles and numbers of one event


_IDENTITY: dict[str, dict[str, Kind]] = {
    "users": {
        "id": Kind.ID, "email": Kind.PERSON, "name": Kind.PERSON, "kind": Kind.STATE, "password_hash": Kind.PERSON,
        "is_administrator": Kind.STATE, "is_vouched": Kind.STATE, "created_at": Kind.TIME, "updated_at": Kind.TIME,
    },
    "sign_up_links": {
        "link_hash": Kind.HASH, "user_id": Kind.ID, "created_at": Kind.TIME, "expires_at": Kind.TIME,
        "spent_at": Kind.TIME,
    },
    "sessions": {
        "id": Kind.ID, "user_id": Kind.ID, "method": Kind.STATE, "created_at": Kind.TIME, "revoked_at": Kind.TIME,
        "revoked_because": Kind.STATE,
    },
    "refresh_tokens": {
        "token_hash": Kind.HASH, "session_id": Kind.ID, "created_at": Kind.TIME, "expires_at": Kind.TIME,
        "spent_at": Kind.TIME,
    },
    "swap_codes": {
        "code_hash": Kind.HASH, "session_id": Kind.ID, "created_at": Kind.TIME, "expires_at": Kind.TIME,
        "spent_at": Kind.TIME,
    },
    "device_codes": {
        "id": Kind.ID, "device_hash": Kind.HASH, "user_code_hash": Kind.HASH, "state": Kind.STATE, "user_id": Kind.ID,
        "requester_address": Kind.REQUEST, "client": Kind.REQUEST, "failed_tries": Kind.COUNT, "created_at": Kind.TIME,
        "expires_at": Kind.TIME, "polled_at": Kind.TIME,
    },
    "authorizations": {
        "id": Kind.ID, "request_hash": Kind.HASH, "redirect_uri": Kind.REQUEST, "code_challenge": Kind.HASH,
        "client_state": Kind.REQUEST, "state": Kind.STATE, "user_id": Kind.ID, "requester_address": Kind.REQUEST,
        "client": Kind.REQUEST, "failed_tries": Kind.COUNT, "created_at": Kind.TIME, "expires_at": Kind.TIME,
        "code_hash": Kind.HASH, "code_expires_at": Kind.TIME,
    },
    "api_keys": {
        "id": Kind.ID, "key_hash": Kind.HASH, "name": Kind.NAME, "user_id": Kind.ID, "workspace_id": Kind.ID,
        "role": Kind.STATE, "created_by": Kind.ID, "created_at": Kind.TIME, "expires_at": Kind.TIME,
        "last_used_at": Kind.TIME, "revoked_at": Kind.TIME,
    },
    "revocations": {"epoch": Kind.COUNT, "claim": Kind.STATE, "value": Kind.ID, "created_at": Kind.TIME},
    "audit_events": {
        "sequence": Kind.COUNT, "at": Kind.TIME, "action": Kind.STATE, "actor_user_id": Kind.ID,
        "actor_session_id": Kind.ID, "subject": Kind.ID, "organization_id": Kind.ID, "facts": Kind.AUDIT,
        "previous_hash": Kind.HASH, "hash": Kind.HASH,
    },
}  # fmt: skip

_PLACES: dict[str, dict[str, Kind]] = {
    "organizations": {
        "id": Kind.ID, "name": Kind.NAME, "description": Kind.NAME, "dataplane_id": Kind.ID,
        "personal_user_id": Kind.ID, "created_at": Kind.TIME, "updated_at": Kind.TIME,
    },
    "organization_memberships": {
        "id": Kind.ID, "organization_id": Kind.ID, "user_id": Kind.ID, "role": Kind.STATE, "is_active": Kind.STATE,
        "created_at": Kind.TIME, "updated_at": Kind.TIME,
    },
    # Until they are accepted or revoked.
    "invites": {
        "id": Kind.ID, "organization_id": Kind.ID, "email": Kind.PERSON, "role": Kind.STATE, "link_hash": Kind.HASH,
        "invited_by": Kind.ID, "created_at": Kind.TIME, "expires_at": Kind.TIME,
    },
    "invite_workspaces": {"invite_id": Kind.ID, "workspace_id": Kind.ID, "role": Kind.STATE},
    "workspaces": {
        "id": Kind.ID, "organization_id": Kind.ID, "name": Kind.NAME, "description": Kind.NAME,
        "is_playground": Kind.STATE, "default_role": Kind.STATE, "key_policy": Kind.STATE, "is_strict": Kind.STATE,
        "created_at": Kind.TIME, "updated_at": Kind.TIME, "archived_at": Kind.TIME,
    },
    "workspace_memberships": {
        "id": Kind.ID, "workspace_id": Kind.ID, "organization_membership_id": Kind.ID, "role": Kind.STATE,
        "created_at": Kind.TIME, "updated_at": Kind.TIME,
    },
    "data_planes": {
        "id": Kind.ID, "name": Kind.OPERATOR, "region": Kind.OPERATOR, "description": Kind.OPERATOR,
        "key_id": Kind.HASH, "public_key": Kind.OPERATOR, "url": Kind.OPERATOR, "created_at": Kind.TIME,
        "enrolled_at": Kind.TIME, "last_seen_at": Kind.TIME, "drained_at": Kind.TIME, "clean_before": Kind.TIME,
        "process_id": Kind.ID, "process_started_at": Kind.TIME,
    },
    "join_tokens": {
        "token_hash": Kind.HASH, "dataplane_id": Kind.ID, "created_at": Kind.TIME, "expires_at": Kind.TIME,
        "spent_at": Kind.TIME,
    },
    "link_calls": {"token_id": Kind.ID, "expires_at": Kind.TIME},
}  # fmt: skip

# Deployments, jobs, runs.
_VERSION: dict[str, Kind] = {
    "id": Kind.ID, "workspace_id": Kind.ID, "version": Kind.COUNT, "content_hash": Kind.HASH,
    "file_count": Kind.COUNT, "size_bytes": Kind.COUNT, "created_by": Kind.ID, "created_at": Kind.TIME,
}  # fmt: skip
_WORK: dict[str, dict[str, Kind]] = {
    "deployments": {**_VERSION, "requirements_size_bytes": Kind.COUNT, "retired_at": Kind.TIME},
    # The names of the profiles that the configuration has files for.
    "configurations": {**_VERSION, "profiles": Kind.WORD},
    "deploy_states": {
        "workspace_id": Kind.ID, "deployment_id": Kind.ID, "configuration_id": Kind.ID, "lock_holder": Kind.ID,
        "locked_until": Kind.TIME, "rolled_back_to": Kind.ID, "keep_versions": Kind.COUNT,
    },
    # The jobs that a code version was deployed with.
    "releases": {
        "deployment_id": Kind.ID, "workspace_id": Kind.ID, "configuration_id": Kind.ID, "module": Kind.WORD,
        "description": Kind.WORD, "job_version_ids": Kind.ID, "created_by": Kind.ID, "created_at": Kind.TIME,
    },
    "jobs": {
        "id": Kind.ID, "workspace_id": Kind.ID, "job_ref": Kind.WORD, "name": Kind.WORD, "job_type": Kind.STATE,
        "category": Kind.STATE, "profile": Kind.WORD, "pipeline_name": Kind.WORD, "module": Kind.WORD,
        "version": Kind.COUNT, "version_id": Kind.ID, "public_secret": Kind.ID, "is_archived": Kind.STATE,
        "is_paused": Kind.STATE, "paused_at": Kind.TIME, "is_self_firing": Kind.STATE, "is_system": Kind.STATE,
        "last_run_number": Kind.COUNT, "latest_run_id": Kind.ID, "completed_end": Kind.TIME,
        # A start that waits for upstream jobs: its trigger and profile.
        "next_fire_at": Kind.TIME, "deferred": Kind.WORD, "created_by": Kind.ID, "created_at": Kind.TIME,
        "updated_at": Kind.TIME,
    },
    "job_versions": {
        "id": Kind.ID, "job_id": Kind.ID, "version": Kind.COUNT, "definition": Kind.WORD,
        "definition_hash": Kind.HASH, "engine_version": Kind.COUNT, "module": Kind.WORD, "profile": Kind.WORD,
        "triggers": Kind.WORD, "default_trigger": Kind.WORD, "created_by": Kind.ID, "created_at": Kind.TIME,
    },
    "job_triggers": {
        "job_id": Kind.ID, "position": Kind.COUNT, "trigger": Kind.WORD, "kind": Kind.STATE,
    },
    "clocks": {
        "job_id": Kind.ID, "trigger": Kind.WORD, "since": Kind.TIME, "last_fire_at": Kind.TIME,
        "next_fire_at": Kind.TIME,
    },
    "runs": {
        "id": Kind.ID, "organization_id": Kind.ID, "workspace_id": Kind.ID, "dataplane_id": Kind.ID,
        "job_id": Kind.ID, "job_version_id": Kind.ID, "number": Kind.COUNT, "status": Kind.STATE,
        "trigger": Kind.WORD, "trigger_kind": Kind.STATE, "profile": Kind.WORD, "deployment_id": Kind.ID,
        "configuration_id": Kind.ID, "is_refresh": Kind.STATE, "is_system": Kind.STATE,
        "interval_start": Kind.TIME, "interval_end": Kind.TIME, "moves_watermark": Kind.STATE,
        "triggered_by": Kind.ID, "follows_viewer": Kind.STATE, "previous_job_run_id": Kind.ID,
        "chain_depth": Kind.COUNT, "time_limit_seconds": Kind.COUNT, "grace_seconds": Kind.COUNT,
        "created_at": Kind.TIME, "updated_at": Kind.TIME, "started_at": Kind.TIME, "finished_at": Kind.TIME,
        "duration_seconds": Kind.COUNT, "fence": Kind.COUNT, "is_acknowledged": Kind.STATE,
        "claimed_at": Kind.TIME, "claimed_by": Kind.ID, "lease_expires_at": Kind.TIME, "unreachable_since": Kind.TIME,
        "cancel_told_at": Kind.TIME, "is_lost": Kind.STATE, "attempt": Kind.COUNT, "not_before": Kind.TIME,
        "backfill_id": Kind.ID, "webhook_call_id": Kind.ID,
    },
    "backfills": {
        "id": Kind.ID, "workspace_id": Kind.ID, "job_id": Kind.ID, "job_version_id": Kind.ID, "deployment_id": Kind.ID,
        "configuration_id": Kind.ID, "profile": Kind.WORD, "state": Kind.STATE, "starts_at": Kind.TIME,
        "ends_at": Kind.TIME, "slice_size": Kind.COUNT, "parallel": Kind.COUNT, "attempts": Kind.COUNT,
        "wait_seconds": Kind.COUNT, "created_by": Kind.ID, "created_at": Kind.TIME, "updated_at": Kind.TIME,
        "finished_at": Kind.TIME,
    },
    "backfill_slices": {
        "backfill_id": Kind.ID, "position": Kind.COUNT, "job_id": Kind.ID, "starts_at": Kind.TIME, "ends_at": Kind.TIME,
        "state": Kind.STATE, "is_ahead": Kind.STATE, "run_id": Kind.ID, "updated_at": Kind.TIME,
    },
    "changes": {
        "sequence": Kind.COUNT, "workspace_id": Kind.ID, "job_id": Kind.ID, "run_id": Kind.ID, "number": Kind.COUNT,
        "status": Kind.STATE, "created_at": Kind.TIME, "started_at": Kind.TIME, "finished_at": Kind.TIME,
    },
    "passed_over": {"job_id": Kind.ID, "at": Kind.TIME, "trigger": Kind.WORD, "status": Kind.STATE},
    "job_retries": {"job_id": Kind.ID, "attempts": Kind.COUNT, "wait_seconds": Kind.COUNT},
    "pipeline_runs": {
        "id": Kind.ID, "run_id": Kind.ID, "pipeline_name": Kind.WORD, "dataset_name": Kind.WORD,
        "destination_name": Kind.WORD, "transaction_id": Kind.WORD, "status": Kind.STATE, "started_at": Kind.TIME,
        "finished_at": Kind.TIME, "duration_ms": Kind.COUNT, "total_rows": Kind.COUNT,
    },
}  # fmt: skip

LEDGER: dict[str, dict[str, Kind]] = {**_IDENTITY, **_PLACES, **_WORK}
"""Table → column → kind."""
