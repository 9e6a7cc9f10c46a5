# ruff: noqa: E501 - lines of the job are as long as a job's lines are
"""A job prints its secrets in ways that are not a plain print: other processes, other threads, C, half lines, hooks."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from dataclasses import dataclass

import pytest
from tests.acceptance.installations import Desk
from tests.acceptance.leaks import leaked, random_word, search_windows
from tests.acceptance.platforms import wait_until
from tests.acceptance.split import SplitInstallation, split_installation

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(1800)]

VALUES = {
    "TOKEN": random_word(28),
    # What a file, a pipeline or a table may be named by: lower case.
    "NAME": random_word(24).lower(),
    # Words with spaces, which programs break anywhere.
    "PHRASE": " ".join(random_word(9) for _ in range(9)),
    "LONG": random_word(200),
}
WAYS = (
    "children", "threads", "c_library", "half_lines", "terminals", "files", "long_lines", "errors", "hooks", "names",
    "wraps", "late",
)  # fmt: skip
JOBS = r"""
import asyncio, atexit, ctypes, faulthandler, gc, io, json, logging, multiprocessing, os, pprint, resource, signal
import subprocess, sys, textwrap, threading, time, traceback, warnings
import dlt
import dlt.hub.run as run

TOKEN, NAME, PHRASE, LONG = (os.environ.get(name, "") for name in ("TOKEN", "NAME", "PHRASE", "LONG"))
VALUES = (TOKEN, NAME, PHRASE, LONG)
__all__ = ["odd", "ends_badly", "named", "aborts"]


def in_child(value):
    print("child prints", value, flush=True)
    os.write(2, b"child writes " + value.encode() + b"\n")


def children():
    for value in VALUES:
        subprocess.run(["sh", "-c", 'echo "$0"; echo "$0" >&2', value], check=True)
        subprocess.run([sys.executable, "-c", "import sys; sys.exit(sys.argv[1])", value])
        subprocess.run([sys.executable, "-c", "import sys; print(sys.argv)", value])
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=in_child, args=(value,), name=value) for value in (TOKEN, PHRASE)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    print(workers)


def threads():
    def slowly(value):
        for sign in value + "\n":
            os.write(1, sign.encode()); time.sleep(0.001)
    def says(value):
        for number in range(40): print(number, value, flush=True)
    for target in (says,):
        group = [threading.Thread(target=target, args=(value,), name=value) for value in VALUES]
        for one in group: one.start()
        for one in group: one.join()
        print(group)
    slowly(TOKEN)


def c_library():
    libc = ctypes.CDLL(None)
    for value in VALUES:
        libc.write(1, value.encode() + b"\n", len(value) + 1)
        libc.printf(b"%s and %10s|\n", value.encode(), value.encode())
        libc.puts(value.encode())
        libc.dprintf(2, b"to stderr %s\n", value.encode())
        libc.perror(value.encode())
    libc.fflush(None)
    libc.prctl(15, TOKEN[:15].encode())
    print(open("/proc/self/comm").read(), open("/proc/self/cmdline").read().split("\0"))


def half_lines():
    for value in VALUES:
        for place in (1, 4, len(value) // 2, len(value) - 1):
            os.write(1, value[:place].encode()); time.sleep(0.06); os.write(1, value[place:].encode() + b"\n")
            os.write(1, b"a " + value[:place].encode()); os.write(2, b"between, on the other stream\n"); os.write(1, value[place:].encode() + b"\n")
    with os.fdopen(os.dup(1), "wb", buffering=7) as unusual:
        for value in VALUES: unusual.write(value.encode() + b"\n")


def terminals():
    from rich.console import Console
    from rich.live import Live
    from rich.panel import Panel
    from rich.table import Table
    from rich.progress import track
    for value in VALUES:
        for done in range(30): sys.stderr.write(f"\r{value}: {done / 30:4.0%}|{'█' * done:30}| {done}/30 [00:00<00:00, 3.2it/s, token={value}]"); sys.stderr.flush()
        console = Console(file=sys.stdout, force_terminal=True, width=300)
        with Live(Panel(value), console=console, refresh_per_second=50) as live:
            for number in range(3):
                live.update(Panel(f"[bold red]{number}[/] [green]{value}[/]")); live.refresh()
        table = Table("name", "value"); table.add_row("key", value); console.print(table)
        with console.status(f"at work with {value}"): time.sleep(0.05)
        console.print({"value": value}, [value], style="on blue")
        for _ in track(range(20), description=value, console=console, update_period=0.001): time.sleep(0.002)
        sys.stdout.write(f"\r10 % {value}\r20 % {value}\x1b[K\r\x1b[2K{value}\b\b\b\n"); sys.stdout.flush()


def files():
    logger = logging.getLogger("to-a-file"); logger.propagate = False
    logger.addHandler(logging.FileHandler("mine.log"))
    for value in VALUES:
        logger.error("in my file %s %r", value, {"v": value})
    print(open("mine.log").read())
    subprocess.run(["cat", "mine.log"]); subprocess.run(["od", "-c", "mine.log"], stdout=subprocess.DEVNULL)
    os.makedirs(NAME); open(f"{NAME}/{TOKEN}.txt", "w").write("x")
    print(os.listdir("."), os.listdir(NAME)); subprocess.run(["ls", "-lR", "."])
    for value in VALUES:
        subprocess.run(["cat", f"/nowhere/{value}"])
        try: open(f"/nowhere/{value}")
        except OSError as error: print(error, repr(error))


def long_lines():
    for value in VALUES:
        print(json.dumps({"rows": [{"id": number, "name": "x" * 20} for number in range(2000)], "held": value, "more": ["y"] * 2000}))
        for shift in (0, 7, len(value) // 2):
            for border in (8192, 65536, 262144):
                print("z" * (border - shift - 1), value, "z" * 1000)
        print("q" * 300_000 + value + "q" * 300_000)


def errors():
    for value in VALUES:
        try:
            try: raise KeyError(value)
            except KeyError as error: raise ExceptionGroup(value, [ValueError(value), OSError(2, value, value)]) from error
        except ExceptionGroup as group:
            group.add_note(f"a note: {value}"); group.add_note(repr(value))
            traceback.print_exc(); logging.exception("group")
            print(traceback.format_exc().encode()); print(repr(group))
        try: exec(compile("1/0", value, "exec"))
        except ZeroDivisionError: traceback.print_exc()
        try: exec(compile(f"{value} =", "code", "exec"))
        except SyntaxError: traceback.print_exc()
        warnings.warn(value); warnings.warn_explicit("odd", UserWarning, value, 3)
        try: int(value)
        except ValueError as error: print(error)
        try: json.loads(value)
        except ValueError as error: print(error, error.doc)
        try: getattr(object(), value)
        except AttributeError as error: print(error)
    print(traceback.TracebackException.from_exception(KeyError(TOKEN), capture_locals=True))
    try: fails_with_locals(TOKEN)
    except RuntimeError as error: print("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))


def fails_with_locals(value):
    holder = [value]
    raise RuntimeError("locals")


class Dies:
    def __del__(self): raise ValueError(f"in del {TOKEN}")


def hooks():
    logging.basicConfig(level=logging.DEBUG, force=True)
    Dies(); gc.collect()
    thread = threading.Thread(target=lambda: 1 / len(TOKEN[:0]) or print(TOKEN), name=TOKEN); thread.start(); thread.join()
    async def lost(): raise ValueError(f"never retrieved {TOKEN}")
    async def main():
        task = asyncio.create_task(lost(), name=NAME); await asyncio.sleep(0.01); print(task)
        asyncio.get_running_loop().call_exception_handler({"message": f"said {TOKEN}", "exception": ValueError(PHRASE)})
    asyncio.run(main(), debug=True); gc.collect()
    faulthandler.enable(); exec(compile("faulthandler.dump_traceback(file=2)", TOKEN, "exec"), {"faulthandler": faulthandler})
    sys.displayhook({"shown": TOKEN}); sys.audit("odd", TOKEN)
    import cProfile
    cProfile.runctx("exec(compile('1+1', TOKEN, 'exec'))", globals(), {})
    print(globals()); pprint.pprint({key: value for key, value in globals().items() if key.isupper()}, width=300)


def names():
    print({value: 1 for value in VALUES}, {"a": {value: {}} for value in VALUES}, set(VALUES), VALUES)
    print(type(NAME, (), {}), type("X" + NAME, (Exception,), {})(TOKEN).__repr__())
    print(f"{TOKEN=} {NAME=!r} {PHRASE=:>120} {LONG=}", f"{TOKEN!a:*^60}")
    print(("%s" % TOKEN).center(80, "-"), TOKEN.join("ab"), "x" + TOKEN + "y", TOKEN * 3, f"'{TOKEN}'", f"<{TOKEN}>")


def wraps():
    from rich.console import Console
    from rich.panel import Panel
    for value in VALUES:
        if " " not in value:  # else it is printed as several strings, and the later ones stand alone
            pprint.pprint({"k": value, "other": "o" * 50}); pprint.pprint([value] * 2, width=40)
        print(textwrap.fill(f"some text before it {value} and text behind", 40), textwrap.indent(value, "    "), sep="\n")
        for width in (60, 80, 100):
            Console(file=sys.stdout, width=width).print(f"the value that was used is {value} as it was told")
            Console(file=sys.stdout, width=width).print(Panel(f"the value is {value}"))
            Console(file=sys.stdout, width=width, force_terminal=True).print({"the value that was used": value})
        subprocess.run(["fold", "-w", "60"], input=f"folded {value}\n".encode())
        subprocess.run(["fmt", "-w", "50"], input=f"formatted text with {value} inside of it\n".encode())


def late():
    atexit.register(lambda: print("at exit", TOKEN, PHRASE))
    subprocess.Popen(["sh", "-c", f"sleep 0.3; echo late {TOKEN}; sleep 2; echo later"], start_new_session=True)
    if os.fork() == 0:
        time.sleep(0.2); print("forked", TOKEN, PHRASE, LONG, flush=True); os._exit(0)


@run.job
def odd():
    print("core files:", resource.getrlimit(resource.RLIMIT_CORE))
    for way in (@WAYS@):
        print("way", way.__name__, flush=True); sys.stderr.flush()
        way()
        sys.stdout.flush(); sys.stderr.flush()
    print("all ways done", flush=True)
    return run.result({TOKEN: PHRASE, "deep": [{"x": {LONG: [NAME]}}], "text": f"it is {TOKEN}", "bytes": str(TOKEN.encode())})


@run.job
def ends_badly():
    error = ValueError(TOKEN); error.add_note(PHRASE); error.add_note(LONG)
    raise ExceptionGroup(NAME, [error, RuntimeError({"k": PHRASE})])


@run.job
def aborts():
    exec(compile("import os; os.abort()", TOKEN, "exec"))


@run.job
def named():
    @dlt.resource(name=f"rows_{NAME}", table_name=f"table_{NAME}")
    def rows():
        dlt.current.source_state()["held"] = TOKEN
        yield {"id": 1, f"column_{NAME}": 2}
    pipeline = dlt.pipeline(f"pipe_{NAME}", destination="duckdb", dataset_name=f"set_{NAME}")
    print(pipeline.run(rows())); print(pipeline.last_trace, pipeline.default_schema.to_pretty_yaml(), pipeline.state)
""".replace("@WAYS@", ", ".join(WAYS))


@dataclass(frozen=True)
class Printed:
    """The installation, what the client showed, and stored lines by job."""

    split: SplitInstallation
    client: str
    logs: dict[str, list[str]]


@pytest.fixture(scope="module")
def printed() -> Generator[Printed]:
    """Four runs of the released client, all ended, read by every command that shows something of them."""
    files = {
        "requirements.txt": "dlt[duckdb]==1.31.0\nrich\n",
        "__deployment__.py": "from works import *\n",
        "works.py": JOBS,
        ".dlt/prod.secrets.toml": "",
    }
    with split_installation() as split:
        owner = split.installation.owner
        owner.sign_in()
        workspace = owner.make_workspace(owner.make_organization("orchard", "eu1")["id"], "works")
        desk = Desk(owner, workspace, owner.connected(owner.empty_workspace("works", files), workspace))
        said: list[str] = []
        for code, *words in (
            (0, "deploy"),
            *(
                (0, "variable", "set", name, "--value", value, "--secret", "--workspace")
                for name, value in VALUES.items()
            ),
            (0, "run", "odd", "-f"),
            (1, "run", "ends_badly", "-f"),
            (0, "run", "named", "-f"),
            (1, "run", "aborts", "-f"),
            (0, "job", "runs", "result", "odd", "--json"),
            (0, "job", "logs", "odd"),
        ):
            done = desk.run(*words)
            assert done.code == code, done.text[-4000:]
            said.append(done.text)
        logs = desk.stored_logs()
        wait_until(lambda: not split.work_folders("eu1"))
        yield Printed(split, "\n".join(said), logs)


def of_way(lines: list[str], way: str) -> list[str]:
    """What a way printed: from its mark to the next one's."""
    first = lines.index(f"way {way}")
    ends = [
        number for number, line in enumerate(lines) if line.startswith(("way ", "all ways done")) and number > first
    ]
    return lines[first : ends[0]]


@pytest.mark.parametrize("way", [way for way in WAYS if way != "late"])
def test_no_eight_characters_of_a_secret_are_printed_in_any_way(printed: Printed, way: str) -> None:
    lines = of_way(printed.logs["odd"], way)
    pieces = {piece for found in leaked("\n".join(lines), VALUES).values() for piece in found}

    assert "[masked:" in "\n".join(lines)
    assert not pieces, json.dumps(
        [line[:300] for line in lines if any(piece in line for piece in pieces)][:8], indent=1
    )


@pytest.mark.parametrize("job", ["odd", "ends_badly", "named", "aborts"])
def test_no_eight_characters_of_a_secret_are_in_a_log(printed: Printed, job: str) -> None:
    lines = printed.logs[job]
    pieces = {piece for found in leaked("\n".join(lines), VALUES).values() for piece in found}

    assert job == "aborts" or "[masked:" in "\n".join(lines)
    assert not pieces, json.dumps(
        [line[:300] for line in lines if any(piece in line for piece in pieces)][:8], indent=1
    )


def test_no_core_file_is_left_by_a_job(printed: Printed) -> None:
    assert "core files: (0, 0)" in printed.logs["odd"]


def test_what_the_client_shows_holds_none(printed: Printed) -> None:
    assert leaked(printed.client, VALUES) == {}


@pytest.mark.parametrize("place", ["eu1", "us1", "control"])
def test_no_file_of_a_plane_holds_any(printed: Printed, place: str) -> None:
    home = printed.split.homes[place]
    found = search_windows(home, VALUES)

    # What a job loads is its own output, and so is how it names that; nothing of it is scrubbed.
    assert [file for file in found if not re.search(r"/workspaces/[^/]+/data/prod/pipe_", file)] == []


def test_nothing_of_them_passed_through_the_control_plane(printed: Printed) -> None:
    assert search_windows(printed.split.traffic, VALUES) == {}
