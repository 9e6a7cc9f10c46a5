"""A model endpoint on this machine: answers what it was told to, in the streams of two providers.

with model_server({"reader": [Call("Read", {"path": "notes.txt"}), Reply({"status": "succeeded"})]}) as server:
    AGENT__API_URL = server.openai_url, AGENT__MODEL = "openai-chat:reader"

The model's name picks the script; how often the assistant has spoken in the request picks the step. So it keeps no
state, and several runs may ask at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FINAL = "final_result"
"""How pydantic-ai names the tool that carries the answer."""
INPUT_TOKENS, OUTPUT_TOKENS = 100, 10


@dataclass(frozen=True, slots=True)
class Call:
    """The model calls a tool."""

    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """The model answers."""

    output: Mapping[str, Any]


Step = Call | Reply
Script = Sequence[Step | Callable[[str], Step]]
"""A step may depend on what was said so far: it gets the request's messages as JSON."""
Events = Iterator[tuple[str | None, Mapping[str, Any] | str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the path, the key it came with, and its body."""

    path: str
    key: str
    body: Mapping[str, Any]

    @property
    def tools(self) -> set[str]:
        """The names of the tools that the model may call."""
        return {str(one.get("name") or one["function"]["name"]) for one in self.body.get("tools", ())}


@dataclass
class ModelServer:
    """Where it listens, and what it was asked."""

    port: int
    scripts: Mapping[str, Script]
    asked: list[Asked] = field(default_factory=list)

    @property
    def anthropic_url(self) -> str:
        """The base URL of Anthropic's protocol."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def openai_url(self) -> str:
        """The base URL of OpenAI's protocol."""
        return f"http://127.0.0.1:{self.port}/v1"

    def step_of(self, body: Mapping[str, Any]) -> Step | None:
        """What comes next; None for a model that has no script."""
        script = self.scripts.get(str(body["model"]))
        spoken = sum(message["role"] == "assistant" for message in body["messages"])
        if not script:
            return None
        step = script[min(spoken, len(script) - 1)]
        return step if isinstance(step, Call | Reply) else step(json.dumps(body["messages"]))


@contextmanager
def model_server(scripts: Mapping[str, Script]) -> Generator[ModelServer]:
    """A server for the time of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    kept = ModelServer(server.server_address[1], scripts)
    server.model_server = kept  # pyright: ignore[reportAttributeAccessIssue]
    with ThreadPoolExecutor(1) as pool:
        pool.submit(server.serve_forever)
        try:
            yield kept
        finally:
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        kept: ModelServer = self.server.model_server  # pyright: ignore[reportAttributeAccessIssue]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.partition("?")[0]
        bearer = (self.headers["Authorization"] or "").removeprefix("Bearer ")
        kept.asked.append(Asked(path, self.headers["x-api-key"] or bearer, body))
        step = kept.step_of(body)
        if step is None:
            self._answer(404, {"type": "error", "error": {"type": "not_found_error", "message": "no such model"}})
        elif path == "/v1/chat/completions":
            self._stream(openai_events(body["model"], step))
        elif path == "/v1/messages":
            self._stream(anthropic_events(body["model"], step, {tool["name"] for tool in body.get("tools", ())}))
        else:
            self._answer(404, {"error": {"message": f"nothing at {path}"}})

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Silent: the tests read what was asked."""

    def _answer(self, status: int, body: Mapping[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, events: Events) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for name, event in events:
            text = event if isinstance(event, str) else json.dumps(event)
            head = f"event: {name}\n" if name else ""
            self.wfile.write(f"{head}data: {text}\n\n".encode())


def openai_events(model: str, step: Step) -> Events:
    """A streamed chat completion with one tool call."""
    name, arguments = (step.tool, step.arguments) if isinstance(step, Call) else (FINAL, step.output)
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
    call = {"index": 0, "id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": ""}}
    delta: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [call]}
    yield None, {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    text = json.dumps(arguments)
    for piece in (text[: len(text) // 2], text[len(text) // 2 :]):
        delta = {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
        yield None, {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield None, {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    usage = {
        "prompt_tokens": INPUT_TOKENS,
        "completion_tokens": OUTPUT_TOKENS,
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    }
    yield None, {**head, "choices": [], "usage": usage}
    yield None, "[DONE]"


def anthropic_events(model: str, step: Step, tools: set[str]) -> Events:
    """A streamed message with one tool use. The Claude Code CLI calls its answer's tool otherwise than pydantic-ai."""
    final = FINAL if FINAL in tools else "StructuredOutput"
    name, arguments = (step.tool, step.arguments) if isinstance(step, Call) else (final, step.output)
    message = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [], "stop_reason": None,
        "stop_sequence": None, "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": 1},
    }  # fmt: skip
    block = {"type": "tool_use", "id": f"toolu_{name}", "name": name, "input": {}}
    yield "message_start", {"type": "message_start", "message": message}
    yield "content_block_start", {"type": "content_block_start", "index": 0, "content_block": block}
    delta = {"type": "input_json_delta", "partial_json": json.dumps(arguments)}
    yield "content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}
    yield "content_block_stop", {"type": "content_block_stop", "index": 0}
    ended = {"stop_reason": "tool_use", "stop_sequence": None}
    yield "message_delta", {"type": "message_delta", "delta": ended, "usage": {"output_tokens": OUTPUT_TOKENS}}
    yield "message_stop", {"type": "message_stop"}
