"""What the weather workspace must have loaded: read from the data set itself, compared with the duckdb files."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.acceptance.wheels import wheel_folder
from tests.contract.client_environment import client_environment

READ = """
import duckdb, json, sys
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    print(json.dumps(connection.execute(sys.argv[2]).fetchall(), default=str))
"""


def observations() -> list[dict[str, str]]:
    """The rows of the data set, as the package ships them."""
    (wheel,) = wheel_folder().glob("vega_datasets-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read("vega_datasets/_data/seattle-weather.csv").decode()
    return list(csv.DictReader(io.StringIO(text)))


def data_folder(home: Path, workspace: Mapping[str, Any], profile: str = "prod") -> Path:
    """Where a workspace's local destinations lie."""
    region = home / "data" / workspace["dataplane_id"] / "orgs" / workspace["organization_id"]
    return region / "workspaces" / workspace["id"] / "data" / profile


def query(database: Path, sql: str) -> list[list[Any]]:
    """Rows of a duckdb file, read with the released client's duckdb. Dates come as text."""
    done = subprocess.run(
        [str(client_environment().python), "-c", READ, str(database), sql],
        check=True,
        capture_output=True,
        text=True,
        timeout=240,
    )
    return json.loads(done.stdout)
