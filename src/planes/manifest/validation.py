"""Migrate, validate and hash the definitions of one deploy: all of them, or none."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

from planes.manifest.errors import InvalidDefinition
from planes.manifest.facts import JobFacts, part, tags_of
from planes.manifest.rules import broken_rules
from planes.manifest.schedules import declared_bounds
from planes.manifest.withholding import lay_aside, put_back, withhold

Definition = dict[str, Any]

MAX_REASONS = 50
"""More reasons than this help nobody; the last one says how many were left out."""

_NO_SUCH_YEAR = "interval: a bound is too near the first or the last day of all years"

_TYPE_WORDS: Mapping[object, str] = {int: "an integer", bool: "true or false", str: "a string", float: "a number"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatedJob:
    """One definition that may be stored.

    `definition` is what the client sent, migrated to the current engine and otherwise untouched (Contract: 1.6), but
    for an agent's prompt and what a strict workspace withholds; `definition_hash` is dlt's; `triggers` is the expanded
    list that selectors match on.
    """

    job_ref: str
    definition: Definition
    definition_hash: str
    triggers: tuple[str, ...]
    default_trigger: str | None
    facts: JobFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatedManifest:
    """The jobs of one deploy in the order they were sent, with dlt's warnings."""

    engine_version: int
    jobs: tuple[ValidatedJob, ...]
    warnings: tuple[str, ...]


def migrate_and_validate(
    jobs: Sequence[object], engine_version: int, deployment_module: str | None, *, is_strict: bool = False
) -> ValidatedManifest:
    """Read the `jobs` of a deploy request. The argument is not changed; may be called again. Takes about 1 ms a job.

    `deployment_module` None is an ad-hoc deploy; `is_strict` withholds what does not leave the region.
    Raises: InvalidDefinition with every reason found.
    Contract: 1.6, 3.4.
    """
    from planes.manifest import dlt_door as dlt

    laid_aside = [lay_aside(definition) for definition in _plain_copies(jobs)]
    definitions = [definition for definition, _ in laid_aside]
    manifest = {
        "engine_version": engine_version,
        "created_at": "1970-01-01T00:00:00+00:00",
        "deployment_module": deployment_module or "",
        "jobs": definitions,
    }
    try:
        dlt.migrate_manifest(manifest, engine_version, dlt.MANIFEST_ENGINE_VERSION)
    except dlt.DeploymentException as exc:
        raise InvalidDefinition((str(exc),)) from exc
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise InvalidDefinition(("a definition cannot be migrated from its engine version",)) from exc
    _refuse(_schema_reasons(definitions))
    _refuse([reason for definition in definitions for reason in broken_rules(definition)])
    warnings = _check_together(manifest)
    return ValidatedManifest(
        engine_version=dlt.MANIFEST_ENGINE_VERSION,
        jobs=tuple(
            _validated(definition, marks, is_strict=is_strict)
            for definition, (_, marks) in zip(definitions, laid_aside, strict=True)
        ),
        warnings=tuple(warnings),
    )


def expanded_triggers(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """Declared triggers plus the synthetic `tag:`, `manual:` and `pipeline_name:` ones. Contract: 4.3."""
    from planes.manifest import dlt_door as dlt

    expose = part(definition, "expose")
    # one bare string is allowed for tags; dlt would take it letter by letter
    listed: Definition = {**definition, "expose": {**expose, "tags": list(tags_of(expose))}}
    return tuple(dlt.expand_triggers(dlt.as_definition(listed)))


def _plain_copies(jobs: Sequence[object]) -> list[Definition]:
    reasons = [f"jobs[{index}]: must be an object" for index, job in enumerate(jobs) if not isinstance(job, dict)]
    _refuse(reasons)
    try:
        return [copy.deepcopy(cast("Definition", job)) for job in jobs]
    except RecursionError as exc:
        raise InvalidDefinition(("a definition is nested too deeply",)) from exc


def _schema_reasons(definitions: list[Definition]) -> list[str]:
    from planes.manifest import dlt_door as dlt

    reasons: list[str] = []
    for index, definition in enumerate(definitions):
        where = f"jobs[{index}]"
        if isinstance(definition.get("job_ref"), str):
            where += f" ({definition['job_ref'][:200]})"
        try:
            dlt.check_definition_schema(definition)
        except dlt.DictValidationException as exc:
            reasons.append(f"{where}{_schema_reason(exc)}")
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
            reasons.append(f"{where}: cannot be read")
    return reasons


def _schema_reason(failure: Any) -> str:
    """Place and expectation of a schema failure, without the rejected value."""
    place = str(failure.path).removeprefix("./").removeprefix(".").replace("/", ".")
    if failure.field is None:
        return f"{'.' + place if place else ''}: {str(failure.msg)[:400]}"
    place = f"{place}.{failure.field}" if place else str(failure.field)
    inner = getattr(failure.__context__, "errors", None)
    if inner:
        return f".{place}: {'; '.join(str(error) for error in inner)[:400]}"
    return f".{place}: {_expected(failure.expected_type)}"


def _expected(expected: Any) -> str:
    choices = [choice for choice in get_args(expected) if isinstance(choice, str)]
    if choices:
        return f"must be one of {', '.join(choices)}"
    if expected in _TYPE_WORDS:
        return f"must be {_TYPE_WORDS[expected]}"
    if hasattr(expected, "__required_keys__"):
        return "must be an object"
    return "has the wrong type"


def _check_together(manifest: dict[str, Any]) -> list[str]:
    """Rules over all definitions at once; returns dlt's warnings."""
    from planes.manifest import dlt_door as dlt

    try:
        result = dlt.validate_manifest(cast("Any", manifest))
    except (NotImplementedError, dlt.DeploymentException) as exc:
        raise InvalidDefinition((str(exc),)) from exc
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as exc:
        raise InvalidDefinition(("a definition cannot be read",)) from exc
    except OverflowError as exc:  # as of a start before which no tick of its schedule lies in any year
        raise InvalidDefinition((_NO_SUCH_YEAR,)) from exc
    _refuse(result.errors)
    return list(result.warnings)


def _without_prompt(definition: Definition) -> Definition:
    """Leaves out what an agent is told: its launcher reads that from the code, which does not leave the region."""
    if "agent" not in definition:
        return definition
    agent: dict[str, Any] = definition["agent"]
    kept: Definition = {**definition, "agent": {name: each for name, each in agent.items() if name != "instructions"}}
    if isinstance(kept.get("description"), str):
        # the docstring of an agent's function is its system prompt; the first line describes it
        kept["description"] = str(kept["description"]).split("\n", 1)[0]
    return kept


def _validated(sent: Definition, marks: Mapping[str, Any], *, is_strict: bool) -> ValidatedJob:
    from planes.manifest import dlt_door as dlt

    definition = put_back(withhold(sent) if is_strict else _without_prompt(sent), marks)
    try:
        definition_hash = dlt.hash_job_definition(dlt.as_definition(definition))
    except (TypeError, ValueError, RecursionError) as exc:
        raise InvalidDefinition((f"job {definition['job_ref']!r}: cannot be written as JSON",)) from exc
    facts = JobFacts.from_definition(definition)
    try:
        declared_bounds(facts, definition, facts.interval_trigger or "")
    except (ValueError, OverflowError) as exc:  # in the job's own zone, where each start of the job would meet it
        raise InvalidDefinition((f"job {definition['job_ref']!r}: {_NO_SUCH_YEAR}",)) from exc
    return ValidatedJob(
        job_ref=definition["job_ref"],
        definition=definition,
        definition_hash=definition_hash,
        triggers=expanded_triggers(definition),
        default_trigger=facts.default_trigger,
        facts=facts,
    )


def _refuse(reasons: Sequence[str]) -> None:
    if not reasons:
        return
    shown = tuple(reasons[:MAX_REASONS])
    left_out = len(reasons) - len(shown)
    raise InvalidDefinition((*shown, f"and {left_out} more") if left_out else shown)
