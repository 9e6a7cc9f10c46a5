"""Job definitions that the tests of this folder build on."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

LAUNCHERS = "dlt._workspace.deployment.launchers"


def _job(ref: str = "jobs.weather.load", *triggers: str, **fields: Any) -> dict[str, Any]:
    section_and_name = ref.removeprefix("jobs.").split(".")
    definition: dict[str, Any] = {
        "engine_version": 2,
        "job_ref": ref,
        "entry_point": {
            "module": section_and_name[0],
            "function": section_and_name[-1],
            "job_type": "batch",
            "launcher": f"{LAUNCHERS}.job",
        },
        "triggers": list(triggers),
        "execute": {},
    }
    definition.update(copy.deepcopy(fields))
    return definition


def _notebook(ref: str = "jobs.explore", **fields: Any) -> dict[str, Any]:
    entry_point = {"module": "explore", "function": None, "job_type": "interactive", "launcher": f"{LAUNCHERS}.marimo"}
    return _job(ref, "http:", **({"entry_point": entry_point} | fields))


@pytest.fixture
def job() -> Callable[..., dict[str, Any]]:
    """Builds a complete batch job of engine 2: `job(ref, *triggers, **top_level_fields)`."""
    return _job


@pytest.fixture
def notebook() -> Callable[..., dict[str, Any]]:
    """Builds an interactive job without a function."""
    return _notebook
