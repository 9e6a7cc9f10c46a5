"""A platform is backed up while jobs run, and is whole again in an empty home, with the keys that were kept apart."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from collections.abc import Generator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pyrage  # pyright: ignore[reportMissingTypeStubs] - there are none
import pytest
import zstandard
from tests.acceptance.installations import Desk, Installation, installed, open_home
from tests.acceptance.platforms import PlatformProcess, serving, wait_until
from tests.acceptance.wheels import from_wheels

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(1200)]

_AGE: Any = pyrage
SECRET = "hunter2-of-the-orchard-5150"
FILES = {
    "requirements.txt": "dlt==1.31.0\n",
    ".dlt/prod.config.toml": "",
    "__deployment__.py": "from works import *\n",
    "works.py": """
import os, time
import dlt.hub.run as run

__all__ = ["tells", "goes_on"]

@run.job
def tells():
    print("length of the secret:", len(os.environ["ORCHARD_KEY"]))
    with open(".dlt/data/prod/seen.txt", "a") as seen:
        seen.write("once\\n")
    print("seen:", open(".dlt/data/prod/seen.txt").read().count("once"))

@run.job
def goes_on():
    for number in range(100_000):
        print("line", number, flush=True)
        time.sleep(0.01)
""",
}
REGIONS = ("eu1", "us1")


@dataclass
class BackedUp:
    installation: Installation
    desks: dict[str, Desk]
    folder: Path
    told: dict[str, Any]
    ended: dict[str, str]
    going: dict[str, str]
    keys: dict[str, Path]
    identity: Path


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """One `dlthub-tui` command, with as much time as a busy machine needs."""
    command = [sys.executable, "-m", "dlthub_tui.cli.main", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def start(desk: Desk, job: str) -> str:
    """Starts a job; the run's id."""
    before = {each["id"] for each in desk.runs(f"jobs.works.{job}")}
    started = desk.run("run", job)
    assert started.code == 0, started.text
    (found,) = [each["id"] for each in desk.runs(f"jobs.works.{job}") if each["id"] not in before]
    return found


def state(desk: Desk, run_id: str) -> str:
    return desk.person.get(f"/workspaces/{desk.workspace['id']}/job-runs/{run_id}").json()["status"]


def run_to_end(desk: Desk) -> str:
    run_id = start(desk, "tells")
    wait_until(lambda: state(desk, run_id) in {"completed", "failed"}, 120)
    assert state(desk, run_id) == "completed", desk.person.stored_log(desk.workspace, run_id)
    return run_id


def contents(desk: Desk, run_id: str) -> list[str]:
    return [line["content"] for line in desk.person.stored_log(desk.workspace, run_id) if line["source"] == "user"]


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> Generator[BackedUp]:
    """Two regions with a workspace each, backed up while a run of each goes on; then the machine is lost."""
    kept = tmp_path_factory.mktemp("kept")
    with installed() as installation:
        desks, ended, going = {}, {}, {}
        for region in REGIONS:
            person = installation.add_person(f"{region}@example.org")
            person.sign_in()
            workspace = person.make_workspace(person.make_organization(f"orchard {region}", region)["id"], region)
            desk = desks[region] = Desk(
                person, workspace, person.connected(person.empty_workspace(region, FILES), workspace)
            )
            upserts = [{"name": "ORCHARD_KEY", "type": "secret", "value": f"{SECRET}-{region}"}]
            path = f"/api/v1/workspaces/{workspace['id']}/variables"
            set_ = person.in_region("PATCH", workspace, path, json={"profile": None, "upserts": upserts})
            assert set_.status_code == 200, set_.text
            deployed = desk.run("deploy")
            assert deployed.code == 0, deployed.text
            ended[region] = run_to_end(desk)
            going[region] = start(desk, "goes_on")
        for region in REGIONS:
            wait_until(lambda desk=desks[region], run_id=going[region]: state(desk, run_id) == "running", 120)
        mine: Any = _AGE.x25519.Identity.generate()
        identity = kept / "identity"
        identity.write_text(f"# the key of somebody\n{mine}\n")
        keys = {region: kept / f"{region}.key" for region in REGIONS}
        for region, path in keys.items():
            path.write_bytes((installation.platform.home / "data" / region / "master.key").read_bytes())

        words = ("backup", str(kept / "backup"), "--recipient", str(mine.to_public()), "--json")
        done = run("admin", *words, "--home", str(installation.platform.home))
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)

        for region in REGIONS:
            assert state(desks[region], going[region]) == "running"
        yield BackedUp(installation, desks, kept / "backup", told, ended, going, keys, identity)


def restore_words(one: BackedUp, *more: str) -> list[str]:
    keys = [word for region, path in one.keys.items() for word in ("--master-key", f"{region}={path}")]
    return ["admin", "restore", str(one.folder), "--identity-file", str(one.identity), *keys, *more]


@pytest.fixture(scope="module")
def restored(backed_up: BackedUp) -> Generator[PlatformProcess]:
    """The same platform from its backup, in another home, on the ports of before; the first one is killed."""
    ports = json.loads((backed_up.installation.platform.home / "ports.json").read_text())
    with open_home() as home:
        done = run(*restore_words(backed_up, "--home", str(home), "--json"))
        assert done.returncode == 0, done.stderr
        backed_up.installation.platform.process.kill()
        backed_up.installation.platform.process.wait()
        (home / "ports.json").write_text(json.dumps(ports))
        first = backed_up.installation.platform
        with serving(home, "--host", "127.0.0.1", env=from_wheels()) as platform:
            # What people's clients know is the address.
            assert platform.control_plane == first.control_plane
            for desk in backed_up.desks.values():
                desk.person.platform = platform
            yield platform
            platform.stop()
            assert platform.failures() == []


def unpacked(one: BackedUp, plane: str) -> dict[str, bytes]:
    """What a plane's backup holds, opened without our code: by the age library, zstd and tar."""
    mine = _AGE.x25519.Identity.from_str(one.identity.read_text().splitlines()[1])
    packed = _AGE.decrypt((one.folder / f"{plane}.tar.zst.age").read_bytes(), [mine])
    plain = zstandard.ZstdDecompressor().stream_reader(BytesIO(packed)).read()
    with tarfile.open(fileobj=BytesIO(plain)) as archive:
        return {member.name: file.read() for member in archive if (file := archive.extractfile(member)) is not None}


def test_each_plane_has_a_file_of_its_own(backed_up: BackedUp) -> None:
    assert [plane["plane"] for plane in backed_up.told["planes"]] == ["control", "eu1", "us1"]
    assert sorted(path.name for path in backed_up.folder.iterdir()) == [
        f"{plane}.tar.zst.age" for plane in ("control", "eu1", "us1")
    ]
    assert all(path.stat().st_mode & 0o077 == 0 for path in backed_up.folder.iterdir())


def test_a_regions_backup_holds_its_own_data_only(backed_up: BackedUp) -> None:
    found = {plane: unpacked(backed_up, plane) for plane in ("control", *REGIONS)}

    assert not any(name.endswith("master.key") for files in found.values() for name in files)
    for region in REGIONS:
        workspace = backed_up.desks[region].workspace
        other = next(name for name in REGIONS if name != region)
        everything = b"".join((*(name.encode() for name in found[other]), *found[other].values()))
        assert workspace["id"].encode() not in everything
        assert workspace["organization_id"].encode() not in everything
        control = b"".join((*(name.encode() for name in found["control"]), *found["control"].values()))
        for mark in (SECRET.encode(), b"length of the secret", b"once\n", b"ORCHARD_KEY"):
            assert mark not in control, mark
        mine = b"".join(found[region].values())
        assert b"once\n" in mine
        assert SECRET.encode() not in mine, "a secret is sealed in a backup as well"


def test_nothing_is_readable_in_the_files(backed_up: BackedUp) -> None:
    for path in backed_up.folder.glob("*.age"):
        assert path.read_bytes().startswith(b"age-encryption.org/v1")


def test_a_restore_needs_the_private_key_and_the_master_keys(backed_up: BackedUp, tmp_path: Path) -> None:
    home = ("--home", str(tmp_path / "home"))
    without = run("admin", "restore", str(backed_up.folder), "--identity-file", str(backed_up.identity), *home)
    (tmp_path / "wrong").write_text(f"{_AGE.x25519.Identity.generate()}\n")
    wrong = run("admin", "restore", str(backed_up.folder), "--identity-file", str(tmp_path / "wrong"), *home)
    swapped = backed_up.keys["us1"]
    other = run(*restore_words(backed_up, "--plane", "eu1", "--master-key", f"eu1={swapped}", *home))

    assert (without.returncode, "need its master key" in without.stderr) == (1, True), without.stderr
    assert (wrong.returncode, "key is not the one" in wrong.stderr) == (1, True), wrong.stderr
    assert (other.returncode, "not the master key of eu1" in other.stderr) == (1, True), other.stderr
    assert not (tmp_path / "home" / "data" / "eu1").exists()


def test_a_file_that_was_changed_or_cut_is_refused(backed_up: BackedUp, tmp_path: Path) -> None:
    for number, damage in enumerate((lambda raw: raw[: len(raw) // 2], lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]))):
        folder = tmp_path / f"damaged-{number}"
        folder.mkdir()
        for path in backed_up.folder.glob("eu1*"):
            (folder / path.name).write_bytes(path.read_bytes())
        sealed = folder / "eu1.tar.zst.age"
        sealed.write_bytes(damage(sealed.read_bytes()))
        words = restore_words(backed_up, "--home", str(tmp_path / f"home-{number}"))
        words[2] = str(folder)

        done = run(*words)

        assert done.returncode == 1
        assert "eu1 was not restored" in done.stderr, done.stderr
        assert not (tmp_path / f"home-{number}" / "data" / "eu1").exists()


@pytest.mark.parametrize("region", REGIONS)
def test_people_find_their_session_runs_and_logs(backed_up: BackedUp, restored: PlatformProcess, region: str) -> None:
    desk = backed_up.desks[region]
    session = desk.run("--non-interactive", "login", "--device")

    assert f"Already logged in as {region}@example.org" in session.text
    assert restored.data_planes[region] == desk.workspace["dataplane_url"]
    assert state(desk, backed_up.ended[region]) == "completed"
    assert contents(desk, backed_up.ended[region]) == [f"length of the secret: {len(SECRET) + 4}", "seen: 1"]


def test_people_sign_in_anew(tmp_path: Path) -> None:
    """Nothing was ever sealed here, so no master key is asked for."""
    mine = _AGE.x25519.Identity.generate()
    (tmp_path / "identity").write_text(f"{mine}\n")
    with installed() as installation, open_home() as home:
        person = installation.add_person("ada@example.org")
        first = installation.platform
        words = ("backup", str(tmp_path / "backup"), "--recipient", str(mine.to_public()), "--home", str(first.home))
        done = run("admin", *words)
        assert done.returncode == 0, done.stderr
        words = ("restore", str(tmp_path / "backup"), "--identity-file", str(tmp_path / "identity"))
        done = run("admin", *words, "--home", str(home))
        assert done.returncode == 0, done.stderr
        assert first.stop() == 0
        (home / "ports.json").write_bytes((first.home / "ports.json").read_bytes())
        with serving(home, "--host", "127.0.0.1", env=from_wheels()) as platform:
            person.platform = platform
            person.sign_in()
            assert person.make_organization("orchard", "eu1")["dataplane_id"] == "eu1"
            assert platform.stop() == 0
            assert platform.failures() == []


@pytest.mark.parametrize("region", REGIONS)
def test_a_run_that_went_on_is_failed_with_the_lines_of_then(
    backed_up: BackedUp, restored: PlatformProcess, region: str
) -> None:
    desk, run_id = backed_up.desks[region], backed_up.going[region]
    assert restored.process.poll() is None
    wait_until(lambda: state(desk, run_id) == "failed", 120)

    lines = contents(desk, run_id)
    assert lines == [f"line {number}" for number in range(len(lines))]
    assert lines


@pytest.mark.parametrize("region", REGIONS)
def test_the_next_run_has_its_secret_and_its_data(backed_up: BackedUp, restored: PlatformProcess, region: str) -> None:
    desk = backed_up.desks[region]
    assert restored.process.poll() is None

    run_id = run_to_end(desk)

    assert contents(desk, run_id) == [f"length of the secret: {len(SECRET) + 4}", "seen: 2"]
    answer = desk.person.in_region("GET", desk.workspace, f"/own/v1/workspaces/{desk.workspace['id']}/audit-entries")
    assert answer.status_code == 200, answer.text


def test_the_audit_chains_are_whole(backed_up: BackedUp, restored: PlatformProcess) -> None:
    assert backed_up.desks
    done = run("doctor", "--home", str(restored.home), "--json")
    document = json.loads(done.stdout)
    assert "broken" not in json.dumps(document).lower(), document


def test_a_restore_that_was_killed_goes_on(backed_up: BackedUp) -> None:
    kills = 0
    with open_home() as home:
        for number in (1, 30, 90, 100_000):
            words = restore_words(backed_up, "--home", str(home))
            ended = subprocess.run(
                [sys.executable, "-c", _DIES, str(number), *words],
                capture_output=True, text=True, timeout=240, check=False,
            )  # fmt: skip
            kills += ended.returncode == -9
            if ended.returncode == 0:
                break
            assert ended.returncode == -9, ended.stderr
        assert ended.returncode == 0
        assert kills
        for plane in ("control", "data/eu1", "data/us1"):
            assert json.loads((home / plane / "restored.json").read_text())["format"] == 1
        assert not list(home.rglob(".*.restoring"))


_DIES = """
import os, signal, sys
left = int(sys.argv[1])
def count(event, args):
    global left
    if event in ("os.rename", "os.mkdir", "os.chmod"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
from dlthub_tui.cli.main import main
main(sys.argv[2:])
"""


def test_a_home_that_is_not_empty_is_left_alone(backed_up: BackedUp) -> None:
    home = backed_up.installation.platform.home
    before = (home / "control" / "control.db").stat().st_mtime_ns if (home / "control" / "control.db").exists() else 0

    done = run(*restore_words(backed_up, "--home", str(home)))

    assert done.returncode == 1
    assert "is not empty" in done.stderr
    assert (home / "control" / "control.db").stat().st_mtime_ns == before
