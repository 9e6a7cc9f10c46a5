"""R20: planes are replaced by newer ones, which change the schema, while jobs run; and by older ones, which refuse."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from importlib.resources import files
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from tests.acceptance.platforms import run_command
from tests.reliability.crash_stage import CrashStage
from tests.reliability.linked import Linked
from tests.reliability.sizes import sized, tell

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(sized(1200, 3600))]

LIVE = sized(3, 8)  # as many as a region runs at once
PLANES = {"control": "planes.storage.control.migrations", "data": "planes.storage.data.migrations"}


def test_live_runs_outlive_an_upgrade_that_changes_the_schema(linked: Linked) -> None:
    stage = linked.stage
    runs = [stage.trigger("steady") for _ in range(LIVE)]
    stage.when(lambda: all(stage.lines_on_disk(run_id) > 20 for run_id in runs))
    pids = [(stage.record(run_id, "step") or {})["pid"] for run_id in runs]
    with ExitStack() as stack:
        for plane in reversed(PLANES):
            stage.stop(plane)
        before = {plane: _as_before(_database(stage, plane), scripts) for plane, scripts in PLANES.items()}
        stored = [stage.lines_on_disk(run_id) for run_id in runs]
        begun = time.monotonic()
        stage.start()
        back = time.monotonic() - begun
        followers = [stack.enter_context(stage.following(run_id)) for run_id in runs]
        stage.when(lambda: all(len(each.lines) > count for each, count in zip(followers, stored, strict=True)))
        followed = time.monotonic() - begun - back
        still = [(stage.record(run_id, "step") or {})["pid"] for run_id in runs]
        for run_id in runs:
            stage.let(run_id)
        for run_id in runs:
            stage.when(lambda run_id=run_id: stage.status_row(run_id) == "completed")
        stage.when(lambda: all(each.is_over for each in followers))
        logs = [stage.log(run_id) for run_id in runs]

    assert still == pids, "a job was started again"
    assert [each.lines for each in followers] == logs
    for run_id, log in zip(runs, logs, strict=True):
        texts = [line["content"] for line in log if line["source"] == "user"]

        assert stage.executions(run_id) == 1
        assert [line["line_num"] for line in log] == list(range(len(log)))
        assert texts == [f"line {number}" for number in range(len(texts) - 1)] + ["end"]
    for plane, scripts in PLANES.items():
        assert _revision(_database(stage, plane)) == _scripts(scripts).get_current_head() != before[plane]
    tell(
        "R20 upgrade",
        f"{LIVE} live jobs, schemas {' and '.join(before.values())} brought up to date: none was ended or started "
        f"again, planes back after {back:.1f} s, followers at the newest line {followed:.1f} s later",
    )


@pytest.mark.parametrize("plane", sized(["data"], list(PLANES)))
def test_an_older_version_refuses_a_newer_schema_in_words(linked: Linked, plane: str) -> None:
    stage = linked.stage
    run_id = stage.trigger("steady")
    stage.when(lambda: stage.lines_on_disk(run_id) > 20)
    stage.stop(plane)
    with _newer(_database(stage, plane)):
        refused = run_command("serve", "--home", str(stage.home(plane)), *stage.words_of(plane))
    stage.start()
    stage.let(run_id)
    stage.when(lambda: stage.status_row(run_id) == "completed")

    assert refused.returncode != 0
    assert "schema 9999_of_tomorrow, which this version does not know" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert stage.executions(run_id) == 1


def _database(stage: CrashStage, plane: str) -> Path:
    return stage.control_database if plane == "control" else stage.region_database


def _scripts(package: str) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(package))


def _config(package: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files(package)))
    return config


def _revision(database: Path) -> str:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("select version_num from alembic_version").fetchone()[0]


def _as_before(database: Path, package: str) -> str:
    """Puts a database of the schema before the last one in its place, with all that it could hold; its revision."""
    scripts = _scripts(package)
    head = scripts.get_revision("head")
    assert head is not None
    assert isinstance(head.down_revision, str)
    older = database.with_name("older.db")
    engine = create_engine(f"sqlite:///{older}")
    with engine.begin() as connection:
        config = _config(package)
        config.attributes["connection"] = connection
        command.upgrade(config, head.down_revision)
    engine.dispose()
    with closing(sqlite3.connect(older)) as connection:
        connection.execute("attach ? as newer", (str(database),))
        tables = "select name from {}.sqlite_master where type = 'table' and name not like 'sqlite_%'"
        present = {name for (name,) in connection.execute(tables.format("newer"))}
        for (table,) in connection.execute(tables.format("main")).fetchall():
            if table in present and table != "alembic_version":
                shared = [
                    name for name in _columns(connection, "main", table) if name in _columns(connection, "newer", table)
                ]
                names = ", ".join(f'"{name}"' for name in shared)
                connection.execute(f'insert into main."{table}" ({names}) select {names} from newer."{table}"')
        connection.commit()
    for path in database.parent.glob(f"{database.name}-*"):
        path.unlink()
    older.chmod(0o600)
    older.replace(database)
    return head.down_revision


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f'pragma {schema}.table_info("{table}")')]


@contextmanager
def _newer(database: Path) -> Iterator[None]:
    """As a version of tomorrow leaves it."""
    present = _revision(database)
    for name in ("9999_of_tomorrow", present):
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("update alembic_version set version_num = ?", (name,))
            connection.commit()
        if name != present:
            yield
