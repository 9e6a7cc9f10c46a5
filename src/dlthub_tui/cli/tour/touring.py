"""`dlthub-tui demo`: seeds a home of its own, then plays or offers the tour, and records it when asked."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio

from dlthub_tui.cli import exits
from dlthub_tui.cli.tour.folders import remove_left_behind, temporary_folder
from dlthub_tui.cli.tour.platform import DemoPlatform, NoDemo
from dlthub_tui.cli.tour.player import Left, Player
from dlthub_tui.cli.tour.recording import Cast
from dlthub_tui.cli.tour.script import END, PROOF, SHOP, beats
from dlthub_tui.cli.tour.seeding import seed
from dlthub_tui.cli.tour.stage import Stage
from dlthub_tui.paths import example_folder
from dlthub_tui.settings import terminal_environment
from planes.wire.shell_words import quoted

RECORDED_SIZE = (80, 24)
_MAIN = ("-P", "-m", "dlthub_tui.cli.main")


@dataclass(frozen=True, slots=True)
class Tour:
    """How the tour was asked for. `record` is the cast's file; stills go beside it, into a folder of its name."""

    home: Path | None
    is_auto: bool
    record: Path | None
    pace: float

    @property
    def stills(self) -> Path | None:
        """The folder of the stills; a cast without a suffix has that name itself."""
        if self.record is None:
            return None
        if not self.record.suffix:
            return self.record.with_name(f"{self.record.name}-stills")
        return self.record.with_suffix("")


def run_tour(tour: Tour) -> int:
    """Plays it; answers the exit code."""
    from dlthub_tui.client.errors import ClientError

    if tour.record is not None and not os.access(tour.record.parent, os.W_OK):
        # It is written once the platform has its past, which takes minutes.
        exits.say_error(f"{tour.record} cannot be made there. Name a folder that you may write.")
        return exits.FAILED
    cast = None if tour.record is None else Cast(tour.record, *RECORDED_SIZE)
    exits.put_away_on_signals()
    try:
        with _folder(tour.home) as folder, _seeded(folder) as (platform, key):
            stage = Stage(cast, None if cast is None else RECORDED_SIZE)
            _play(folder, platform, key, Player(stage, is_auto=tour.is_auto, pace=tour.pace, stills=tour.stills))
    except KeyboardInterrupt:
        left = "its folder is removed" if tour.home is None else f"what was made of it stays in {tour.home}"
        exits.say_error(f"Stopped before the demo was ready; {left}.")
        return exits.FAILED
    except (NoDemo, ClientError) as exc:
        exits.say_error(str(exc))
        return exits.FAILED
    except OSError as exc:
        exits.say_error(f"{exc.filename or 'The tour'}: {exc.strerror}.")
        return exits.FAILED
    if tour.record is not None:
        exits.say_error(f"Recorded {tour.record}; stills are in {tour.stills}.")
    return exits.DONE


def _play(folder: Path, platform: DemoPlatform, key: str, player: Player) -> None:
    stage, home = player.stage, folder / "home"
    environment = terminal_environment(is_recorded=player.stills is not None)
    shutil.copytree(example_folder(SHOP), folder / SHOP, dirs_exist_ok=True)
    with stage.opened():
        try:
            stage.play([*_MAIN, "--home", str(home)], environment, folder)
            player.play(beats(key, platform.kill, platform.start))
            stage.play([*_MAIN, "doctor", "--residency", "--home", str(home)], environment, folder, prints=True)
            player.play([PROOF])
        except Left:
            return
        player.close(END)


@contextmanager
def _seeded(folder: Path) -> Generator[tuple[DemoPlatform, str]]:
    """The platform with its past, and the key that the shop's job prints: a new one each time."""
    platform = DemoPlatform(folder / "home", folder / "planes.log")
    key = f"fs_live_{secrets.token_hex(12)}"
    try:
        exits.say_error("Starting a control plane and the regions us1 and eu1.")
        platform.start()
        anyio.run(seed, folder / "home", key, exits.say_error)
        yield platform, key
    finally:
        platform.stop()


@contextmanager
def _folder(given: Path | None) -> Generator[Path]:
    """The demo's folder: the one given, which stays and must be new, or a temporary one."""
    if given is not None:
        if given.exists() and any(given.iterdir()):
            kept = quoted(str(given / "home"))
            opens = f" What one left there opens with dlthub-tui --home {kept}." if (given / "home").is_dir() else ""
            raise NoDemo(f"{given} is not empty. A demo begins in a folder of its own.{opens}")
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    remove_left_behind()
    with temporary_folder() as folder:
        yield folder
