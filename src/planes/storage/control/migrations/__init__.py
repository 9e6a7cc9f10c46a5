"""Alembic scripts, oldest first."""
