"""The step that builds the environment of a run, and what it may print that nobody is to read."""

from __future__ import annotations

from dataclasses import replace

from planes.data_plane.executor.confinement import Openings
from planes.data_plane.executor.environments import BuilderOptions, BuildStep
from planes.data_plane.executor.limits import limits_of
from planes.data_plane.executor.local import Step
from planes.data_plane.services.secrets.run_secrets import Pairs
from planes.domain.run_limits import RunLimits


def build_step(build: BuildStep, uid: int | None, openings: Openings, limits: RunLimits) -> Step:
    """What builds an environment, as the first step of the run that needs it."""
    return Step(
        name="environment",
        source="setup",
        stage="build",
        argv=tuple(build.argv),
        cwd=str(build.cwd),
        environment=build.environment,
        uid=uid,
        gid=uid,
        limits=limits_of(limits),
        # A build has the index to reach, whatever jobs have.
        confinement=replace(openings, have_network=True).confine(
            build.reads, build.programs, build.writes, build.temporary
        ),
    )


def secrets_of_builds(builder: BuilderOptions) -> Pairs:
    """What opens package indexes and proxies: `uv` and builds may print it (Borders: 6)."""
    told = {**builder.environment, "UV_DEFAULT_INDEX": builder.index_url or ""}
    return tuple(
        (name, value)
        for name, value in told.items()
        if ("://" in value and "@" in value) or name.endswith(("_PASSWORD", "_TOKEN"))
    )
