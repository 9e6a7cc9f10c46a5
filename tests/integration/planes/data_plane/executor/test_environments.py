"""The environment builder with the real uv, on wheels made here."""

from __future__ import annotations

import fcntl
import io
import os
import signal
import stat
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.workspaces import open_folder
from tests.integration.planes.data_plane.executor.wheels import write_wheel

from planes.data_plane.executor.confinement import Openings
from planes.data_plane.executor.environments import (
    BuilderOptions,
    BuildStep,
    EnvironmentCatalogue,
    EnvironmentSpecification,
    Unreachable,
)
from planes.data_plane.executor.environments.interpreters import found_on
from planes.data_plane.executor.environments.reach import obstacle

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
DEADLINE_SECONDS = 240


def specify(*requirements: str, python: str = PYTHON, includes_dlthub: bool = True) -> EnvironmentSpecification:
    return EnvironmentSpecification(
        organization_id="organization",
        workspace_id="workspace",
        python_version=python,
        requirements=requirements,
        includes_dlthub=includes_dlthub,
    )


@pytest.fixture
def opened() -> Generator[Path]:
    with open_folder("environments-") as folder:
        yield folder


@pytest.fixture
def index(opened: Path) -> Path:
    folder = opened / "wheels"
    folder.mkdir()
    write_wheel(folder, "plain")
    return folder


def catalogue_at(folder: Path, index: Path, uid: int | None = None, **environment: str) -> EnvironmentCatalogue:
    folder.mkdir(exist_ok=True)
    options = BuilderOptions(environment={"UV_FIND_LINKS": str(index), "UV_OFFLINE": "1", **environment})
    return EnvironmentCatalogue(folder, options, uid, uid)


@pytest.fixture
def catalogue(tmp_path: Path, index: Path) -> EnvironmentCatalogue:
    return catalogue_at(tmp_path / "workspace", index)


def start(step: BuildStep, uid: int | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        step.argv, cwd=step.cwd, env=step.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        user=uid, group=uid, extra_groups=[] if uid is not None else None, start_new_session=True,
    )  # fmt: skip


def run(step: BuildStep, uid: int | None = None) -> tuple[int, str]:
    with start(step, uid) as process:
        output, _ = process.communicate(timeout=DEADLINE_SECONDS)
    return process.returncode, output


def imported(python: Path, module: str, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        [python, "-c", f"import {module}; print({module}.__file__)"],
        check=True, capture_output=True, text=True, env=dict(environment or {}),
    )  # fmt: skip
    return done.stdout.strip()


def test_built_environment_imports_its_packages(catalogue: EnvironmentCatalogue) -> None:
    wanted = specify("plain")

    code, output = run(catalogue.prepare_build(wanted))

    assert code == 0, output
    assert catalogue.is_ready(wanted)
    assert str(catalogue.python(wanted).parents[1]) in imported(catalogue.python(wanted), "plain")
    assert "$ uv pip install" in output


def test_present_environment_costs_nothing(catalogue: EnvironmentCatalogue) -> None:
    wanted = specify("plain")
    run(catalogue.prepare_build(wanted))
    before = catalogue.python(wanted).parent.stat().st_ino

    code, output = run(catalogue.prepare_build(wanted))

    assert (code, output) == (0, "Environment is ready.\n")
    assert catalogue.python(wanted).parent.stat().st_ino == before


def test_scripts_work_after_the_move_to_the_final_name(tmp_path: Path, index: Path) -> None:
    files = {"tool.py": "def main():\n    print('tool runs')\n"}
    write_wheel(
        index, "tool", files={**files, "tool-1.0.dist-info/entry_points.txt": "[console_scripts]\ntool = tool:main\n"}
    )
    catalogue = catalogue_at(tmp_path / "workspace", index)
    wanted = specify("tool")
    run(catalogue.prepare_build(wanted))

    done = subprocess.run(
        [catalogue.python(wanted).with_name("tool")],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"},
    )

    assert done.stdout == "tool runs\n"


def test_everything_is_read_only_afterwards(catalogue: EnvironmentCatalogue) -> None:
    wanted = specify("plain")
    run(catalogue.prepare_build(wanted))

    root = catalogue.python(wanted).parents[1]
    writable = [path for path in root.rglob("*") if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o222]

    assert writable == []


def test_byte_code_is_there_before_the_first_run(catalogue: EnvironmentCatalogue) -> None:
    wanted = specify("plain")
    run(catalogue.prepare_build(wanted))

    assert list(catalogue.python(wanted).parents[1].rglob("plain.*.pyc"))


def test_no_code_of_a_wheel_runs_in_its_build(tmp_path: Path, index: Path) -> None:
    ran = tmp_path / "ran"
    write_wheel(index, "early", files={"early.py": "", "early.pth": f"import os; open({str(ran)!r}, 'w').close()\n"})
    catalogue = catalogue_at(tmp_path / "workspace", index, UV_INDEX_PRIVATE_PASSWORD="opens-the-index")
    code, output = run(catalogue.prepare_build(specify("early")))
    ran_in_build = ran.exists()

    imported(catalogue.python(specify("early")), "early")

    assert (code, ran_in_build) == (0, False), output
    assert ran.exists(), "nothing would have been seen"


def test_environment_shares_no_file_with_the_cache(catalogue: EnvironmentCatalogue, tmp_path: Path) -> None:
    wanted = specify("plain")
    run(catalogue.prepare_build(wanted))

    linked = [p for p in catalogue.python(wanted).parents[1].rglob("*.py") if p.stat().st_nlink > 1]

    assert linked == []


def test_hub_is_importable_without_the_commercial_package(tmp_path: Path, index: Path) -> None:
    hub = {
        "dlt/__init__.py": "",
        "dlt/hub/__init__.py": "def __getattr__(name):\n    raise ImportError(name)\n",
        "dlt/hub/run.py": "",
    }
    write_wheel(index, "dlt", files=hub)
    catalogue = catalogue_at(tmp_path / "workspace", index)
    with_hub, without = specify("dlt", includes_dlthub=False), specify("dlt", includes_dlthub=True)
    for wanted in (with_hub, without):
        run(catalogue.prepare_build(wanted))

    def says(wanted: EnvironmentSpecification) -> int:
        line = "from dlt.hub import run"
        return subprocess.run(
            [catalogue.python(wanted), "-c", line], capture_output=True, check=False, env={}
        ).returncode

    assert says(with_hub) == 0
    assert says(without) == 1


def test_environment_without_dlt_starts_quietly(catalogue: EnvironmentCatalogue) -> None:
    wanted = specify("plain", includes_dlthub=False)
    run(catalogue.prepare_build(wanted))

    done = subprocess.run([catalogue.python(wanted), "-c", ""], capture_output=True, check=True, env={})

    assert done.stderr == b""


def test_unresolvable_requirement_says_which(catalogue: EnvironmentCatalogue) -> None:
    wanted = specify("plain", "no-such-package-here==9.9")

    code, output = run(catalogue.prepare_build(wanted))

    assert code == 1
    assert "no-such-package-here" in output
    assert not {"Traceback", "DLTHUB_TUI_SOURCE_BUILDS=allow"} & set(output.split()), "it is not for want of a wheel"
    assert not catalogue.is_ready(wanted)
    assert not list(catalogue.python(wanted).parents[2].glob("*.building")), "what is left may be what fills the disk"


@pytest.mark.parametrize("source_builds", [False, True])
def test_a_package_without_a_wheel_is_built_only_where_that_is_allowed(
    tmp_path: Path, index: Path, source_builds: bool
) -> None:
    with tarfile.open(index / "crude-1.0.tar.gz", "w:gz") as archive:
        for name, text in {
            "pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = 'made'\nbackend-path = ['.']\n",
            "made.py": f"def build_wheel(*_):\n    open({str(tmp_path / 'ran')!r}, 'w').close()\n    1 / 0\n",
            "PKG-INFO": "Metadata-Version: 2.1\nName: crude\nVersion: 1.0\n",
        }.items():
            member = tarfile.TarInfo(f"crude-1.0/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    options = BuilderOptions(environment={"UV_FIND_LINKS": str(index), "UV_OFFLINE": "1"}, source_builds=source_builds)
    (tmp_path / "workspace").mkdir()
    catalogue = EnvironmentCatalogue(tmp_path / "workspace", options, None, None)

    code, output = run(catalogue.prepare_build(specify("crude==1.0")))

    assert code == 1
    assert "crude" in output
    assert (tmp_path / "ran").exists() is source_builds
    assert ("lines above. crude==1.0 has no wheel for this Python" in output) is not source_builds
    assert ("DLTHUB_TUI_SOURCE_BUILDS" in output) is not source_builds


def test_missing_python_names_the_ones_present(catalogue: EnvironmentCatalogue) -> None:
    code, output = run(catalogue.prepare_build(specify("plain", python="3.99")))

    assert code == 1
    assert "Python 3.99 is not installed" in output
    assert f"{PYTHON}." in output


def test_simultaneous_runs_build_once(catalogue: EnvironmentCatalogue) -> None:
    wanted = specify("plain")
    processes = [start(catalogue.prepare_build(wanted)) for _ in range(4)]

    outputs = [process.communicate(timeout=DEADLINE_SECONDS)[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert sum("Building an environment" in output for output in outputs) == 1


def test_killed_build_is_begun_again(tmp_path: Path, index: Path) -> None:
    catalogue = catalogue_at(tmp_path / "workspace", index)
    wanted = specify("plain")
    step = catalogue.prepare_build(wanted)
    process = start(step)
    building = step.cwd / f"{wanted.key}.building"
    wait_for(building.exists)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=DEADLINE_SECONDS)
    assert not catalogue.is_ready(wanted)

    code, output = run(catalogue.prepare_build(wanted))

    assert code == 0, output
    assert catalogue.is_ready(wanted)
    assert not building.exists()


def test_killed_build_of_other_requirements_leaves_nothing(tmp_path: Path, index: Path) -> None:
    catalogue = catalogue_at(tmp_path / "workspace", index)
    step = catalogue.prepare_build(specify("plain"))
    process = start(step)
    wait_for(lambda: any(step.cwd.glob("*.building")))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=DEADLINE_SECONDS)
    was_left = list(step.cwd.glob("*.building"))
    # As one that is still built: its builder holds the lock.
    busy, lock = step.cwd / "busy.building", (step.cwd / "busy.lock").open("w")
    busy.mkdir()
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, output = run(catalogue.prepare_build(specify()))

    assert code == 0, output
    assert was_left
    assert list(step.cwd.glob("*.building")) == [busy]


def test_what_a_killed_uv_left_in_the_cache_goes_unless_somebody_builds(tmp_path: Path, index: Path) -> None:
    catalogue = catalogue_at(tmp_path / "workspace", index)
    step, cache = catalogue.prepare_build(specify("plain")), tmp_path / "workspace" / "uv-cache"
    left = [cache / ".tmpAb1", cache / "archive-v0" / ".tmpCd2"]
    for folder in left:
        (folder / "half").mkdir(parents=True)
    with (cache / "builders.lock").open("w") as busy:  # as another builder, or the uv that outlived it
        fcntl.flock(busy, fcntl.LOCK_SH)
        beside = run(step)
        kept = [folder.exists() for folder in left]

    alone = run(catalogue.prepare_build(specify()))

    assert beside[0] == alone[0] == 0, beside[1] + alone[1]
    assert kept == [True, True]
    assert not any(folder.exists() for folder in left)
    assert imported(catalogue.python(specify("plain")), "plain")


def test_an_index_that_is_gone_is_not_missed_by_what_was_built_before(tmp_path: Path) -> None:
    packages, workspace = tmp_path / "simple" / "plain", tmp_path / "workspace"
    packages.mkdir(parents=True)
    workspace.mkdir()
    write_wheel(packages, "plain")
    serve = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as index:
        assert index.stdout is not None
        port = index.stdout.readline().split(" port ")[1].split()[0]
        url = f"http://127.0.0.1:{port}/simple"
        first = EnvironmentCatalogue(workspace, BuilderOptions(index_url=url), None, None)
        with_index = run(first.prepare_build(specify("plain")))
        index.terminate()
    options = BuilderOptions(index_url=url, environment={"UV_HTTP_RETRIES": "0"})
    catalogue, other = EnvironmentCatalogue(workspace, options, None, None), specify("plain", includes_dlthub=False)

    from_cache = run(catalogue.prepare_build(other))
    never_seen = run(catalogue.prepare_build(specify("another")))

    assert with_index[0] == from_cache[0] == 0, with_index[1] + from_cache[1]
    assert imported(catalogue.python(other), "plain")
    assert (never_seen[0], "Start the run again when this machine reaches the index" in never_seen[1]) == (1, True)


def test_environment_whose_interpreter_went_is_built_again(catalogue: EnvironmentCatalogue) -> None:
    wanted = specify("plain")
    run(catalogue.prepare_build(wanted))
    python = catalogue.python(wanted)
    python.parent.chmod(0o700)
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert not catalogue.is_ready(wanted)

    code, output = run(catalogue.prepare_build(wanted))

    assert code == 0, output
    assert catalogue.is_ready(wanted)


def test_workspaces_never_share_an_environment() -> None:
    other = EnvironmentSpecification(
        organization_id="organization",
        workspace_id="other",
        python_version=PYTHON,
        requirements=("plain",),
        includes_dlthub=True,
    )

    assert specify("plain").key != other.key
    assert other.key != replace(other, organization_id="elsewhere").key


def test_order_of_requirements_does_not_matter() -> None:
    assert specify("b", "a", "a").key == specify("a", "b").key


def test_builder_inherits_nothing_but_the_allowed_names(tmp_path: Path, index: Path) -> None:
    catalogue = catalogue_at(
        tmp_path / "workspace",
        index,
        SECRET_KEY="x",
        HTTPS_PROXY="p",
        PATH="/elsewhere/bin",
        LD_PRELOAD="l",
        UV_CACHE_DIR="/other",
        UV_PUBLISH_TOKEN="t",
        UV_PUBLISH_PASSWORD="p",
    )

    environment = catalogue.prepare_build(specify("plain")).environment

    assert environment.keys() & {"SECRET_KEY", "LD_PRELOAD", "UV_PUBLISH_TOKEN", "UV_PUBLISH_PASSWORD"} == set()
    assert environment["HTTPS_PROXY"] == "p"
    assert environment["UV_PYTHON_DOWNLOADS"] == "never"
    assert environment["UV_CACHE_DIR"] == str(tmp_path / "workspace" / "uv-cache")
    assert environment["PATH"].endswith(":/elsewhere/bin")


@pytest.mark.skipif(os.geteuid() != 0, reason="switches the uid")
def test_builder_runs_as_the_job_uid(opened: Path, index: Path) -> None:
    uid = 70_123
    catalogue = catalogue_at(opened / "workspace", index, uid=uid)
    step = catalogue.prepare_build(specify("plain", python=system_python(uid)))

    code, output = run(step, uid)

    assert code == 0, output
    assert catalogue.python(specify("plain", python=system_python(uid))).lstat().st_uid == uid


@pytest.mark.skipif(os.geteuid() != 0, reason="switches the uid")
def test_closed_home_is_named_before_the_build(opened: Path, index: Path) -> None:
    folder = opened / "closed"
    folder.mkdir(mode=0o700)

    with pytest.raises(Unreachable, match="closed is closed to uid 70123"):
        catalogue_at(folder / "workspace", index, uid=70_123).prepare_build(specify("plain"))


def test_obstacle_names_the_closed_folder(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "file").write_text("x")

    found = obstacle(closed / "file", 70_123, 70_123)

    assert found is not None
    assert "is closed to uid 70123" in found


def system_python(uid: int) -> str:
    """A Python version that this uid can run."""
    done = subprocess.run(
        ["python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        check=True, capture_output=True, text=True, env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        user=uid, group=uid, extra_groups=[],
    )  # fmt: skip
    return done.stdout.strip()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        os.sched_yield()


@pytest.mark.parametrize("link", ["environment", "interpreter"])
def test_links_of_a_build_open_nothing(opened: Path, index: Path, link: str) -> None:
    """Whoever builds may change every environment of the workspace, and so where its links lead."""
    home = opened / "home"
    (home / "other/bin").mkdir(parents=True)
    (home / "other/lib/python3.13").mkdir(parents=True)
    (home / "other/bin/python").touch()
    catalogue, wanted = catalogue_at(home / "workspace", index), specify("plain")
    python = catalogue.python(wanted)
    if link == "environment":
        python.parent.parent.parent.mkdir()
        python.parent.parent.symlink_to(home / "other")
    else:
        python.parent.mkdir(parents=True)
        python.symlink_to(home / "other/bin/python")

    reach = Openings(private=home).confine(catalogue.reads_of(wanted), catalogue.programs_of(wanted), [], home / "tmp")

    assert [path for path in reach.read if Path(path).is_relative_to(home)] == [str(python.parent.parent)]


def test_a_search_path_does_not_open_the_home(opened: Path) -> None:
    """A person's own programs and the platform's home may have one folder above both."""
    (opened / "bin").mkdir()
    (opened / "bin/python3").touch()
    (opened / "lib/python3.13").mkdir(parents=True)
    (opened / "share/home/runs").mkdir(parents=True)
    (opened / "share/other").mkdir()
    private = opened / "share/home"

    reach = Openings(private=private).confine([], found_on(str(opened / "bin")), [], private / "tmp")

    own = {path for path in reach.read if Path(path).is_relative_to(opened)}
    assert own == {str(opened / name) for name in ("bin", "lib", "include", "share/other", "ssl")}
