"""Jobs of a workspace."""

from __future__ import annotations

from typing import Any, cast

import pytest
from tests.fakes.installation import Installation
from tests.fakes.installation_rows import short_job

from dlthub_tui.client.errors import NotFound, UnexpectedAnswer
from dlthub_tui.client.jobs import list_jobs
from dlthub_tui.client.models import parse_short_job
from dlthub_tui.client.transport import Transport

pytestmark = [pytest.mark.anyio]


class OlderPlane:
    """A control plane that lists no jobs in short."""

    def __init__(self, jobs: list[dict[str, Any]]) -> None:
        self.jobs, self.asked = jobs, list[str]()

    async def get(self, path: str, query: dict[str, int]) -> dict[str, Any]:
        self.asked.append(path)
        if path.startswith("/own/"):
            raise NotFound(404, "There is no such page.")
        return {"items": self.jobs[query["offset"] :][: query["limit"]], "total": len(self.jobs)}


def _job() -> dict[str, Any]:
    fake = Installation()
    job = fake.add_job({"id": "w1"}, "jobs.ingest.load", ["every:1h"])
    fake.add_run(job, 1, "completed", ago=60, took=2.5)
    return fake.job_view(job)


async def test_an_older_control_plane_is_asked_for_the_contracts_list() -> None:
    plane = OlderPlane([_job()])

    (job,) = await list_jobs(cast("Transport", plane), "w1")

    assert plane.asked == ["/own/v1/workspaces/w1/jobs", "/api/v1/workspaces/w1/jobs"]
    assert (job.job_ref, job.recent_runs[0].duration_seconds) == ("jobs.ingest.load", 2.5)


@pytest.mark.parametrize("bar", [7, None, [], ["id", "failed"], ["id", None, 1.0, 2], ["id", "failed", "2 s", 1]])
def test_what_is_no_recent_run_is_an_unexpected_answer(bar: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_short_job(short_job(_job()) | {"recent_job_runs": [bar]})


def test_a_recent_run_may_say_more_one_day() -> None:
    job = parse_short_job(short_job(_job()) | {"recent_job_runs": [["id", "failed", 3, 2.0, "more"]]})

    assert job.recent_runs == (("id", "failed", 3, 2),)
