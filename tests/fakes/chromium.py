"""A headless Chromium, driven over its debugging socket. It keeps a list of whatever it asked for, and of whom."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

START_SECONDS = 240
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--headless=new", "--no-first-run", "--no-default-browser-check", "--disable-gpu", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--password-store=basic", "--use-mock-keychain", "--window-size=1100,800", "--remote-debugging-port=0",
)  # fmt: skip

PROGRAM = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
needs_chromium = pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed here (Debian: chromium)")


@dataclass(kw_only=True)
class Page:
    """One tab. `asked` holds the URLs of requests and WebSockets, `messages` counts those of WebSockets.

    `stopped` holds the URLs that the page's policy kept from being asked.
    """

    browser: Chromium
    session: str
    asked: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    _urls: dict[str, str] = field(default_factory=dict)
    messages: int = 0
    received: bytearray = field(default_factory=bytearray)
    """What WebSockets brought in binary messages, one after the other."""

    async def press(self, key: str) -> None:
        """A key, on what has the focus: a character, or Enter."""
        typed = {"key": key, "text": key}
        if key == "Enter":
            typed = {"key": key, "code": key, "text": "\r", "windowsVirtualKeyCode": 13}
        await self.browser.call("Input.dispatchKeyEvent", {"type": "keyDown"} | typed, self.session)
        await self.browser.call("Input.dispatchKeyEvent", {"type": "keyUp", "key": key}, self.session)

    async def open(self, url: str) -> None:
        """Goes there; the page may still load."""
        await self.browser.call("Page.navigate", {"url": url}, self.session)

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        found = await self.browser.call(
            "Runtime.evaluate", {"expression": expression, "awaitPromise": True, "returnByValue": True}, self.session
        )
        return found["result"].get("value")

    async def wait_for(self, expression: str, seconds: float = 240) -> Any:
        """Waits until the expression is true in the page."""
        found: Any = None
        with anyio.move_on_after(seconds):
            while not (found := await self.evaluate(expression)):
                await anyio.sleep(0.1)
        assert found, f"{expression} did not come true; the page says: {await self.text()}"
        return found

    async def text(self) -> str:
        """What a reader sees, also inside shadow trees."""
        return await self.evaluate(_TEXT)

    async def shows(self, text: str, seconds: float = 240) -> None:
        """Waits until the page shows this text."""
        await self.wait_for(f"({_TEXT}).includes({json.dumps(text)})", seconds)

    def hosts(self) -> set[str]:
        """Whom the page asked, over HTTP or WebSocket."""
        return {urlsplit(url).netloc for url in self.asked if url.startswith(("http", "ws"))}


_TEXT = """(() => {
  const said = node => [...node.childNodes].map(child =>
    child.nodeType === 3 ? child.textContent
    : ["SCRIPT", "STYLE", "TEMPLATE"].includes(child.nodeName) ? ""
    : said(child) + (child.shadowRoot ? said(child.shadowRoot) : "")).join(" ");
  return document.body ? said(document.body) : "";
})()"""


@dataclass(kw_only=True)
class Chromium:
    """A browser of its own, with an empty profile."""

    socket: ClientConnection
    _next: int = 0
    _waiting: dict[int, anyio.Event] = field(default_factory=dict)
    _answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    _pages: dict[str, Page] = field(default_factory=dict)

    async def page(self) -> Page:
        """A new tab in a profile of its own: another person."""
        context = await self.call("Target.createBrowserContext", {})
        target = await self.call(
            "Target.createTarget", {"url": "about:blank", "browserContextId": context["browserContextId"]}
        )
        attached = await self.call("Target.attachToTarget", {"targetId": target["targetId"], "flatten": True})
        page = Page(browser=self, session=attached["sessionId"])
        self._pages[page.session] = page
        for domain in ("Network", "Page", "Runtime"):
            await self.call(f"{domain}.enable", {}, page.session)
        return page

    async def call(self, method: str, params: dict[str, Any], session: str | None = None) -> dict[str, Any]:
        """One command and its result."""
        self._next += 1
        number = self._next
        self._waiting[number] = anyio.Event()
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        await self.socket.send(json.dumps(message | ({"sessionId": session} if session else {})))
        with anyio.fail_after(240):
            await self._waiting[number].wait()
        del self._waiting[number]
        answer = self._answers.pop(number)
        assert "error" not in answer, answer
        return answer["result"]

    async def listen(self) -> None:
        """Takes answers and events until the browser is gone."""
        try:
            while True:
                message = json.loads(await self.socket.recv())
                if "id" in message:
                    self._answers[message["id"]] = message
                    self._waiting[message["id"]].set()
                elif (page := self._pages.get(message.get("sessionId", ""))) is not None:
                    _note(page, message["method"], message["params"])
        except ConnectionClosed:
            return


def _note(page: Page, method: str, params: dict[str, Any]) -> None:
    if method == "Network.requestWillBeSent":
        page.asked.append(params["request"]["url"])
        page._urls[params["requestId"]] = params["request"]["url"]
    elif method == "Network.loadingFailed" and params.get("blockedReason") == "csp":
        page.asked.remove(page._urls[params["requestId"]])
        page.stopped.append(page._urls[params["requestId"]])
    elif method == "Network.webSocketCreated":
        page.asked.append(params["url"])
    elif method == "Network.webSocketFrameReceived":
        page.messages += 1
        if params["response"]["opcode"] == 2:
            page.received += base64.b64decode(params["response"]["payloadData"])


@asynccontextmanager
async def chromium() -> AsyncGenerator[Chromium]:
    """A browser until the block ends."""
    assert PROGRAM is not None
    profile = Path(tempfile.mkdtemp(prefix="chromium-"))
    options = [*_OPTIONS, *(["--no-sandbox"] if os.geteuid() == 0 else []), f"--user-data-dir={profile}"]
    process = subprocess.Popen(
        [PROGRAM, *options, "about:blank"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        # Its sockets and scratch folders lie in the profile, too: killed, it leaves them where they are.
        env={"PATH": os.environ["PATH"], "HOME": str(profile), "TMPDIR": str(profile), "LANG": "C.UTF-8"},
    )  # fmt: skip
    try:
        port_file = profile / "DevToolsActivePort"
        with anyio.fail_after(START_SECONDS):
            while not (port_file.exists() and len(port_file.read_text().splitlines()) >= 2):
                assert process.poll() is None, "Chromium ended"
                await anyio.sleep(0.05)
        port, path = port_file.read_text().splitlines()[:2]
        address = f"ws://127.0.0.1:{port}{path}"
        async with connect(address, max_size=None, proxy=None) as socket, anyio.create_task_group() as group:
            browser = Chromium(socket=socket)
            group.start_soon(browser.listen)
            yield browser
            group.cancel_scope.cancel()
    finally:
        process.terminate()
        try:
            process.wait(240)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(profile, ignore_errors=True)
