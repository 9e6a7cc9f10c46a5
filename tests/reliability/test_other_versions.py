"""R20: a region and its control plane are upgraded one after the other, so for a while they are of two versions."""

from __future__ import annotations

from collections import Counter

import pytest
from pydantic import BaseModel
from tests.reliability.crash_stage import crash_stage
from tests.reliability.other_version import of_tomorrow, of_yesterday, other_version
from tests.reliability.sizes import sized, tell

from planes.wire import link as wire
from planes.wire.link import LinkModel

# What the first version said. Of what came later each has a default: neither plane may need it from the other.
FIRST = {
    "EnrolRequest": {"dataplane_id", "join_token", "public_key", "region", "url"},
    "EnrolResponse": {"keys"},
    "HeldRun": {"fence", "run_id"},
    "PollRequest": {"epoch", "free_slots", "held", "url"},
    "RegionNumbers": {"runners", "slots", "started_at", "version"},
    "RunNumbers": {"memory_bytes", "pid", "run_id"},
    "Lease": {
        "configuration_id", "definition", "deployment_id", "expires_at", "fence", "grace_seconds", "job_id", "job_ref",
        "number", "organization_id", "profile", "refresh", "run_id", "time_limit_seconds", "trigger", "workspace_id",
    },
    "Revocation": {"claim", "epoch", "value"},
    "PollResponse": {"cancels", "epoch", "keys", "leases", "revocations"},
    "StatusReport": {"at", "fence", "status"},
    "RunTokenRequest": {"fence"},
    "RunTokenResponse": {"expires_at", "token"},
    "SwapCodeRequest": {"code", "workspace_id"},
    "RedeemSwapCodeResponse": {"token"},
    "PublicLinkRequest": {"secret"},
    "PublicLinkResponse": {"epoch", "job_id", "organization_id", "workspace_id"},
    "DeploymentReport": {
        "content_hash", "created_at", "created_by", "file_count", "requirements_size_bytes", "size_bytes",
        "workspace_id",
    },
    "ConfigurationReport": {
        "content_hash", "created_at", "created_by", "file_count", "profiles", "size_bytes", "workspace_id",
    },
    "VersionIds": {"configurations", "deployments"},
    "MemberIds": {"members", "workspace_id"},
    "KnownMember": {"email", "member"},
    "MembersResponse": {"members"},
    "WebhookJobRequest": {"job_id", "workspace_id"},
    "WebhookJobResponse": {"job_ref", "triggers"},
    "WebhookRunRequest": {"call_id", "job_id", "trigger", "workspace_id"},
    "WebhookRunResponse": {"is_final", "run_id", "status"},
    "PipelineRunReport": {"fence", "pipeline_name", "status"},
}  # fmt: skip


def test_what_came_after_the_first_version_may_be_missing() -> None:
    models = {name: model for name, model in vars(wire).items() if _is_said(model)}
    needed = {
        name: {each for each, described in model.model_fields.items() if described.is_required()}
        for name, model in models.items()
    }

    assert {name: needed.get(name, set()) - said for name, said in FIRST.items()} == {name: set() for name in FIRST}
    assert all(model.model_config.get("extra") == "ignore" for model in models.values())


@pytest.mark.acceptance
@pytest.mark.slow
@pytest.mark.timeout(sized(1200, 3600))
def test_planes_of_two_versions_run_jobs() -> None:
    """First the other one is of tomorrow, then of yesterday."""
    with other_version(of_tomorrow) as way, crash_stage(is_split=True, link=way) as stage:
        done = [stage.trigger("quick")]
        stage.when(lambda: stage.status_row(done[0]) == "completed")
        cancelled = stage.trigger("steady")
        stage.when(lambda: stage.lines_on_disk(cancelled) > 20)
        stage.kill("data")
        tomorrow, way.passed, way.change = way.passed, Counter(), of_yesterday
        stage.start()
        stage.cancel(cancelled)
        stage.when(lambda: stage.status_row(cancelled) == "cancelled")
        stage.deploy()
        done.append(stage.trigger("quick"))
        stage.when(lambda: stage.status_row(done[1]) == "completed")
        logs = [[line["content"] for line in stage.log(run) if line["source"] == "user"] for run in done]

        assert logs == [["line 0", "line 1", "line 2", "end"]] * 2
        assert [stage.executions(run_id) for run_id in (*done, cancelled)] == [1, 1, 1]
        assert way.refused == []
        assert {"-poll", "status", "deployments", "configurations"} <= tomorrow.keys() & way.passed.keys()
    figures = f"{tomorrow.total()} calls with members of tomorrow, {way.passed.total()} with none but the first"
    tell("R20 versions", f"{figures}, in both directions: none refused")


def _is_said(model: object) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel) and issubclass(model, LinkModel)
