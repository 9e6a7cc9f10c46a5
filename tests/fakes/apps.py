"""A small app for tests of the gateway, on the standard library: it says what it was asked, and echoes WebSockets.

`install_app_launcher` adds it to the stand-in for dlt's launchers as `launchers.marimo`, with marimo's `/health`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from tests.fakes.workspaces import LAUNCHERS, definition
from tests.integration.planes.data_plane.executor.wheels import write_wheel

APP = """
import argparse, base64, hashlib, json, os, socket, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

parser = argparse.ArgumentParser()
for name in ("--run-id", "--trigger", "--entry-point"):
    parser.add_argument(name, required=True)
entry_point = json.loads(parser.parse_args().entry_point)
port = entry_point["run_args"]["port"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, status=200, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.headers.get("Upgrade", "").lower() == "websocket":
            return self.echo()
        path = self.path.partition("?")[0]
        if path == "/health":
            ready = os.path.exists("slow") is False or os.path.exists("ready")
            return self.answer(b"{}", 200 if ready else 503)
        if path == "/network":
            return self.answer(json.dumps(self.network()).encode())
        if path == "/" and os.path.exists("tools"):
            return self.answer(b"Not Found", 404)
        if path == "/away":
            return self.answer(b"", 302, Location=f"http://localhost:{port}/here?x=1")
        if path == "/cookies":
            return self.answer(b"", 200, Set_Cookie="theme=dark; Domain=localhost; Path=/")
        if path == "/endless":
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            try:
                for number in range(100000):
                    self.wfile.write(b"data: %d\\n\\n" % number)
                    self.wfile.flush()
                    time.sleep(0.02)
            except OSError:
                pass
            self.close_connection = True
            return None
        said = {"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "uid": os.getuid()}
        return self.answer(json.dumps(said).encode(), Content_Type="application/json")

    def network(self):
        port = int(self.path.partition("port=")[2])
        socket.create_connection(("127.0.0.1", port), 5).close()
        helper = socket.create_server(("0.0.0.0", 0))
        address = helper.getsockname()
        socket.create_connection(address, 5).close()
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind(("0.0.0.0", 0))
        try:
            socket.create_server(("192.0.2.1", 0))
        except OSError:
            outward = "refused"
        else:
            outward = "bound"
        said = {"reached": True, "helper": [address[0], address[1] != port], "udp": datagrams.getsockname()[0]}
        return {**said, "outward": outward}

    def do_POST(self):
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(hashlib.sha256(body).hexdigest().encode())

    def echo(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.close_connection = True
        said = json.dumps({k.lower(): v for k, v in self.headers.items()}).encode()
        self.frame(1, said)
        while True:
            head = self.rfile.read(2)
            if len(head) < 2:
                return
            kind, size = head[0] & 15, head[1] & 127
            if size >= 126:
                size = int.from_bytes(self.rfile.read(2 if size == 126 else 8), "big")
            mask = self.rfile.read(4)
            data = bytes(byte ^ mask[at % 4] for at, byte in enumerate(self.rfile.read(size)))
            self.frame(kind, data)
            if kind == 8:
                return

    def frame(self, kind, data):
        if len(data) < 126:
            size = bytes([len(data)])
        elif len(data) < 1 << 16:
            size = b"\\x7e" + len(data).to_bytes(2, "big")
        else:
            size = b"\\x7f" + len(data).to_bytes(8, "big")
        self.wfile.write(bytes([0x80 | kind]) + size + data)


if os.path.exists("ends"):
    sys.exit(0)
print("serving", flush=True)
ThreadingHTTPServer(("0.0.0.0", port), Handler).serve_forever()
"""


def install_app_launcher(wheels: Path) -> None:
    """Replaces the stand-in's wheel by one that has this launcher too."""
    package = LAUNCHERS.replace(".", "/")
    parts = package.split("/")
    files = {"/".join([*parts[:depth], "__init__.py"]): "" for depth in range(1, len(parts) + 1)}
    write_wheel(wheels, "dlt", "1.31.0", {**files, f"{package}/marimo.py": APP})


def app_definition(module: str = "app", **changes: object) -> dict[str, object]:
    """An interactive job of that launcher."""
    base = definition(module)
    entry_point = {
        "module": module, "function": None, "job_type": "interactive", "launcher": f"{LAUNCHERS}.marimo",
    }  # fmt: skip
    return {**base, "entry_point": entry_point, "triggers": ["http:"], **changes}


class _Resolved(httpx.AsyncHTTPTransport):
    """Every name below localhost is this machine, as browsers have it."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host.endswith(".localhost"):
            request = httpx.Request(
                request.method, request.url.copy_with(host="127.0.0.1"), headers=request.headers,
                stream=request.stream, extensions=request.extensions,
            )  # fmt: skip
        return await super().handle_async_request(request)


def browser(origin: str = "", **options: Any) -> httpx.AsyncClient:
    """A client with cookies that finds apps by their names."""
    return httpx.AsyncClient(base_url=origin, transport=_Resolved(), timeout=240, trust_env=False, **options)


class ResolvedHere(httpx.HTTPTransport):
    """The same for callers that wait."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host.endswith(".localhost"):
            request = httpx.Request(
                request.method, request.url.copy_with(host="127.0.0.1"), headers=request.headers,
                stream=request.stream, extensions=request.extensions,
            )  # fmt: skip
        return super().handle_request(request)
