"""The one module that names dlt's private deployment modules.

Import it inside a function: it costs what `import dlt` costs. Nothing here may be called that activates a run context.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from dlt._workspace.deployment._job_ref import parse_job_ref
from dlt._workspace.deployment._run_helpers import build_runtime_entry_point, resolve_refresh
from dlt._workspace.deployment._trigger_helpers import match_triggers_with_selectors, parse_trigger
from dlt._workspace.deployment.exceptions import DeploymentException, InvalidTrigger
from dlt._workspace.deployment.freshness import (
    get_direct_freshness_downstream,
    get_refresh_cascade_targets,
    parse_freshness_constraint,
)
from dlt._workspace.deployment.interval import (
    check_all_upstream_run_fresh,
    compute_run_interval,
    next_scheduled_run,
    resolve_interval_spec,
)
from dlt._workspace.deployment.manifest import (
    expand_triggers,
    hash_job_definition,
    migrate_manifest,
    validate_manifest,
)
from dlt._workspace.deployment.requirements import WorkspaceRequirementsError, load_requirements
from dlt._workspace.deployment.typing import (
    MANIFEST_ENGINE_VERSION,
    TFreshnessConstraint,
    TJobDefinition,
    TJobRef,
    TTrigger,
)
from dlt.common.exceptions import DictValidationException
from dlt.common.validation import validate_dict

__all__ = [
    "MANIFEST_ENGINE_VERSION",
    "DeploymentException",
    "DictValidationException",
    "InvalidTrigger",
    "TTrigger",
    "WorkspaceRequirementsError",
    "as_definition",
    "as_definitions",
    "build_runtime_entry_point",
    "check_all_upstream_run_fresh",
    "check_definition_schema",
    "compute_run_interval",
    "expand_triggers",
    "get_direct_freshness_downstream",
    "get_refresh_cascade_targets",
    "hash_job_definition",
    "load_requirements",
    "match_triggers_with_selectors",
    "migrate_manifest",
    "next_scheduled_run",
    "parse_trigger",
    "resolve_interval_spec",
    "resolve_refresh",
    "validate_manifest",
]

_PARSERS: Mapping[Any, Callable[[Any], object]] = {
    TTrigger: parse_trigger,
    TJobRef: parse_job_ref,
    TFreshnessConstraint: parse_freshness_constraint,
}


def check_definition_schema(definition: Mapping[str, Any]) -> None:
    """Compare a definition with dlt's own shape of it. Raises: DictValidationException at the first difference."""
    validate_dict(cast("Any", TJobDefinition), definition, ".", validator_f=_check_named_string)


def as_definition(definition: Mapping[str, Any]) -> TJobDefinition:
    """A plain dictionary as dlt's type; says nothing about its content."""
    return cast("TJobDefinition", definition)


def as_definitions(definitions: Mapping[str, Mapping[str, Any]]) -> dict[str, TJobDefinition]:
    """Plain dictionaries by ref as dlt's type; says nothing about their content."""
    return {ref: as_definition(definition) for ref, definition in definitions.items()}


def _check_named_string(path: str, field: str, value: object, expected: Any) -> bool:
    """Judge dlt's named strings (triggers, refs, constraints), which its validator does not know by itself."""
    parser = _PARSERS.get(expected)
    if parser is None:
        return False
    if not isinstance(value, str):
        raise DictValidationException("must be a string", path, str, field, value)
    try:
        parser(value)
    except DeploymentException as exc:
        raise DictValidationException(str(exc), path, expected, field, value) from exc
    return True
