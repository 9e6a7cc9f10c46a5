"""Virtual environments of jobs: one per workspace and set of requirements, built by a process of its own."""

from planes.data_plane.executor.environments.catalogue import BuilderOptions, BuildStep, EnvironmentCatalogue
from planes.data_plane.executor.environments.reach import Unreachable
from planes.data_plane.executor.environments.specification import EnvironmentSpecification

__all__ = ["BuildStep", "BuilderOptions", "EnvironmentCatalogue", "EnvironmentSpecification", "Unreachable"]
