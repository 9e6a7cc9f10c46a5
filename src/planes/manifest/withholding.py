"""What a strict workspace keeps from the control plane (Security: 2): values in schemas, and what an agent is told.

`default`, `examples` and `const` of a job's schemas, and `description`, `instructions` and `rules` of an agent, become
`{"withheld": true}`. The region has them all: launchers read the code, never the definition's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from planes.manifest.facts import part

WITHHELD: Mapping[str, Any] = {"withheld": True}

_SCHEMAS = ("inputs", "output")
_VALUES = frozenset({"default", "examples", "const"})
# Members of a schema whose own members are schemas by name: a parameter may be called `default`.
_BY_NAME = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_TOLD = ("description", "instructions", "rules")


def withhold(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The definition without what does not leave the region. May be called again on its own answer."""
    kept = dict(definition)
    for name in _SCHEMAS:
        if name in kept:
            kept[name] = _schema(kept[name])
    if kept.get("agent") is not None:
        agent: dict[str, Any] = dict(kept["agent"])
        kept["agent"] = {**agent, **{name: dict(WITHHELD) for name in _TOLD if name in agent}}
        if "description" in kept:
            # the docstring of an agent's function is its system prompt
            kept["description"] = dict(WITHHELD)
    return kept


def withhold_stored(definition: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """A definition that was stored in full, without it, and the hash of what is left. Takes 1 ms."""
    from planes.manifest import dlt_door as dlt

    kept = withhold(definition)
    return kept, dlt.hash_job_definition(dlt.as_definition(kept))


def lay_aside(definition: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The definition without marks where its schema wants texts, and those marks for `put_back`.

    So a definition that was read from a strict workspace can be deployed, or rolled back to.
    """
    agent: object = definition.get("agent")
    if not isinstance(agent, dict):
        return dict(definition), {}
    told = cast("dict[str, Any]", agent)
    marks: dict[str, Any] = {name: told[name] for name in _TOLD if told.get(name) == WITHHELD}
    left = {**definition, "agent": {name: each for name, each in told.items() if name not in marks}}
    aside: dict[str, Any] = {"agent": marks} if marks else {}
    if definition.get("description") == WITHHELD:
        aside["description"] = left.pop("description")
    return left, aside


def put_back(definition: Mapping[str, Any], aside: Mapping[str, Any]) -> dict[str, Any]:
    """The definition with the marks that `lay_aside` took."""
    if not aside:
        return dict(definition)
    whole: dict[str, Any] = {**definition, **aside}
    whole["agent"] = {**part(definition, "agent"), **part(aside, "agent")}
    return whole


def _schema(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_schema(each) for each in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    return {name: _member(name, member) for name, member in cast("dict[str, Any]", schema).items()}


def _member(name: str, member: Any) -> Any:
    if name in _VALUES:
        return dict(WITHHELD)
    if name in _BY_NAME and isinstance(member, dict):
        return {key: _schema(each) for key, each in cast("dict[str, Any]", member).items()}
    return _schema(member)
