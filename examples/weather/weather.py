"""Load the observations, then summarize them by month."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from statistics import fmean
from typing import Any

import dlt
import dlt.hub.run as run
from stations import observations

DATASET = "seattle"


@dlt.resource(name="observations", primary_key="day", write_disposition="merge")
def daily(max_rows: int = 0) -> Iterator[dict[str, object]]:
    """The measured days; all of them unless `max_rows` is positive."""
    yield from islice(observations(), max_rows or None)


@dlt.resource(name="monthly", primary_key="month", write_disposition="merge")
def by_month() -> Iterator[dict[str, object]]:
    """Sums and means of each month."""
    months: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in observations():
        months[f"{row['day']:%Y-%m}"].append(row)
    for month, rows in months.items():
        yield {
            "month": month,
            "precipitation_mm": round(sum(row["precipitation_mm"] for row in rows), 1),
            "temp_max_c": round(fmean(row["temp_max_c"] for row in rows), 1),
            "rainy_days": sum(row["weather"] == "rain" for row in rows),
        }


@run.pipeline("seattle_weather", expose={"tags": ["ingest"], "starred": True})
def load(max_rows: int = 0) -> Any:
    """Load the daily observations into duckdb."""
    print("reading the observations", flush=True)
    pipeline = dlt.pipeline("seattle_weather", destination="duckdb", dataset_name=DATASET)
    print(pipeline.run(daily(max_rows)))
    return run.result({"rows": count(pipeline, "observations")}, type="row_counts")


# a run's local duckdb file belongs to that run, so this job reads the source again instead of the loaded table
@run.pipeline("seattle_monthly", trigger=load.success)
def summarize() -> Any:
    """Load one row for each month, after the days were loaded."""
    pipeline = dlt.pipeline("seattle_monthly", destination="duckdb", dataset_name=DATASET)
    pipeline.run(by_month())
    return run.result({"rows": count(pipeline, "monthly")}, type="row_counts")


def count(pipeline: dlt.Pipeline, table: str) -> int:
    """Rows of a loaded table, said and returned."""
    with pipeline.sql_client() as client:
        rows = client.execute_sql(f"SELECT count(*) FROM {client.make_qualified_table_name(table)}")
    print(f"{table}: {rows[0][0]} rows", flush=True)
    return int(rows[0][0])


if __name__ == "__main__":
    load()
    summarize()
