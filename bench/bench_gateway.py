"""The gateway to interactive runs against the same app reached directly: HTTP both ways, WebSockets, slow clients."""

from __future__ import annotations

import argparse
import base64
import http.client
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import anyio
from harness import connected, deployed, machine, open_folder, served, write_workspace

from dlthub_tui.client.runs import get_run

PIECE = 1 << 16
# One program on the standard library: the job serves it in the region, and this bench starts it beside.
APP = """
import base64, hashlib, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE = bytes(1 << 16)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, size):
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        try:
            while size > 0:
                self.wfile.write(PIECE[:size])
                size -= len(PIECE)
        except OSError:
            self.close_connection = True

    def do_GET(self):
        if self.headers.get("Upgrade"):
            return self.echo()
        self.answer(int(self.path.partition("size=")[2] or 2))

    def do_POST(self):
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, len(PIECE))))
        self.answer(2)

    def echo(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.close_connection = True
        while len(head := self.rfile.read(2)) == 2 and head[0] & 15 != 8:
            size = head[1] & 127
            if size >= 126:
                size = int.from_bytes(self.rfile.read(2 if size == 126 else 8), "big")
            mask = int.from_bytes(self.rfile.read(4) * (size // 4 + 1), "big")
            whole = size // 4 * 4 + 4
            data = self.rfile.read(size).ljust(whole, b"\\0")
            data = (int.from_bytes(data, "big") ^ mask).to_bytes(whole, "big")[:size]
            length = bytes([size]) if size < 126 else b"\\x7f" + size.to_bytes(8, "big")
            self.wfile.write(b"\\x82" + length + data)


def serve(port):
    server = ThreadingHTTPServer(("0.0.0.0", port), Handler)
    print("serving", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
"""
SOURCE = """
import app_of_bench
import dlt.hub.run as run

@run.interactive
def page(run_context: run.TJobRunContext):
    app_of_bench.serve(run_context["run_args"]["port"])
"""


@dataclass(frozen=True)
class Way:
    """How an app is reached: a port of this machine, and what is sent along."""

    port: int
    headers: dict[str, str]

    def connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def ask(self, connection: http.client.HTTPConnection, path: str, body: bytes | None = None) -> int:
        """Sends one request and reads its answer; its length."""
        connection.request("GET" if body is None else "POST", path, body, self.headers)
        answer, size = connection.getresponse(), 0
        assert answer.status == 200, answer.read()
        while piece := answer.read(PIECE):
            size += len(piece)
        return size


def latency(way: Way, count: int) -> float:
    """Median seconds of small requests, one after another on one connection."""
    connection, took = way.connect(), []
    for _ in range(count):
        begun = time.perf_counter()
        way.ask(connection, "/?size=2")
        took.append(time.perf_counter() - begun)
    connection.close()
    return statistics.median(took)


def down(way: Way, size: int) -> float:
    connection, begun = way.connect(), time.perf_counter()
    assert way.ask(connection, f"/?size={size}") == size
    connection.close()
    return time.perf_counter() - begun


def up(way: Way, size: int) -> float:
    connection, begun = way.connect(), time.perf_counter()
    way.ask(connection, "/", bytes(size))
    connection.close()
    return time.perf_counter() - begun


def echoes(way: Way, count: int, size: int) -> float:
    """Median seconds of WebSocket messages there and back."""
    connection, took = way.connect(), []
    key = base64.b64encode(os.urandom(16)).decode()
    wish = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13"}
    lines = [f"{name}: {value}" for name, value in {"Host": f"127.0.0.1:{way.port}", **wish, **way.headers}.items()]
    link = connection.sock
    link.sendall(("GET / HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode())
    stream = link.makefile("rb")
    assert stream.readline().split()[1] == b"101"
    while stream.readline().strip():
        pass
    length = bytes([0x80 | size]) if size < 126 else b"\xff" + size.to_bytes(8, "big")
    message = b"\x82" + length + bytes(4) + os.urandom(size)
    for _ in range(count):
        begun = time.perf_counter()
        link.sendall(message)
        head = stream.read(2)
        got = head[1] if head[1] < 126 else int.from_bytes(stream.read(2 if head[1] == 126 else 8), "big")
        assert len(stream.read(got)) == size
        took.append(time.perf_counter() - begun)
    connection.close()
    return statistics.median(took)


def slow_clients(way: Way, count: int, size: int, pid: int) -> float:
    """Bytes of the platform for each client that has asked for much and reads nothing."""
    before = memory(pid)
    with ExitStack() as stack:
        for _ in range(count):
            connection = way.connect()
            stack.callback(connection.close)
            connection.request("GET", f"/?size={size}", headers=way.headers)
        return (_settled(pid) - before) / count


def _settled(pid: int) -> int:
    """Memory once it grows no more: the platform has taken from the app what it takes for clients that do not read."""
    last, same = memory(pid), 0
    pause = threading.Event()
    while same < 5:
        pause.wait(0.2)
        now = memory(pid)
        same = same + 1 if now <= last else 0
        last = now
    return last


def memory(pid: int) -> int:
    """Bytes of its own."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def beside(folder: Path) -> Iterator[Way]:
    """The app as a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(folder / "app_of_bench.py"), str(port)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield Way(port, {})
    finally:
        process.terminate()
        process.wait()


def compare(title: str, unit: str, measure: Callable[[Way], float], ways: tuple[Way, Way], rounds: int) -> None:
    """Both in turn, medians, their ratio; `unit` is `ms` of what is measured, or the MB that it moves in that time."""
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for way, kept in zip(ways, took, strict=True):
            kept.append(measure(way))
    direct, through = (statistics.median(each) for each in took)
    said = [f"{1000 * each:.2f} ms" if unit == "ms" else f"{float(unit) / each:.0f} MB/s" for each in (through, direct)]
    print(f"  {title:38} {said[0]:>12}   direct {said[1]:>12}   {through / direct:.2f} x")


def measure(ways: tuple[Way, Way], pid: int, megabytes: int) -> None:
    size = megabytes * 1_000_000
    compare("small request", "ms", lambda way: latency(way, 300), ways, 3)
    compare(f"{megabytes} MB down", str(megabytes), lambda way: down(way, size), ways, 3)
    compare(f"{megabytes} MB up", str(megabytes), lambda way: up(way, size), ways, 3)
    compare("WebSocket message of 100 bytes", "ms", lambda way: echoes(way, 300, 100), ways, 3)
    compare("WebSocket message of 64 kB", "ms", lambda way: echoes(way, 100, 64_000), ways, 3)
    for title, deed in (("down", down), ("up", up)):
        begun = processor_seconds(pid)
        deed(ways[1], size)
        spent = processor_seconds(pid) - begun
        print(f"  processor time of the platform, {title:5} {1000 * spent / megabytes:.2f} ms/MB")
    print(f"  a client that reads nothing of 1 GB    {slow_clients(ways[1], 40, 10**9, pid) / 1024:.0f} KiB each")


async def run(home: Path, folder: Path, megabytes: int) -> None:
    with served(home) as platform, beside(folder) as direct:
        async with connected(platform) as connection:
            workspace, jobs = await deployed(connection, folder, home / "client" / "environments")
            body = {"job_id": jobs["jobs.jobs_of_bench.page"], "trigger": "http:"}
            path = f"/api/v1/workspaces/{workspace.id}/job-runs"
            run_id = (await connection.control.post(path, body))["id"]
            while (await get_run(connection.control, workspace.id, run_id)).status != "running":
                await anyio.sleep(0.2)
            region = await connection.region(workspace)
            where = await region.post(f"/own/v1/workspaces/{workspace.id}/job-runs/{run_id}/-open-app", {})
            through = _enter(where["url"])
            print(f"the gateway against the same app reached directly ({machine()}, load {os.getloadavg()[0]:.0f})")
            await anyio.to_thread.run_sync(measure, (direct, through), platform.process.pid, megabytes)
            await connection.control.post(f"{path}/{run_id}/-cancel", {})


def _enter(url: str) -> Way:
    """Spends the ticket for a cookie."""
    parts = urlsplit(url)
    assert parts.port is not None
    connection = http.client.HTTPConnection("127.0.0.1", parts.port)
    host = f"{parts.hostname}:{parts.port}"
    connection.request("GET", f"{parts.path}?{parts.query}", headers={"Host": host})
    cookie = (connection.getresponse().headers["Set-Cookie"] or "").partition(";")[0]
    connection.close()
    return Way(parts.port, {"Host": host, "Origin": f"http://{host}", "Cookie": cookie})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=200)
    arguments = parser.parse_args()
    with open_folder() as folder:
        workspace = write_workspace(folder / "workspace", SOURCE)
        (workspace / "app_of_bench.py").write_text(APP)
        (workspace / ".dlt" / "access.config.toml").touch()
        anyio.run(run, folder / "home", workspace, arguments.megabytes)


if __name__ == "__main__":
    main()
