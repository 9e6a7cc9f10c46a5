"""Typed settings of the planes. The host builds them; nothing else reads the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from planes.domain.retention import Retention
from planes.domain.run_limits import RunLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlaneSettings:
    """What the control plane needs to start.

    `folder` is its own (0700). `public_url` is the address that clients use, without a trailing slash. `host_names` are
    further names (without port) that requests may carry in Host. `owner_key_file` answers the challenge of the home's
    socket (Security: 5). `is_insecure`: it listens beyond this machine without TLS (Security: 12). `owners_invite`:
    owners of organizations invite people who are not on the platform, not only administrators.
    """

    folder: Path
    public_url: str
    database_url: str
    owner_key_file: Path
    version: str
    is_insecure: bool = False
    host_names: frozenset[str] = frozenset()
    session_seconds: int = 3600
    refresh_seconds: int = 30 * 24 * 3600
    lease_seconds: int = 30
    lost_after_seconds: int = 600
    owners_invite: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BuilderSettings:
    """What the environment builder is told about package indexes (Borders: 6).

    Without `source_builds` it installs wheels only (Security: 6).
    """

    index_url: str | None = None
    system_certs: bool = False
    source_builds: bool = False
    environment: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPlaneSettings:
    """What one data plane needs to start.

    `join_token` is needed for the first start only. `uid_range` (first, count) is used when the platform is root: one
    uid per workspace. `upload_limit_bytes` bounds an archive, `unpacked_limit_bytes` what comes out of it. `master_key`
    (32 bytes in base64) replaces the vault's key file; `blobs_url` (`s3://…`) the folder of blobs. Apps are met at
    names below `apps_domain`, and end when nobody has used them for `app_idle_seconds`. No two processes with the same
    `home_id` run at once.
    `alert_destinations` are what alerts may go to beside the public internet (docs/alerts.md), `alert_retry_seconds`
    the waits between tries, where they are not to be the usual ones.
    At most `most_standing` interpreters stand by for runs of kinds that are in use, some 75 MB each.
    `private` (the plane's folder when None) stays closed to jobs also where it lies below a folder of the system;
    `job_reads` and `job_writes` are further folders that every job may read and change.
    With `refuses_uncontained` a run is not started where this system lacks a part of its containment. `is_strict`: jobs
    and builds run inside bubblewrap, jobs without a network unless `jobs_have_network`.
    `kept_ports` are descriptors of sockets that keep the ports of the platform's planes; runners hold them too.
    """

    folder: Path
    dataplane_id: str
    region: str
    public_url: str
    control_plane_url: str
    database_url: str
    version: str
    join_token: str | None = field(default=None, repr=False)
    master_key: str | None = field(default=None, repr=False)
    blobs_url: str | None = None
    host_names: frozenset[str] = frozenset()
    slots: int = 8
    most_standing: int = 2
    home_id: str | None = None
    private: Path | None = None
    kept_ports: tuple[int, ...] = ()
    job_reads: tuple[Path, ...] = ()
    job_writes: tuple[Path, ...] = ()
    refuses_uncontained: bool = False
    is_strict: bool = False
    jobs_have_network: bool = True
    apps_domain: str = "localhost"
    app_idle_seconds: float = 600.0
    uid_range: tuple[int, int] = (70_000, 10_000)
    upload_limit_bytes: int = 256 * 1024 * 1024
    unpacked_limit_bytes: int = 2 * 1024 * 1024 * 1024
    log_limit_bytes: int = 1024 * 1024 * 1024
    alert_destinations: str = ""
    alert_retry_seconds: tuple[float, ...] | None = None
    builder: BuilderSettings = field(default_factory=BuilderSettings)
    retention: Retention = field(default_factory=Retention)
    run_limits: RunLimits = field(default_factory=RunLimits)
