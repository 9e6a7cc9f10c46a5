"""What a region says that no control plane can keep."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from planes.domain.identifiers import new_id
from planes.wire.link import DeploymentReport, LinkModel, PipelineRunReport, StatusReport

DEPLOYMENT = {
    "workspace_id": new_id(), "content_hash": "A" * 43 + "=", "file_count": 1, "size_bytes": 1,
    "requirements_size_bytes": 1, "created_by": new_id(),
}  # fmt: skip
SAID: list[tuple[type[LinkModel], dict[str, Any], str]] = [
    (StatusReport, {"fence": 1, "status": "running"}, "at"),
    (DeploymentReport, DEPLOYMENT, "created_at"),
    (PipelineRunReport, {"fence": 1, "pipeline_name": "p", "status": "succeeded"}, "started_at"),
]


@pytest.mark.parametrize(("kind", "rest", "name"), SAID)
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-28T00:00:00"])
def test_a_time_that_is_none_in_utc_is_refused(
    kind: type[LinkModel], rest: dict[str, Any], name: str, moment: str
) -> None:
    with pytest.raises(ValidationError):
        kind.model_validate({**rest, name: moment})


def test_a_time_is_read_as_utc() -> None:
    said = StatusReport.model_validate({"fence": 1, "status": "running", "at": "2026-11-28T02:00:00+02:00"})

    assert said.at == datetime(2026, 11, 28, tzinfo=UTC)
    assert said.at.tzinfo is UTC
