"""Which jobs a selector, an event or a person's words mean. Contract: 4.3."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from planes.manifest.errors import InvalidTriggerForm
from planes.manifest.facts import trigger_expression, trigger_kind

JobOutcome = Literal["success", "fail"]

MAX_TRIGGER_LENGTH = 1024
MAX_PERIOD_SECONDS = 10 * 366 * 24 * 3600

_SELF_FIRING = frozenset({"every", "http", "job.fail", "job.success", "once", "schedule", "webhook"})


class Selectable(NamedTuple):
    """What a selector sees of a job: its triggers expanded."""

    job_ref: str
    job_type: str
    triggers: Sequence[str]


def match_selectors(jobs: Iterable[Selectable], selectors: Sequence[str]) -> dict[str, list[str]]:
    """Triggers that the selectors match, by job_ref, in the order of the jobs; jobs without a match are left out.

    Patterns are case-sensitive. A word for a job type, or a pattern that matches the ref, matches all triggers of the
    job.
    """
    from planes.manifest import dlt_door as dlt

    matched: dict[str, list[str]] = {}
    for job in jobs:
        hits = dlt.match_triggers_with_selectors(
            job.job_type,
            [dlt.TTrigger(trigger) for trigger in job.triggers],
            list(selectors),
            job_ref=job.job_ref,
        )
        if hits:
            matched[job.job_ref] = [str(hit) for hit in hits]
    return matched


def pick_trigger(matched: Sequence[str], default_trigger: str | None) -> str | None:
    """The one trigger to fire of those matched: the default if it is among them, else the first."""
    if default_trigger is not None and default_trigger in matched:
        return default_trigger
    return matched[0] if matched else None


def trigger_for_named_job(job_ref: str, default_trigger: str | None) -> str:
    """What fires when a job is named by its id: its default trigger, else `manual:` with its ref."""
    return default_trigger if default_trigger is not None else f"manual:{job_ref}"


def job_event_trigger(job_ref: str, outcome: JobOutcome) -> str:
    """The trigger string that the end of a run fires."""
    return f"job.{outcome}:{job_ref}"


def is_self_firing(triggers: Iterable[str]) -> bool:
    """Whether something other than a person can start the job."""
    return any(trigger_kind(trigger) in _SELF_FIRING for trigger in triggers)


def parse_trigger_form(trigger: str) -> str:
    """The trigger string of a create-run request, checked for its form only. Raises: InvalidTriggerForm."""
    from planes.manifest import dlt_door as dlt

    if len(trigger) > MAX_TRIGGER_LENGTH or not trigger.isprintable():
        raise InvalidTriggerForm("it is too long or holds control characters")
    try:
        parsed = dlt.parse_trigger(dlt.TTrigger(trigger))
    except dlt.InvalidTrigger as exc:
        raise InvalidTriggerForm("; ".join(exc.errors)) from exc
    except (ValueError, OverflowError) as exc:
        raise InvalidTriggerForm("the expression cannot be read") from exc
    # "nan" and "inf" pass for periods in dlt, and break the clock
    if parsed.type == "every" and not (isinstance(parsed.expr, float | int) and parsed.expr <= MAX_PERIOD_SECONDS):
        raise InvalidTriggerForm("the period is longer than ten years")
    return trigger


def fires_for(trigger: str, job_ref: str) -> str:
    """`manual:` without a ref, as create-run accepts it, completed with the job's own."""
    if trigger_kind(trigger) == "manual" and not trigger_expression(trigger):
        return f"manual:{job_ref}"
    return trigger
