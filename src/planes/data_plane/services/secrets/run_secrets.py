"""What a run must never print, and what it is given by its environment (Contract: 5.3, Security: 8)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from planes.data_plane.executor.layout import files_of_profile
from planes.data_plane.services.secrets.toml_files import read_toml
from planes.data_plane.services.secrets.variables import (
    RESERVED_NAMES,
    RESERVED_PREFIXES,
    SHORTEST_SCRUBBED,
    ResolvedVariables,
)
from planes.scrub import MOST_TEXTS
from planes.storage.vault import Place

Pairs = tuple[tuple[str, str], ...]

# What makes the launchers' programs serve their own assets, ask nobody for news, and watch no folder, which is refused
# (`planes.data_plane.runner.containment.calls`); variables go before.
APP_ENVIRONMENT = {
    "MARIMO__ASSET_URL": "",
    "MARIMO_SKIP_UPDATE_CHECK": "1",
    "STREAMLIT__GATHER_USAGE_STATS": "false",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
    "FASTMCP_CHECK_FOR_UPDATES": "off",
}

SECRETS = "secrets.toml"
_SEARCHED = "/usr/local/bin:/usr/bin:/bin"
_QUOTED = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'([^'\n]*)'")
_MOST_NAME = 200
# Parts of a connection that dlt's specifications do not hold for secrets. They stand beside the password in most
# `secrets.toml`; what they say is registered all the same, but for what stands in every log.
_OPEN_PARTS = frozenset({"drivername", "host", "database", "username"})
_DRIVER = re.compile(r"[a-z0-9_]+(\+[a-z0-9_]+)?")
_EVERYWHERE = frozenset({
    "localhost", "127.0.0.1", "postgres", "postgresql", "mysql", "mariadb", "mssql", "oracle", "sqlite", "duckdb",
    "snowflake", "redshift", "clickhouse", "databricks", "bigquery", "synapse", "mongodb", "master", "public",
    "default", "admin", "guest",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the platform gives a run. `token` is None when the control plane could not be asked for one."""

    beacon_url: str = field(repr=False)
    beacon_secret: str = field(repr=False)
    token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlacement:
    """Ids and addresses that a run is told."""

    run_id: str
    workspace_id: str
    organization_id: str
    profile: str
    api_url: str
    dataplane_url: str


def secrets_to_register(
    configuration: Mapping[str, bytes], profile: str, variables: ResolvedVariables, credentials: Credentials
) -> Pairs:
    """(name, value) pairs of everything secret in a run: variables, strings of secret TOML, injected credentials."""
    pairs = [*variables.secrets, *secrets_in_toml(configuration, profile), *_injected(credentials)]
    return tuple(dict.fromkeys(pair for pair in pairs if pair[1]))


def secrets_in_toml(configuration: Mapping[str, bytes], profile: str) -> Iterator[tuple[str, str]]:
    """(name, value) of every string in the secret TOML that a run on this profile is given.

    Without words such as a driver's name, which are no secret and stand in every log.
    """
    for name in files_of_profile(configuration, profile):
        if name.endswith(SECRETS):
            yield from toml_strings(configuration[name])


def names_in_toml(configuration: Mapping[str, bytes], profile: str) -> list[str]:
    """The names of these."""
    return [name for name, value in secrets_in_toml(configuration, profile) if value]


def platform_names(credentials: Credentials) -> list[str]:
    """The names of what the platform gives a run."""
    return [name for name, _ in _injected(credentials)]


def names_too_short(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Names of values that cannot be masked, because text of that length stands everywhere."""
    return sorted({name for name, value in pairs if len(value.strip()) < SHORTEST_SCRUBBED})


def too_many_secrets(whose: str) -> str:
    """What to say where what is to be registered does not fit."""
    return (
        f"The secrets of {whose} are too many or too long to be masked in a log: secret variables and secrets.toml may "
        f"hold {MOST_TEXTS:,} texts together, a long one counting as several. "
        "Keep there only what is secret; what is not belongs in config.toml or in plain variables."
    )


def toml_strings(content: bytes) -> Iterator[tuple[str, str]]:
    """The strings in a TOML file that may be secret, with their names as dlt's environment variables would have them.

    Of a file that is no TOML, everything in quotes.
    """
    text = content.decode(errors="replace")
    try:
        document = read_toml(text)
    except (ValueError, RecursionError):  # broken, or too much of something
        yield from ((SECRETS, double or single) for double, single in _QUOTED.findall(text))
        return
    yield from _strings(document)


def registered_place(organization_id: str, workspace_id: str, run_id: str) -> Place:
    """Where the sealed values of a run belong."""
    return Place(organization_id=organization_id, workspace_id=workspace_id, scope="run", name=run_id, version=1)


def render_pairs(pairs: Pairs) -> bytes:
    """The plaintext to seal."""
    return json.dumps(pairs).encode()


def parse_pairs(content: bytes) -> Pairs:
    """What `render_pairs` was given."""
    return tuple((str(name), str(value)) for name, value in json.loads(content))


def process_environment(
    placement: RunPlacement, variables: Mapping[str, str], credentials: Credentials, home: str, python_folder: str
) -> dict[str, str]:
    """The whole environment of the user's process. Variables never replace what the platform sets."""
    own = {
        "HOME": home,
        "PATH": f"{python_folder}:{_SEARCHED}",
        "PYTHONUNBUFFERED": "1",
        "RUNTIME__API_BASE_URL": placement.api_url,
        "RUNTIME__DATAPLANE_BASE_URL": placement.dataplane_url,
        "RUNTIME__DLTHUB_DSN": credentials.beacon_url,
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__ORGANIZATION_ID": placement.organization_id,
        "RUNTIME__RUN_ID": placement.run_id,
        "RUNTIME__WORKSPACE_ID": placement.workspace_id,
        "WORKSPACE__PROFILE": placement.profile,
    }
    if credentials.token is not None:
        own["RUNTIME__AUTH_TOKEN"] = credentials.token
    given = {name: value for name, value in variables.items() if not _is_reserved(name)}
    return {**given, **own}


def artifacts_environment(folder: Path) -> dict[str, str]:
    """Tells dlt where a pipeline leaves trace, state and schemas. Its address is not quoted: that is how it writes."""
    return {"SEND__ARTIFACTS__BUCKET_URL": f"file://{folder}", "SEND__ARTIFACTS__KWARGS": '{"auto_mkdir": true}'}


def webhook_environment(folder: Path) -> dict[str, str]:
    """Tells a job where lies what its webhook was sent: the body as it came, and the headers as a JSON object."""
    return {"DLTHUB_TUI_WEBHOOK_BODY": f"{folder}/body", "DLTHUB_TUI_WEBHOOK_HEADERS": f"{folder}/headers.json"}


def dashboard_environment(folder: Path) -> dict[str, str]:
    """Tells the dashboard to read them, from a folder laid out as `.dlt/state`. This address it unquotes."""
    return {"SYNC__ARTIFACTS__BUCKET_URL": folder.as_uri(), "DASHBOARD__SYNC_FROM_RUNTIME": "true"}


def _injected(credentials: Credentials) -> list[tuple[str, str]]:
    pairs = [("RUNTIME__DLTHUB_DSN", credentials.beacon_url), ("RUNTIME__DLTHUB_DSN", credentials.beacon_secret)]
    if credentials.token is not None:
        pairs.append(("RUNTIME__AUTH_TOKEN", credentials.token))
    return pairs


def _is_reserved(name: str) -> bool:
    return name in RESERVED_NAMES or name.startswith(RESERVED_PREFIXES)


def _is_open(part: str, value: str) -> bool:
    if part == "drivername":
        return _DRIVER.fullmatch(value) is not None
    return part in _OPEN_PARTS and value.lower() in _EVERYWHERE


def _strings(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """In the order in which they stand there, however deep."""
    waiting: list[tuple[Any, str, str]] = [(document, "", "")]
    while waiting:
        value, name, part = waiting.pop()
        if isinstance(value, str):
            if not _is_open(part.lower(), value):
                yield name or SECRETS, value
        elif isinstance(value, dict):
            members = reversed(cast("dict[str, Any]", value).items())
            before = f"{name}__" if value is not document else ""
            waiting += [(member, (before + key).upper()[:_MOST_NAME], key) for key, member in members]
        elif isinstance(value, list):
            waiting += [(member, name, part) for member in reversed(cast("list[Any]", value))]
