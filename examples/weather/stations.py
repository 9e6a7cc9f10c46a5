"""The observations of one weather station, as the package `vega_datasets` ships them."""

import csv
import importlib.util
from collections.abc import Iterator
from datetime import date
from pathlib import Path


def dataset_file(name: str) -> Path:
    """Where a shipped data set lies; the package itself is not imported, because that would import pandas."""
    package = importlib.util.find_spec("vega_datasets")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("vega_datasets is not installed")
    return Path(package.submodule_search_locations[0]) / "_data" / name


def observations() -> Iterator[dict[str, object]]:
    """One row a day, in order: what was measured and what the sky looked like."""
    with dataset_file("seattle-weather.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield {
                "day": day_of(row["date"]),
                "precipitation_mm": float(row["precipitation"]),
                "temp_max_c": float(row["temp_max"]),
                "temp_min_c": float(row["temp_min"]),
                "wind_ms": float(row["wind"]),
                "weather": row["weather"],
            }


def day_of(text: str) -> date:
    """`2012/01/31` as a date."""
    year, month, day = (int(part) for part in text.split("/"))
    return date(year, month, day)
