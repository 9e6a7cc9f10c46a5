"""What a strict workspace keeps from the control plane, and that its definitions stay good ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.fakes.control_stage import definition

from planes.manifest.validation import migrate_and_validate
from planes.manifest.withholding import WITHHELD, lay_aside, put_back, withhold

AGENT = {
    "engine_version": 1, "name": "reader", "description": "SAID", "instructions": "SAID", "rules": ["SAID"],
    "tools": ["jobs"], "skills": ["reading"], "model": "openai-chat:m",
}  # fmt: skip
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "default": {"type": "string", "default": "SAID", "title": "Kept"},
        "limit": {"anyOf": [{"const": "SAID"}, {"type": "integer", "examples": ["SAID", 4]}], "default": 7},
        "rows": {"type": "array", "items": {"$ref": "#/$defs/Row"}, "default": None},
    },
    "$defs": {
        "Row": {"type": "object", "properties": {"const": {"const": {"inner": "SAID"}}}, "default": {"a": "SAID"}}
    },
    "if": {"properties": {"x": {"default": ["SAID"]}}},
}


def full(**changes: Any) -> dict[str, Any]:
    return definition("load", agent=AGENT, inputs=SCHEMA, output=SCHEMA, description="SAID\nSAID", **changes)


def test_no_withheld_word_is_left() -> None:
    kept = withhold(full())

    assert "SAID" not in json.dumps(kept)
    assert kept["agent"] == {**AGENT, **dict.fromkeys(("description", "instructions", "rules"), WITHHELD)}
    assert kept["description"] == WITHHELD
    assert withhold(kept) == kept


def test_names_and_shapes_stay() -> None:
    properties = withhold(full())["inputs"]["properties"]

    assert properties["default"] == {"type": "string", "default": WITHHELD, "title": "Kept"}
    assert properties["limit"]["anyOf"] == [{"const": WITHHELD}, {"type": "integer", "examples": WITHHELD}]
    assert properties["rows"]["items"] == {"$ref": "#/$defs/Row"}


def test_description_of_a_job_that_is_no_agent_stays() -> None:
    assert withhold(definition("load", description="said"))["description"] == "said"


@pytest.mark.parametrize("is_strict", [True, False])
def test_withheld_definition_is_valid_and_the_same_job_again(is_strict: bool) -> None:
    first = migrate_and_validate([full()], 2, "m", is_strict=True).jobs[0]
    again = migrate_and_validate([first.definition], 2, "m", is_strict=is_strict).jobs[0]

    assert "SAID" not in json.dumps(first.definition)
    assert (again.definition, again.definition_hash) == (first.definition, first.definition_hash)
    assert again.facts.description is None


def test_hash_does_not_tell_what_is_withheld() -> None:
    other = json.loads(json.dumps(full()).replace("SAID", "OTHER"))

    hashes = {migrate_and_validate([each], 2, "m", is_strict=True).jobs[0].definition_hash for each in (full(), other)}

    assert len(hashes) == 1


def test_marks_are_laid_aside_and_put_back() -> None:
    kept = withhold(full())
    left, aside = lay_aside(kept)

    assert "description" not in left
    assert set(left["agent"]) == set(AGENT) - {"description", "instructions", "rules"}
    assert put_back(left, aside) == kept
    assert lay_aside(definition("load", agent="odd"))[1] == {}
