"""R19: an installation on Postgres is backed up and restored by the steps of docs/backup.md, word by word."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from tests.acceptance.platforms import run_command
from tests.fakes.archives import pack
from tests.fakes.leftovers import end_runners
from tests.fakes.postgres import HAS_POSTGRES, running_postgres
from tests.reliability.crash_stage import CrashStage, crash_stage
from tests.reliability.sizes import sized

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.slow,
    pytest.mark.timeout(sized(1200, 3600)),
    pytest.mark.skipif(not HAS_POSTGRES, reason="no initdb"),
]

GUIDE = Path(__file__).parents[2] / "docs" / "backup.md"
PLANES = {"control": "control", "eu1": "data/eu1"}


@dataclass
class Server:
    """A Postgres and its tools; `%s` in `url` is a database."""

    url: str
    environment: dict[str, str]

    def run(self, *command: str) -> None:
        """One tool."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"


@contextmanager
def served() -> Generator[Server]:
    """A server with nothing in it."""
    with running_postgres() as url:
        place = make_url(url).query["host"]
        assert isinstance(place, str)
        environment = {**os.environ, "PGHOST": place, "PGUSER": "tester"}
        yield Server(f"postgresql+asyncpg://tester@/%s?host={place}", environment)


def words_of(tool: str) -> list[str]:
    """A command as the guide has it."""
    found = re.search(rf"`({tool} [^`]*)`", GUIDE.read_text(encoding="utf-8"))
    assert found is not None, f"the guide does not name {tool}"
    return shlex.split(found[1])


def filled(words: list[str], **values: str) -> list[str]:
    for name, value in values.items():
        words = [word.replace(name, value) for word in words]
    return words


def test_the_steps_of_the_guide_bring_an_installation_on_postgres_back(tmp_path: Path) -> None:
    with served() as server:
        for plane in PLANES:
            server.run("createdb", plane)
        urls = {f"DLTHUB_TUI_{plane.upper()}_DATABASE_URL": server.url % plane for plane in PLANES}
        with crash_stage(is_split=False, environment=urls) as stage:
            home = stage.home("whole")
            stage.upload("configurations", file=pack({"prod.secrets.toml": b'orchard = "pear-tree-in-toml"'}))
            ended, going = stage.trigger("quick"), stage.trigger("steady")
            stage.when(lambda: stage.run_of(ended)["status"] == "completed")
            stage.when(lambda: stage.lines_on_disk(going) > 20)
            log = stage.log(ended)

            # 1. Stop the platform. 2. Dump each database. 3. Copy the folders, the master key apart.
            refused = refusal(stage, tmp_path)
            stage.stop("whole")
            assert not (home / "data" / "eu1" / "region.db").exists(), "this region was to be on Postgres"
            for plane, folder in PLANES.items():
                server.run(*filled(words_of("pg_dump"), PLANE=str(tmp_path / plane), DATABASE=plane))
                subprocess.run(["cp", "-a", home / folder, tmp_path / f"{plane}.folder"], check=True)
            (tmp_path / "eu1.folder" / "master.key").rename(tmp_path / "eu1.key")

            # The machine is lost.
            end_runners(home)
            for plane, folder in PLANES.items():
                server.run("dropdb", plane)
                shutil.rmtree(home / folder)

            for plane, folder in PLANES.items():
                server.run("createdb", plane)
                server.run(*filled(words_of("pg_restore"), PLANE=str(tmp_path / plane), DATABASE=plane))
                subprocess.run(["cp", "-a", tmp_path / f"{plane}.folder", home / folder], check=True)
            subprocess.run(["cp", "-a", tmp_path / "eu1.key", home / "data" / "eu1" / "master.key"], check=True)
            stage.start()

            stage.when(lambda: stage.run_of(going)["status"] == "failed")
            lines = [line["content"] for line in stage.log(going) if line["source"] == "user"]
            again = stage.trigger("quick")
            stage.when(lambda: stage.run_of(again)["status"] == "completed")

            assert lines == [f"line {number}" for number in range(len(lines))]
            assert lines
            assert stage.log(ended) == log
            assert [stage.executions(run_id) for run_id in (ended, going, again)] == [1, 1, 1]
            assert not stage.planes["whole"].failures()
    assert "pg_dump --format=custom --file=control.dump" in refused
    assert "pg_dump --format=custom --file=eu1.dump" in refused


def refusal(stage: CrashStage, folder: Path) -> str:
    """What `admin backup` says of this home."""
    (folder / "phrase").write_text("a long one for tests\n")
    words = ("backup", str(folder / "no"), "--passphrase-file", str(folder / "phrase"))
    done = run_command("admin", *words, "--home", str(stage.home("whole")), env=stage.environment)
    assert done.returncode == 1, done.stdout
    assert not (folder / "no").exists()
    return done.stderr
