"""From plain values to the settings of each plane: the one place that reads the planes' environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zlib import crc32

from planes.domain.errors import InvalidRequest
from planes.domain.retention import GIB, Retention
from planes.host.home import Home
from planes.host.run_limits import run_limits
from planes.settings import BuilderSettings, ControlPlaneSettings, DataPlaneSettings
from planes.wire.addresses import is_loopback

PREFIX = "DLTHUB_TUI_"
CONTROL = "control"

# Where the regions of a platform are, in words for people and as a place name.
KNOWN_PLACES = {"us1": "United States", "eu1": "Europe"}
DEFAULT_DATA_PLANES = ("us1", "eu1")

_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_FIRST_UID, _UIDS = 70_000, 10_000
_MOST_DIGITS = 6
# PATH only says where else interpreters lie.
_BUILDER_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "PATH")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformOptions:
    """What the command line or an embedding application asks for.

    `part` is `all`, `control` or `data`; a lone data plane needs `dataplane_id`, `control_plane_url` and, the first
    time, `join_token`. `port` None takes the kept or known ports, 0 free ones. `may_move`: take free ports where the
    wanted ones are taken. `public_url` replaces the address that clients are told.
    """

    home: Home
    version: str
    part: str = "all"
    host: str = "127.0.0.1"
    port: int | None = None
    may_move: bool = False
    insecure: bool = False
    public_url: str | None = None
    dataplane_id: str | None = None
    control_plane_url: str | None = None
    join_token: str | None = None
    log_level: str = "info"
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


class InsecureBinding(Exception):
    """The platform would listen beyond this machine without TLS (Security: 12)."""


def is_insecure(options: PlatformOptions) -> bool:
    """Whether it would listen beyond this machine: planes have no TLS of their own."""
    return not is_loopback(options.host)


def check_binding(options: PlatformOptions) -> None:
    """Raises: InsecureBinding when the host is not loopback and `insecure` was not asked for."""
    if is_insecure(options) and not options.insecure:
        raise InsecureBinding(
            f"Listening on {options.host} without TLS would send tokens and logs in the clear. "
            "Listen on 127.0.0.1 behind a TLS proxy, or say --insecure if this network is yours alone."
        )


def control_settings(options: PlatformOptions, public_url: str) -> ControlPlaneSettings:
    """The control plane's settings; its database is a file in the home unless an URL is given."""
    folder = options.home.control_folder
    return ControlPlaneSettings(
        folder=folder,
        public_url=public_url,
        database_url=database_url(CONTROL, folder, options.environment),
        owner_key_file=options.home.owner_key_file,
        version=options.version,
        is_insecure=is_insecure(options),
        host_names=_names(options.host, public_url),
        owners_invite=_one_of(
            f"{PREFIX}INVITES", {"": True, "owners": True, "administrators": False}, options.environment
        ),
    )


def data_settings(
    options: PlatformOptions,
    dataplane_id: str,
    *,
    public_url: str,
    control_plane_url: str,
    join_token: str | None,
    kept_ports: tuple[int, ...] = (),
) -> DataPlaneSettings:
    """One data plane's settings; its database is a file in its folder unless an URL is given."""
    folder = options.home.data_folder(dataplane_id)
    return DataPlaneSettings(
        folder=folder,
        dataplane_id=dataplane_id,
        region=KNOWN_PLACES.get(dataplane_id, dataplane_id),
        public_url=public_url,
        control_plane_url=control_plane_url,
        database_url=database_url(dataplane_id, folder, options.environment),
        version=options.version,
        join_token=join_token,
        master_key=options.environment.get(f"{PREFIX}{dataplane_id.upper()}_MASTER_KEY"),
        blobs_url=blobs_url(dataplane_id, options.environment),
        host_names=_names(options.host, public_url),
        home_id=options.home.lock_id(),
        private=options.home.root,
        kept_ports=kept_ports,
        job_reads=_folders(options.environment.get(f"{PREFIX}JOB_READS", "")),
        job_writes=_folders(options.environment.get(f"{PREFIX}JOB_WRITES", "")),
        refuses_uncontained=_one_of(
            f"{PREFIX}UNCONTAINED", {"": False, "run": False, "refuse": True}, options.environment
        ),
        is_strict=is_strict(options.environment, dataplane_id),
        jobs_have_network=_one_of(
            _named("JOB_NETWORK", options.environment, dataplane_id),
            {"": True, "shared": True, "none": False},
            options.environment,
        ),
        apps_domain=options.environment.get(f"{PREFIX}APPS_DOMAIN", "localhost"),
        alert_destinations=options.environment.get(f"{PREFIX}ALERT_DESTINATIONS", ""),
        builder=_builder(options.environment),
        retention=retention(options.environment),
        run_limits=run_limits(options.environment, dataplane_id),
        uid_range=uid_range(dataplane_id),
    )


def retention(environment: Mapping[str, str]) -> Retention:
    """How long regions keep things: whole days and GiB, 0 for no limit (docs/housekeeping.md).

    Raises: InvalidRequest for what is no such number.
    """
    given = {
        name: _whole(f"{PREFIX}KEEP_{variable}", environment)
        for name, variable in (
            ("log_days", "LOGS_DAYS"),
            ("log_bytes", "LOGS_GB"),
            ("environment_days", "ENVIRONMENTS_DAYS"),
            ("environment_bytes", "ENVIRONMENTS_GB"),
            ("code_days", "CODE_DAYS"),
        )
    }
    return Retention(
        **{name: value * (GIB if name.endswith("_bytes") else 1) for name, value in given.items() if value is not None}
    )


def trusted_proxies(environment: Mapping[str, str]) -> str:
    """Whose word counts on where a request comes from: addresses and networks, joined by commas; usually none.

    Raises: InvalidRequest.
    """
    name = f"{PREFIX}TRUSTED_PROXIES"
    words = environment.get(name, "").replace(",", " ").split()
    try:
        return ",".join(str(ip_network(word)) for word in words)
    except ValueError as exc:
        raise InvalidRequest(
            "bad_setting", f"{name} is a list of addresses and networks, such as 127.0.0.1, 10.1.0.0/16."
        ) from exc


def is_proxy_unnamed(options: PlatformOptions) -> bool:
    """Whether clients come by TLS, which planes do not speak, and nothing says through whom. Raises: InvalidRequest."""
    return (options.public_url or "").startswith("https:") and not trusted_proxies(options.environment)


def is_strict(environment: Mapping[str, str], dataplane_id: str) -> bool:
    """Whether a region's jobs run inside bubblewrap. Raises: InvalidRequest."""
    words = {"": False, "floor": False, "strict": True}
    return _one_of(_named("CONTAINMENT", environment, dataplane_id), words, environment)


def _named(name: str, environment: Mapping[str, str], dataplane_id: str) -> str:
    """The region's own variable of this name where there is one, else that for all of them."""
    own = f"{PREFIX}{dataplane_id.upper()}_{name}"
    return own if environment.get(own, "").strip() else f"{PREFIX}{name}"


def _one_of(name: str, meanings: Mapping[str, bool], environment: Mapping[str, str]) -> bool:
    """Raises: InvalidRequest for another word than these."""
    word = environment.get(name, "").strip()
    if word not in meanings:
        raise InvalidRequest(
            "bad_setting", f"{name} is {' or '.join(filter(None, meanings))}; {word[:20]!r} is neither."
        )
    return meanings[word]


def _whole(name: str, environment: Mapping[str, str]) -> int | None:
    word = environment.get(name, "").strip()
    if not word:
        return None
    if not (word.isascii() and word.isdigit() and len(word) <= _MOST_DIGITS):
        raise InvalidRequest("bad_setting", f"{name} is a whole number, 0 for no limit; {word[:20]!r} is none.")
    return int(word)


def database_url(part: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Where a plane keeps its database: what the environment says, else a file in its folder."""
    name = "control.db" if part == CONTROL else "region.db"
    return environment.get(f"{PREFIX}{part.upper()}_DATABASE_URL", f"sqlite+aiosqlite:///{folder / name}")


def blobs_url(dataplane_id: str, environment: Mapping[str, str]) -> str | None:
    """The bucket of a region's archives; None where they lie in its folder, also by a variable that is empty."""
    return environment.get(f"{PREFIX}{dataplane_id.upper()}_BLOBS_URL") or None


def uid_range(dataplane_id: str) -> tuple[int, int]:
    """First uid and count for the jobs of a data plane: planes of one machine share none, or jobs would share files."""
    known = list(KNOWN_PLACES)
    place = known.index(dataplane_id) if dataplane_id in known else len(known) + crc32(dataplane_id.encode()) % 100
    return _FIRST_UID + place * _UIDS, _UIDS


def _folders(listed: str) -> tuple[Path, ...]:
    """A list as in `PATH`; what is not absolute is left out."""
    return tuple(Path(word) for word in listed.split(os.pathsep) if os.path.isabs(word))


def _builder(environment: Mapping[str, str]) -> BuilderSettings:
    passed = {
        name: value
        for name, value in environment.items()
        if name.startswith("UV_") or name in _BUILDER_VARIABLES or name.upper().endswith("_PROXY")
    }
    return BuilderSettings(
        index_url=environment.get(f"{PREFIX}INDEX_URL"),
        system_certs=environment.get(f"{PREFIX}SYSTEM_CERTS", "") in {"1", "true", "yes"},
        source_builds=_one_of(f"{PREFIX}SOURCE_BUILDS", {"": False, "refuse": False, "allow": True}, environment),
        environment=passed,
    )


def _names(host: str, public_url: str) -> frozenset[str]:
    names = {(urlsplit(public_url).hostname or "").lower(), host.lower()}
    if is_loopback(host):
        names |= _LOOPBACK_NAMES
    return frozenset(names - {"0.0.0.0", "::", ""})  # noqa: S104 - names, nothing is bound here
