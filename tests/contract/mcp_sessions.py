"""A real MCP client (package `mcp`) that talks to `dlthub ai mcp run` of the released client.

It runs in the client's own environment and as the client's user, as an editor or an agent would start it.

jobs = McpClient(client, folder, ["dlthub.jobs"])
[runs] = jobs.ask(("dlthub_list_runs", {"limit": 2})).answers
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.contract.client_environment import NEWEST, client_environment
from tests.contract.released_client import RealClient

FASTMCP = "fastmcp>=4.2,<5"
SESSION_SECONDS = 600
Transport = Literal["stdio", "http", "sse"]

PROGRAM = """
import asyncio, json, os, socket, subprocess, sys
from contextlib import asynccontextmanager
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

command, transport, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
words, calls = map(json.loads, sys.argv[4:])

@asynccontextmanager
async def streams():
    if transport == "stdio":
        server = StdioServerParameters(command=command, args=words, env=dict(os.environ))
        async with stdio_client(server) as (reader, writer):
            yield reader, writer
        return
    server = subprocess.Popen([command, *words], stdout=sys.stderr)
    try:
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, "the server has ended"
            await asyncio.sleep(0.05)
        url = f"http://127.0.0.1:{port}/mcp"
        async with (sse_client if transport == "sse" else streamable_http_client)(url) as opened:
            yield opened[0], opened[1]
    finally:
        server.terminate()
        server.wait(240)

async def main():
    async with streams() as (reader, writer), ClientSession(reader, writer) as session:
        await session.initialize()
        tools = (await session.list_tools()).tools
        answers = []
        for name, arguments in calls:
            answer = await session.call_tool(name, arguments)
            said = "".join(part.text for part in answer.content if part.type == "text")
            answers.append([bool(answer.is_error), answer.structured_content, said])
    print(json.dumps({"tools": [tool.name for tool in tools], "answers": answers}))

asyncio.run(main())
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool answered: `value` is its structured content, `said` its text."""

    is_error: bool
    content: Mapping[str, Any] | None
    said: str

    @property
    def value(self) -> Any:
        """The answer itself: fastmcp wraps what is no object."""
        assert not self.is_error, self.said
        assert self.content is not None, self.said
        return self.content["result"] if set(self.content) == {"result"} else self.content


@dataclass(frozen=True, slots=True)
class Conversation:
    """One session with a server: its tools, and an answer for each call."""

    tools: Sequence[str]
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class McpClient:
    """A user at a workspace folder who starts the server with these features only."""

    client: RealClient
    folder: Path
    features: Sequence[str]
    version: str = NEWEST

    def ask(
        self,
        *calls: tuple[str, Mapping[str, Any]],
        env: Mapping[str, str] | None = None,
        transport: Transport = "stdio",
        words: Sequence[str] = (),
        is_short: bool = False,
    ) -> Conversation:
        """Starts the server, lists its tools, makes the calls one after the other, ends it.

        `is_short` starts it as `ai mcp`, without `run`.
        """
        environment = client_environment(self.version, FASTMCP)
        port, features = str(free_port()), ",".join(self.features)
        listening = {
            "stdio": ["ai", "mcp", "run", "--stdio"],
            "http": ["ai", "mcp", "run", "--port", port],
            "sse": ["ai", "mcp", "run", "--port", port, "--sse"],
        }[transport]
        if is_short:
            listening = {
                "stdio": ["ai", "mcp", "--stdio"],
                "http": ["ai", "mcp", "--port", port],
                "sse": ["ai", "mcp", "--port", port, "--sse"],
            }[transport]
        started = [*listening, "--no-default-features", "--features", features, *words]
        done = RealClient(environment, self.client.home, self.client.uid, self.client.api_base_url).run_python(
            PROGRAM,
            str(environment.command), transport, port, json.dumps(started), json.dumps(calls),
            cwd=self.folder, env=env, seconds=SESSION_SECONDS,
        )  # fmt: skip
        assert done.code == 0, done.text
        found = json.loads(done.stdout.splitlines()[-1])
        return Conversation(found["tools"], [Answer(*answer) for answer in found["answers"]])


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
