"""Readers of a log's stream, each in a thread."""

from __future__ import annotations

import json
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass
class Follower:
    """One reader of a log's stream. `lines` grow as they come; `is_over` when the stream has ended in order."""

    url: str
    token: str = field(repr=False)
    lines: list[dict[str, Any]] = field(default_factory=list)
    is_over: bool = False
    failure: str = ""
    _client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=None, trust_env=False))

    def read(self) -> None:
        """Until the stream ends or is closed."""
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            with self._client.stream("GET", self.url, headers=headers) as answer:
                for text in answer.iter_lines():
                    if text.startswith("data:"):
                        self.lines.append(json.loads(text.removeprefix("data:")))
                self.is_over = answer.status_code == 200
                self.failure = "" if self.is_over else f"status {answer.status_code}"
        except (httpx.HTTPError, RuntimeError) as exc:
            self.failure = repr(exc)

    def close(self) -> None:
        """Ends it."""
        self._client.close()


@contextmanager
def following(url: str, token: str) -> Generator[Follower]:
    """Reads until the stream or the block ends."""
    follower = Follower(url, token)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(follower.read)
        try:
            yield follower
        finally:
            follower.close()
