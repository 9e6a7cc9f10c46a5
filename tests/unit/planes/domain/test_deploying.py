from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from planes.domain.deploying import DeployedJob, DeployOutcome, WantedJob, reconcile

refs = st.sampled_from([f"jobs.m.{letter}" for letter in "abcdef"])
modules = st.sampled_from(["__deployment__", "other", None])
present_jobs = st.lists(
    st.builds(
        DeployedJob,
        job_ref=refs,
        definition_hash=st.sampled_from("xy"),
        profile=st.just("prod"),
        module=modules,
        is_archived=st.booleans(),
    ),
    unique_by=lambda job: job.job_ref,
)
wanted_jobs = st.lists(
    st.builds(WantedJob, job_ref=refs, definition_hash=st.sampled_from("xy"), profile=st.just("prod")),
    unique_by=lambda job: job.job_ref,
)


@given(present_jobs, wanted_jobs, modules)
def test_every_wanted_job_is_named_once_and_only_the_modules_own_are_archived(
    present: list[DeployedJob], wanted: list[WantedJob], module: str | None
) -> None:
    changes = reconcile(present, wanted, module)

    by_ref = {job.job_ref: job for job in present}
    assert [change.job_ref for change in changes][: len(wanted)] == [job.job_ref for job in wanted]
    for change in changes[len(wanted) :]:
        assert change.outcome is DeployOutcome.ARCHIVED
        assert by_ref[change.job_ref].module == module is not None
        assert not by_ref[change.job_ref].is_archived


@given(present_jobs, wanted_jobs, modules)
def test_deploying_the_same_again_changes_nothing(
    present: list[DeployedJob], wanted: list[WantedJob], module: str | None
) -> None:
    after = {job.job_ref: job for job in present}
    hashes = {job.job_ref: job for job in wanted}
    for change in reconcile(present, wanted, module):
        before = after.get(change.job_ref)
        want = hashes.get(change.job_ref)
        after[change.job_ref] = DeployedJob(
            job_ref=change.job_ref,
            definition_hash=want.definition_hash if want else before.definition_hash if before else "",
            profile="prod",
            module=change.module,
            is_archived=change.outcome is DeployOutcome.ARCHIVED,
        )

    again = reconcile(after.values(), wanted, module)

    assert {change.outcome for change in again} <= {DeployOutcome.UNCHANGED}


def test_job_that_returns_as_it_was_is_updated_without_a_version() -> None:
    present = [DeployedJob(job_ref="jobs.a", definition_hash="x", profile="prod", module="m", is_archived=True)]

    (change,) = reconcile(present, [WantedJob(job_ref="jobs.a", definition_hash="x", profile="prod")], "m")

    assert (change.outcome, change.makes_version) == (DeployOutcome.UPDATED, False)


def test_ad_hoc_deploy_leaves_a_jobs_module() -> None:
    present = [DeployedJob(job_ref="jobs.a", definition_hash="x", profile="prod", module="m", is_archived=False)]

    (change,) = reconcile(present, [WantedJob(job_ref="jobs.a", definition_hash="y", profile="prod")], None)

    assert (change.outcome, change.module) == (DeployOutcome.UPDATED, "m")
