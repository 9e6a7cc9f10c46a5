"""The share of the machine that runs of a region have, from the environment's words."""

from __future__ import annotations

from collections.abc import Mapping

from planes.domain.errors import InvalidRequest
from planes.domain.run_limits import MIB, RunLimits

_PREFIX = "DLTHUB_TUI_"
_MOST_DIGITS = 9
SETTINGS = {
    "RUN_MEMORY_MB": ("memory_bytes", MIB),
    "RUN_PROCESSES": ("processes", 1),
    "RUN_DISK_MB": ("disk_bytes", MIB),
    "RUN_OPEN_FILES": ("open_files", 1),
    "RUN_CPU_SECONDS": ("processor_seconds", 1),
}


def run_limits(environment: Mapping[str, str], dataplane_id: str) -> RunLimits:
    """`DLTHUB_TUI_EU1_RUN_MEMORY_MB` is for one region, `DLTHUB_TUI_RUN_MEMORY_MB` for all others; 0 for no limit.

    Raises: InvalidRequest for what is no whole number.
    """
    given: dict[str, int] = {}
    for name, (field, unit) in SETTINGS.items():
        value = _find(environment, dataplane_id, name)
        if value is not None:
            given[field] = value * unit
    return RunLimits(**given)


def _find(environment: Mapping[str, str], dataplane_id: str, name: str) -> int | None:
    for variable in (f"{_PREFIX}{dataplane_id.upper()}_{name}", f"{_PREFIX}{name}"):
        word = environment.get(variable, "").strip()
        if not word:
            continue
        if not (word.isascii() and word.isdigit() and len(word) <= _MOST_DIGITS):
            raise InvalidRequest("bad_setting", f"{variable} is a whole number, 0 for no limit; {word[:20]!r} is none.")
        return int(word)
    return None
