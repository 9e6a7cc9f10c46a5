"""Schemas are steps in a row: a database at the last one is opened without what makes schemas."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from planes.storage.database import Database
from planes.storage.errors import SchemaTooNew

DATA = "planes.storage.data.migrations"
OPEN = """
import sys, anyio
from planes.storage.database import Database

async def main():
    await (await Database.open(sys.argv[1], sys.argv[2])).close()

anyio.run(main)
print("alembic" in sys.modules)
"""


@pytest.mark.parametrize("migrations", [DATA, "planes.storage.control.migrations"])
def test_each_step_is_named_as_its_file_and_follows_the_one_before(migrations: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(files(migrations)))
    steps = list(ScriptDirectory.from_config(config).walk_revisions())[::-1]

    names = [step.revision for step in steps]
    assert names == [Path(step.path).stem for step in steps] == sorted(names)
    assert [step.down_revision for step in steps] == [None, *names[:-1]]


def test_only_a_schema_that_is_behind_loads_what_makes_schemas(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'region.db'}"

    def opened() -> str:
        words = [sys.executable, "-c", OPEN, url, DATA]
        return subprocess.run(words, check=True, capture_output=True, text=True, timeout=240).stdout.strip()

    assert [opened(), opened()] == ["True", "False"]


@pytest.mark.anyio
async def test_schema_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'region.db'}"
    database = await Database.open(url, DATA)
    async with database.transaction() as connection:
        await connection.execute(text("update alembic_version set version_num = '9999_later'"))
    await database.close()

    with pytest.raises(SchemaTooNew, match="9999_later"):
        await Database.open(url, DATA)
