"""Plain variables as a TOML file for an editor, and what an edited one changes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from dlthub_tui.client.variables import Variable
from dlthub_tui.viewmodel.edited_files import BadFile, read_toml

WORKSPACE = "workspace"
_HEAD = """\
# Plain variables of {where}, by scope. Secrets are not here.
# Change a value, add a line, or take one away to delete it. Values stand in quotes. Nothing is sent before you say so.
"""
Scopes = dict[str, dict[str, str]]
Secrets = dict[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class ScopeChange:
    """What one scope gets and loses. `profile` None is the workspace's own scope."""

    profile: str | None
    upserts: Mapping[str, str]
    deletes: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        """One sentence for each name."""
        scope = self.profile or "the workspace"
        return [f"set {name} in {scope}" for name in self.upserts] + [
            f"delete {name} in {scope}" for name in self.deletes
        ]


def scopes_of(variables: Sequence[Variable]) -> Scopes:
    """Plain values by scope: `workspace`, or a profile's name behind `profile.`."""
    found: Scopes = {WORKSPACE: {}}
    for variable in variables:
        if not variable.is_secret:
            found.setdefault(_scope(variable.profile), {})[variable.name] = variable.value or ""
    return found


def secrets_of(variables: Sequence[Variable]) -> Secrets:
    """Names of secrets by scope."""
    found: Secrets = {}
    for variable in variables:
        if variable.is_secret:
            scope = _scope(variable.profile)
            found[scope] = found.get(scope, frozenset()) | {variable.name}
    return found


def _scope(profile: str | None) -> str:
    return f"profile.{profile}" if profile else WORKSPACE


def render(scopes: Scopes, profiles: Sequence[str], where: str) -> str:
    """The file. Every profile has its table, so that a name can be added there."""
    every = {WORKSPACE: {}, **{f"profile.{name}": {} for name in profiles}, **scopes}
    parts = [_HEAD.format(where=where)]
    for scope, values in every.items():
        kind, _, profile = scope.partition(".")
        title = f"{kind}.{json.dumps(profile)}" if profile else kind
        lines = [f"{json.dumps(name)} = {json.dumps(value)}" for name, value in sorted(values.items())]
        parts.append("\n".join([f"[{title}]", *lines]) + "\n")
    return "\n".join(parts)


def parse(text: str) -> Scopes:
    """What an edited file says. Raises: BadFile."""
    document = read_toml(text)
    unknown = set(document) - {WORKSPACE, "profile"}
    if unknown:
        raise BadFile(f'There is no scope "{min(unknown)}": workspace, or profile and its name.')
    profiles = document.get("profile", {})
    tables: dict[str, object] = {WORKSPACE: document.get(WORKSPACE, {})}
    if not isinstance(profiles, dict):
        raise BadFile("profile stands before the name of one: [profile.prod].")
    tables |= {f"profile.{name}": table for name, table in cast("dict[str, object]", profiles).items()}
    return {scope: _values(scope, table) for scope, table in tables.items()}


def _values(scope: str, table: object) -> dict[str, str]:
    if not isinstance(table, dict):
        raise BadFile(f"{scope} is no table.")
    values = cast("dict[str, object]", table)
    for name, value in values.items():
        if not isinstance(value, str):
            raise BadFile(f"{name} in {scope}: the value stands in quotes.")
    return cast("dict[str, str]", values)


def difference(before: Scopes, after: Scopes, secrets: Mapping[str, frozenset[str]]) -> list[ScopeChange]:
    """What has to change. `secrets` are the names of secrets by scope: they stay secret.

    Raises: BadFile when the file gives a secret a plain value.
    """
    changes: list[ScopeChange] = []
    for scope in dict.fromkeys((*before, *after)):
        old, new = before.get(scope, {}), after.get(scope, {})
        kept = secrets.get(scope, frozenset()) & set(new)
        if kept:
            raise BadFile(f"{min(kept)} is a secret in {scope}. Change it with {{row.open}}: it would be readable.")
        upserts = {name: value for name, value in new.items() if old.get(name) != value}
        deletes = tuple(name for name in old if name not in new)
        if upserts or deletes:
            changes.append(ScopeChange(scope.partition(".")[2] or None, upserts, deletes))
    return changes


def deletion(variables: Sequence[Variable]) -> list[ScopeChange]:
    """What deletes these."""
    names: dict[str | None, list[str]] = {}
    for variable in variables:
        names.setdefault(variable.profile, []).append(variable.name)
    return [ScopeChange(profile, {}, tuple(deletes)) for profile, deletes in names.items()]


def inverse(changes: Sequence[ScopeChange], before: Sequence[Variable]) -> list[ScopeChange]:
    """What takes these changes back. A value that was secret is known to nobody: it stays as the change left it."""
    plain, secret = scopes_of(before), secrets_of(before)
    found: list[ScopeChange] = []
    for change in changes:
        scope = _scope(change.profile)
        old = plain.get(scope, {})
        names = [name for name in (*change.upserts, *change.deletes) if name not in secret.get(scope, frozenset())]
        upserts = {name: old[name] for name in names if name in old}
        deletes = tuple(name for name in names if name not in old and name in change.upserts)
        if upserts or deletes:
            found.append(ScopeChange(change.profile, upserts, deletes))
    return found
