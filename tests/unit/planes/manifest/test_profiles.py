"""Which profile a run gets."""

from collections.abc import Callable
from typing import Any

import pytest

from planes.manifest.profiles import Refusal, pick_profile

Build = Callable[..., dict[str, Any]]


def test_batch_job_runs_on_prod_even_without_files(job: Build) -> None:
    assert pick_profile(job(), ()) == "prod"


def test_interactive_job_reads_with_access_or_falls_back(notebook: Build) -> None:
    assert pick_profile(notebook(), {"prod", "access"}) == "access"
    assert pick_profile(notebook(), {"prod"}) == "prod"


def test_agent_never_falls_back_to_prod(job: Build) -> None:
    assert pick_profile(job(agent={"engine_version": 1, "name": "helper"}), {"prod"}) == "access"


def test_required_profile_wins_over_the_default_and_the_override_over_both(job: Build) -> None:
    definition = job(require={"profile": "staging"})

    assert pick_profile(definition, {"staging", "prod"}) == "staging"
    assert pick_profile(definition, {"staging", "canary"}, "canary") == "canary"


@pytest.mark.parametrize("override", ["dev", "tests", "nowhere", "", "access"])
def test_profile_without_configuration_is_refused(job: Build, override: str) -> None:
    assert isinstance(pick_profile(job(), {"prod"}, override), Refusal)


def test_local_profile_is_refused_even_with_files(job: Build) -> None:
    assert isinstance(pick_profile(job(), {"prod", "dev"}, "dev"), Refusal)
