"""What a hostile job tries, and what an honest one needs: run as the program of a step, prints one JSON line."""

import asyncio
import ctypes
import json
import multiprocessing
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)


def attempt(what: Callable[[], Any]) -> str:
    """`done`, or the error's name."""
    try:
        what()
    except OSError as error:
        return f"{type(error).__name__}"
    return "done"


def call(number: int, *arguments: Any) -> None:
    if LIBC.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(64)


def write(path: str, content: bytes = b"x") -> None:
    with open(path, "ab", buffering=0) as file:
        file.write(content)


def connect(address: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(address)


def send(address: str, kind: socket.SocketKind) -> None:
    """From one of a pair, which may send to any path."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
    with ours, theirs:
        ours.sendto(b"hello", address)


def watch(folder: str) -> None:
    """Which names are made in a folder: asked of the kernel, which looks at the folder's mode only."""
    watching = LIBC.inotify_init1(0)
    if watching < 0 or LIBC.inotify_add_watch(watching, folder.encode(), 0x100) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def watch_all() -> None:
    """The same by the newer way, which tells whose file it was."""
    call(300 if os.uname().machine == "x86_64" else 262, 0x600, 0)


def attach(memory: int) -> None:
    """Shared memory by its number, as any process of the same namespace may."""
    LIBC.shmat.restype = ctypes.c_void_p
    if LIBC.shmat(memory, None, 0) == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "refused")


def listen(port: int) -> None:
    """At some address that leads here, and by some way to share it."""
    for address in ("127.0.0.1", "0.0.0.0", "::1", "::"):
        for options in ((), (socket.SO_REUSEADDR,), (socket.SO_REUSEPORT,), (socket.SO_REUSEADDR, socket.SO_REUSEPORT)):
            with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as server:
                for option in options:
                    server.setsockopt(socket.SOL_SOCKET, option, 1)
                try:
                    server.bind((address, port))
                    server.listen()
                except OSError:
                    continue
                return
    raise OSError("refused")


def move() -> None:
    for name in ("from", "to"):
        os.mkdir(name)
    write("from/file")
    os.rename("from/file", "to/file")


def hostile(world: dict[str, Any]) -> dict[str, str]:
    """Each of these has to fail."""
    runner = world["runner"]
    return {
        "key of the home": attempt(lambda: read(world["key"])),
        "listing of the home": attempt(lambda: os.listdir(world["home"])),
        "another run": attempt(lambda: os.listdir(world["other"])),
        "another run by a swapped folder": attempt(lambda: os.listdir(world["swapped"])),
        "names in another run": attempt(lambda: watch(world["other"])),
        "names in the home": attempt(lambda: watch(world["home"])),
        "names anywhere": attempt(watch_all),
        "own ctl": attempt(lambda: os.listdir("../ctl")),
        "new file beside": attempt(lambda: write(world["home"] + "/new")),
        "mode of the key": attempt(lambda: os.chmod(world["key"], 0o666)),
        "time of the key": attempt(lambda: os.utime(world["key"], (1, 1))),
        "mode of the environment": attempt(lambda: os.chmod(world["environment"] + "/module.py", 0o666)),
        "change of the environment": attempt(lambda: write(world["environment"] + "/module.py")),
        "new file in the environment": attempt(lambda: write(world["environment"] + "/new.py")),
        "cache of the builder": attempt(lambda: read(world["cache"] + "/wheel")),
        "change of the builder's cache": attempt(lambda: write(world["cache"] + "/wheel")),
        "socket of the machine": attempt(lambda: connect(world["outside"])),
        "socket by its path": attempt(lambda: connect(world["socket"])),
        "socket by its name": attempt(lambda: connect("\0" + world["abstract"])),
        "datagram to a socket": attempt(lambda: send(world["datagrams"], socket.SOCK_DGRAM)),
        "raw datagram to a socket": attempt(lambda: send(world["datagrams"], socket.SOCK_RAW)),
        "link to the key": attempt(lambda: (os.symlink(world["key"], "link"), read("link"))),
        "hard link to the key": attempt(lambda: os.link(world["key"], "hard")),
        "environment of the runner": attempt(lambda: read(f"/proc/{runner}/environ")),
        "memory of the platform": attempt(lambda: read(f"/proc/{world['platform']}/mem")),
        "memory of the first process": attempt(lambda: read("/proc/1/mem")),
        "files of the runner": attempt(lambda: os.listdir(f"/proc/{runner}/fd")),
        "signal to the runner": attempt(lambda: os.kill(runner, signal.SIGKILL)),
        "signal to the platform": attempt(lambda: os.kill(world["platform"], signal.SIGKILL)),
        "tracing the first process": attempt(lambda: call(101 if os.uname().machine == "x86_64" else 117, 16, 1, 0, 0)),
        "ring of calls": attempt(lambda: call(425, 1, ctypes.create_string_buffer(256))),
        "user namespace": attempt(lambda: LIBC.unshare(0x10000000) and call(-1)),
        "mount": attempt(lambda: LIBC.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None) and call(-1)),
        "kernel keys": attempt(lambda: call(250 if os.uname().machine == "x86_64" else 219, 0, -3, 0)),
        "shared memory of others": attempt(lambda: attach(world["memory"])),
        "port of a plane that is down": attempt(lambda: listen(world["plane"])),
        "terminal of the machine": attempt(lambda: write(world["terminal"])),
        "machine that runs this one": attempt(lambda: socket.socket(40, socket.SOCK_STREAM).connect((2, 1))),
        "sockets of the machine": attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4).close()),
        "devices of the machine": attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15).close()),
        "limits of the first process": attempt(lambda: resource.prlimit(1, resource.RLIMIT_CPU, (1, 1))),
        "end after the platform": attempt(lambda: write("/proc/self/oom_score_adj", b"0")),
        "uid 0": attempt(lambda: os.setuid(0)) if os.getuid() else "PermissionError",
    }


def honest(world: dict[str, Any]) -> dict[str, Any]:
    """Each of these has to work."""
    with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as pool:
        squares = list(pool.map(abs, [-1, -2]))
    with ThreadPoolExecutor(2) as threads:
        doubled = list(threads.map(str, [1, 2]))
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")
        temporary = os.path.dirname(file.name)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass
    return {
        "processes": squares,
        "threads": doubled,
        "temporary": temporary,
        "program": subprocess.check_output(["/bin/sh", "-c", "echo $((1 + 1))"], text=True).strip(),
        "loop": asyncio.run(asyncio.sleep(0, "ran")),
        "module": read(world["environment"] + "/module.py").decode(),
        "own file": attempt(lambda: write("made")),
        "moved between folders": attempt(move),
        "own data": attempt(lambda: write(world["data"] + "/kept")),
        "processor": read("/proc/cpuinfo") != b"",
        "own process": os.readlink("/proc/self") == str(os.getpid()),
        "interfaces": "lo" in [name for _, name in socket.if_nameindex()],
        "pair of streams": attempt(lambda: [end.close() for end in socket.socketpair()]),
        "terminal": attempt(lambda: [os.close(end) for end in os.openpty()]),
        "lock": attempt(lambda: multiprocessing.Lock().acquire()),
    }


def outlive(port: int) -> None:
    """Leaves a listening process behind that only force ends, in a session of its own."""
    listens, listening = os.pipe()
    if os.fork() == 0:
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        if os.fork() == 0:
            os.closerange(0, 3)
            server = socket.create_server(("127.0.0.1", port))
            os.write(listening, b"+")
            while True:
                server.accept()
        os._exit(0)
    os.read(listens, 1)


def main() -> None:
    world = json.loads(sys.argv[1])
    report = {
        "hostile": hostile(world),
        "honest": honest(world),
        "seen": sorted(filter(str.isdigit, os.listdir("/proc"))),
        "ends first": int(read("/proc/self/oom_score_adj")),
    }
    write("/tmp/left")
    write("/dev/shm/left")
    outlive(world["port"])
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main()
