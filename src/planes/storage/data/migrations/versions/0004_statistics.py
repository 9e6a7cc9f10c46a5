"""Columns for the statistics of pipelines and datasets, and for results whose trace is too large.

Revision: 0004_statistics, after 0003_leaks.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004_statistics"
down_revision = "0003_leaks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    false, empty = sa.text("false"), sa.text("'[]'")
    op.add_column("pipeline_runs", sa.Column("has_schema_migration", sa.Boolean, nullable=False, server_default=false))
    op.add_column("pipeline_runs", sa.Column("source_names", sa.JSON, nullable=False, server_default=empty))
    op.add_column("pipeline_runs", sa.Column("table_names", sa.JSON, nullable=False, server_default=empty))
    op.add_column("pipeline_runs", sa.Column("pending_rows", sa.JSON))
    op.add_column("job_results", sa.Column("is_trace_too_large", sa.Boolean, nullable=False, server_default=false))
    _carry_over()


def _carry_over() -> None:
    """What the rows from before say in their details."""
    connection = op.get_bind()
    runs = sa.table(
        "pipeline_runs",
        sa.column("id", sa.String),
        sa.column("has_schema_migration", sa.Boolean),
        *(sa.column(name, sa.JSON) for name in ("source_names", "table_names", "detail")),
    )
    for row in connection.execute(sa.select(runs.c.id, runs.c.detail)).all():
        sources = {package["schema_name"] for package in row.detail["load_packages"] if package["schema_name"]}
        loaded = {table["table_name"] for table in row.detail["tables"] if table["load_job_state"] == "completed"}
        values = {
            "has_schema_migration": row.detail["has_schema_migration"],
            "source_names": sorted(sources),
            "table_names": sorted(name for name in loaded if not name.startswith("_dlt_")),
        }
        connection.execute(sa.update(runs).where(runs.c.id == row.id).values(values))
