"""Alembic's environment for this plane."""

from planes.storage.control.metadata import metadata
from planes.storage.migrating import run_migrations

run_migrations(metadata)
