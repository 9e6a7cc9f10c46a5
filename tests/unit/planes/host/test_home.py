from __future__ import annotations

import errno
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE
from types import SimpleNamespace

import anyio
import pytest
from tests.fakes.disks import small_tmpfs

from dlthub_tui.embed.embedded import EmbeddedPlatform
from dlthub_tui.embed.finding import find_platform
from dlthub_tui.embed.serving import CannotStart
from planes.domain.errors import Conflict, InvalidRequest
from planes.host.building import InsecureBinding, PlatformOptions, check_binding, control_settings, data_settings
from planes.host.doctor.findings import Finding, State
from planes.host.doctor.installation import examine_installation
from planes.host.home import Home, HomeInUse, HomeLock, PlatformRecord, check_ours
from planes.host.joining import CannotFollow, follow
from planes.host.listeners import PortPlan, open_listeners, port_of, wanted_port
from planes.host.master_keys import CannotRotate, rotate
from planes.host.platform import HostCannotStart, cannot_start_said, serve_until_signalled
from planes.settings import DataPlaneSettings

RECORD = PlatformRecord(pid=1, version="1", control_plane="http://127.0.0.1:1", data_planes={"eu1": "http://x"})


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_is_private(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")

    # As root, jobs of other uids pass through to their own folders, but nobody lists or reads.
    way = 0o711 if os.geteuid() == 0 else 0o700
    assert mode_of(home.root) == mode_of(home.data_folder("eu1")) == way
    assert mode_of(home.owner_key_file) == 0o600
    assert mode_of(home.control_folder) == 0o700
    assert Home(tmp_path / "home").owner_key_file.read_bytes() == home.owner_key_file.read_bytes()


def test_no_control_plane_begins_beside_regions_of_another(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.check_control_plane()
    for region in ("eu1", ".eu2.restoring"):
        folder = home.data_folder(region)
        (folder / "identity.key").touch()

    with pytest.raises(Conflict, match=r"holds eu1 of a control plane elsewhere.* serve data --region eu1 "):
        home.check_control_plane()

    (home.control_folder / "control.db").touch()
    home.check_control_plane()


def test_a_home_has_one_platform_at_a_time_and_says_where_it_is(tmp_path: Path) -> None:
    home = Home(tmp_path)
    lock = HomeLock(home)
    home.write_record(RECORD)

    with pytest.raises(HomeInUse, match="process 1") as refused:
        HomeLock(home)
    assert refused.value.record == RECORD
    assert home.running() == RECORD

    lock.release()
    assert home.running() is None
    HomeLock(home).release()


def test_the_lock_ends_with_its_process(tmp_path: Path) -> None:
    home = Home(tmp_path)
    code = (
        "import sys, pathlib\n"
        "from planes.host.home import Home, HomeLock\n"
        "lock = HomeLock(Home(pathlib.Path(sys.argv[1])))\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(HomeInUse):
            HomeLock(home)
        holder.kill()
    HomeLock(home).release()


def test_a_handed_over_lock_stays_held_when_the_first_holder_lets_go(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first = HomeLock(home)
    second = HomeLock(home, inherited=os.dup(first.descriptor))
    first.release()

    with pytest.raises(HomeInUse):
        HomeLock(home)
    second.release()


def test_ports_are_asked_for_in_order_and_zero_takes_free_ones() -> None:
    listeners = open_listeners(["control", "us1", "eu1"], PortPlan(host="127.0.0.1", first=0), {})

    ports = {port_of(listener) for listener in listeners.values()}
    assert len(ports) == 3
    for listener in listeners.values():
        listener.close()


@pytest.mark.parametrize(
    ("part", "kept", "port"),
    [("control", {}, 8400), ("us1", {}, 8401), ("eu1", {}, 8402), ("ap1", {}, 8403), ("eu1", {"eu1": 9000}, 9000)],
)
def test_each_part_has_a_port_of_its_own_also_where_it_is_alone(part: str, kept: dict[str, int], port: int) -> None:
    assert wanted_port(0, part, PortPlan(host="127.0.0.1", first=None), kept) == port


def test_a_taken_port_is_named_with_its_owner_and_nothing_stays_open() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Conflict, match=rf"{port} is taken by .*process {os.getpid()}"):
            open_listeners(["control"], PortPlan(host="127.0.0.1", first=port), {})
        moved = open_listeners(["control"], PortPlan(host="127.0.0.1", first=None, may_move=True), {"control": port})
        assert port_of(moved["control"]) != port
        moved["control"].close()


@pytest.mark.parametrize("first", [-1, 65_534, 70_000])
def test_ports_that_are_none_are_refused_with_those_that_are(first: int) -> None:
    with pytest.raises(InvalidRequest, match=r"--port takes 0 to 65533, as 3 in a row are taken\."):
        open_listeners(["control", "us1", "eu1"], PortPlan(host="127.0.0.1", first=first), {})


def test_a_host_that_is_not_of_this_machine_is_no_taken_port() -> None:
    with pytest.raises(InvalidRequest, match=r"cannot listen at 192\.0\.2\.1, port 0: .*--host takes"):
        open_listeners(["control"], PortPlan(host="192.0.2.1", first=0), {})


def test_listening_beyond_this_machine_needs_a_word(tmp_path: Path) -> None:
    options = PlatformOptions(home=Home(tmp_path), version="1", host="0.0.0.0", environment={})

    with pytest.raises(InsecureBinding, match="--insecure"):
        check_binding(options)
    check_binding(PlatformOptions(home=Home(tmp_path), version="1", host="0.0.0.0", insecure=True, environment={}))


def test_settings_come_from_the_home_and_the_given_environment(tmp_path: Path) -> None:
    environment = {
        "DLTHUB_TUI_CONTROL_DATABASE_URL": "postgresql+asyncpg://db/control",
        "DLTHUB_TUI_INDEX_URL": "https://index.example/simple",
        "UV_OFFLINE": "1",
        "https_proxy": "http://proxy.example",
        "AWS_SECRET_ACCESS_KEY": "never passed on",
    }
    options = PlatformOptions(home=Home(tmp_path), version="1", environment=environment)

    control = control_settings(options, "http://127.0.0.1:8400")
    region = data_settings(
        options, "eu1", public_url="http://127.0.0.1:8402", control_plane_url="http://127.0.0.1:8400", join_token="j"
    )
    assert control.database_url == "postgresql+asyncpg://db/control"
    assert region.database_url.endswith("/data/eu1/region.db")
    assert region.region == "Europe"
    assert region.builder.index_url == "https://index.example/simple"
    assert region.builder.environment == {"UV_OFFLINE": "1", "https_proxy": "http://proxy.example"}
    assert control.host_names == {"127.0.0.1", "localhost", "::1"}
    assert not region.refuses_uncontained


@pytest.mark.parametrize(("word", "refuses"), [("run", False), ("refuse", True), ("", False)])
def test_a_region_may_refuse_what_it_cannot_contain(tmp_path: Path, word: str, refuses: bool) -> None:
    assert _region_of(tmp_path, {"DLTHUB_TUI_UNCONTAINED": word}).refuses_uncontained is refuses


@pytest.mark.parametrize(("word", "invite"), [("", True), ("owners", True), ("administrators", False)])
def test_who_invites_is_a_setting(tmp_path: Path, word: str, invite: bool) -> None:
    options = PlatformOptions(home=Home(tmp_path), version="1", environment={"DLTHUB_TUI_INVITES": word})

    assert control_settings(options, "http://127.0.0.1:8400").owners_invite is invite


def test_another_word_for_it_is_no_silent_no(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="DLTHUB_TUI_UNCONTAINED is run or refuse; 'refused' is neither"):
        _region_of(tmp_path, {"DLTHUB_TUI_UNCONTAINED": "refused"})


def _region_of(folder: Path, environment: dict[str, str]) -> DataPlaneSettings:
    options = PlatformOptions(home=Home(folder), version="1", environment=environment)
    return data_settings(options, "eu1", public_url="http://a", control_plane_url="http://b", join_token=None)


def test_processes_that_begin_a_home_together_have_one_key(tmp_path: Path) -> None:
    begin = "from planes.host.home import Home; import sys, pathlib; print(flush=True); sys.stdin.read(1); "
    program = begin + "print(Home(pathlib.Path(sys.argv[1])).owner_key_file.read_text())"
    command = [sys.executable, "-c", program, str(tmp_path / "home")]
    processes = [subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("!")
        process.stdin.flush()
    seen = {process.communicate(timeout=240)[0] for process in processes}

    assert len(seen) == 1
    assert len(next(iter(seen))) == 65


@pytest.fixture
def home_of_another(tmp_path: Path) -> Path:
    """As a service's home looks to root, who looks after it."""
    root = tmp_path / "home"
    Home(root)
    os.chown(root / "owner.key", 70001, 70001)
    return root


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_home_of_another_user_is_written_by_nobody_else(home_of_another: Path) -> None:
    with pytest.raises(Conflict, match=r"home of #70001, who could not read what root writes there\. Run this as"):
        check_ours(home_of_another)
    with pytest.raises(CannotFollow, match="home of #70001"):
        follow(home_of_another, "https://control.example")
    with pytest.raises(CannotRotate, match="home of #70001"):
        anyio.run(rotate, home_of_another, "eu1", {})
    with pytest.raises(HostCannotStart, match="home of #70001"):
        serve_until_signalled(PlatformOptions(home=Home(home_of_another), version="1", environment={}), print)
    with pytest.raises(CannotStart, match="home of #70001"):
        anyio.run(EmbeddedPlatform(home_of_another, lambda: "1").start, print)

    assert [file.name for file in home_of_another.iterdir()] == ["owner.key"]


def test_a_home_of_ones_own_and_one_that_is_not_there_yet_are_ours(tmp_path: Path) -> None:
    check_ours(tmp_path / "none")
    Home(tmp_path / "home")
    check_ours(tmp_path / "home")


def test_what_cannot_be_written_at_a_start_is_named_with_who_wants_to() -> None:
    said = r"^/srv/x: Permission denied to \w+\. Whose are it and its folder\?$"
    with pytest.raises(HostCannotStart, match=said), cannot_start_said():
        raise PermissionError(errno.EACCES, "Permission denied", "/srv/x")


def test_a_start_on_a_full_disk_says_what_to_do() -> None:
    with pytest.raises(HostCannotStart, match=r"^No space left on device\. Make room on the disk"), cannot_start_said():
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_doctor_names_what_is_not_of_the_homes_user(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    key = home.data_folder("eu1") / "master.key"
    key.touch(mode=0o600)

    async def found() -> list[str]:
        return [each.detail async for each in examine_installation(home.root, {}) if each.subject == "owner"]

    before = anyio.run(found)
    os.chown(key, 70001, 70001)

    assert before == []
    assert anyio.run(found) == ["not of root, whose home it is: data/eu1/master.key"]


def test_doctor_says_when_the_disk_takes_no_more_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    sizes = {"f_frsize": 4096, "f_bavail": 10**8, "f_files": 100_000, "f_flag": 0}

    async def found(free: int) -> list[Finding]:
        monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(**sizes, f_favail=free))
        return [each async for each in examine_installation(home.root, {}) if each.subject == "room"]

    assert [each.state for each in anyio.run(found, 90_000)] == [State.GOOD]
    (told,) = anyio.run(found, 7)
    assert (told.state, told.detail) == (State.WARNING, "381.5 GiB free, and room for 7 files")


def test_a_home_on_a_disk_that_was_made_read_only_is_looked_into() -> None:
    async def found(home: Home) -> list[str]:
        return [each.detail async for each in examine_installation(home.root, {})]

    with small_tmpfs(1) as disk:
        home = Home(disk / "home")
        HomeLock(home).release()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)

        assert find_platform(home.root) is None
        assert anyio.run(found, home) == [f"{home.root} is on a disk that is mounted read-only"]


def test_a_copy_of_a_home_has_another_lock(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    HomeLock(home).release()
    before = home.lock_id()
    HomeLock(home).release()
    again = home.lock_id()
    subprocess.run(["cp", "-a", home.root, tmp_path / "copy"], check=True)
    copy = Home(tmp_path / "copy")
    HomeLock(copy).release()

    assert again == before
    assert copy.lock_id() != before
