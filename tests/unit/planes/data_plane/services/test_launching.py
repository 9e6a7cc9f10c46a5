"""What a region refuses to start, whoever signed the lease."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.workspaces import LAUNCHERS, definition, with_entry_point

from planes.data_plane.services.launching import LaunchRefused, check_lease
from planes.domain.identifiers import new_id
from planes.wire.link import Lease


def lease_of(job: dict[str, Any], profile: str = "prod") -> Lease:
    return Lease(
        run_id=new_id(), fence=1, expires_at=datetime.now(UTC), organization_id=new_id(), workspace_id=new_id(),
        job_id=new_id(), job_ref=job["job_ref"], number=1, definition=job, trigger="manual:", profile=profile,
        deployment_id=new_id(), configuration_id=new_id(), refresh=False, time_limit_seconds=1, grace_seconds=1,
    )  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "job.py").touch()
    return tmp_path


def test_job_of_the_deployment_is_taken(tree: Path) -> None:
    check_lease(lease_of(definition("job")), tree)
    check_lease(lease_of({**with_entry_point(definition("job"), config={"limit": 3}), "config_keys": ["limit"]}), tree)


@pytest.mark.parametrize(
    "launcher",
    ["os", "http.server", "dlt._workspace.deployment.launchers", "dlt._workspace.deployment.launchers.job.x",
     "dlt._workspace.deployment.launchers.._helpers", "DLT._workspace.deployment.launchers.job", 7],
)  # fmt: skip
def test_foreign_launcher_is_refused(tree: Path, launcher: Any) -> None:
    with pytest.raises(LaunchRefused, match="not one of dlt's"):
        check_lease(lease_of(with_entry_point(definition("job"), launcher=launcher)), tree)


def test_dashboard_brings_its_own_module(tree: Path) -> None:
    job = with_entry_point(
        definition("dlt._workspace.helpers.dashboard.dlt_dashboard"), launcher=f"{LAUNCHERS}.dashboard"
    )

    check_lease(lease_of(job), tree)
    with pytest.raises(LaunchRefused, match="no module"):
        check_lease(lease_of(with_entry_point(job, launcher=f"{LAUNCHERS}.module")), tree)


@pytest.mark.parametrize(
    "module", ["other", "os", "..job", "/job", "job/../job", ".job", "", "job\n", "job ", None, ["job"], "-c"]
)
def test_module_outside_of_the_deployment_is_refused(tree: Path, module: Any) -> None:
    with pytest.raises(LaunchRefused, match="no module"):
        check_lease(lease_of(with_entry_point(definition("job"), module=module)), tree)


def test_module_in_a_folder_of_sources_is_told_by_the_name_that_it_has(tree: Path) -> None:
    (tree / "src" / "orch").mkdir(parents=True)
    (tree / "src" / "orch" / "jobs.py").touch()

    with pytest.raises(LaunchRefused, match=r"import 'src\.orch\.jobs' in __deployment__\.py"):
        check_lease(lease_of(definition("orch.jobs")), tree)
    with pytest.raises(LaunchRefused, match="installed only"):
        check_lease(lease_of(definition("orch.others")), tree)


@pytest.mark.parametrize("profile", ["dev", "tests", "../prod", ".hidden", "a b", "", "prod\n", "x" * 129])
def test_profile_that_is_none_is_refused(tree: Path, profile: str) -> None:
    with pytest.raises(LaunchRefused, match="profile"):
        check_lease(lease_of(definition("job"), profile), tree)


@pytest.mark.parametrize(
    ("config", "config_keys"),
    [
        ({"limit": 3}, []),
        ({"limit": 3}, None),
        ({"limit": 3, "LD_PRELOAD": "/x"}, ["limit"]),
        ({"credentials": "x"}, ["limit"]),
        (["limit"], ["limit"]),
        ("limit", ["limit"]),
        ({"limit": 3}, "limit"),
        ({"limit": 3}, {"limit": 1}),
    ],
)
def test_config_beyond_the_jobs_own_keys_is_refused(tree: Path, config: Any, config_keys: Any) -> None:
    job = {**with_entry_point(definition("job"), config=config), "config_keys": config_keys}

    with pytest.raises(LaunchRefused, match="config_keys"):
        check_lease(lease_of(job), tree)
