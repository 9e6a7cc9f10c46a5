"""`dlthub-tui web` in a real browser: the page opens, the app is on it, a key works, nothing leaves the machine."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import httpx
import psutil
import pyte
import pytest
from tests.acceptance.platforms import run_command, wait_until
from tests.fakes.chromium import Page, chromium, needs_chromium
from tests.fakes.workspaces import open_folder
from websockets.asyncio.client import connect

from dlthub_tui.cli.web.serving import take_port

pytestmark = [pytest.mark.anyio, pytest.mark.acceptance, pytest.mark.slow]


@contextmanager
def serving_web(home: Path, *words: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    """The command, and the link that it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dlthub_tui.cli.main", "web", "--home", str(home), *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        link = process.stdout.readline().strip()
        assert link.startswith("http://w-"), process.stderr and process.stderr.read()
        yield process, link
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=240)


def app_processes(server: int) -> list[psutil.Process]:
    """The apps of the tabs."""
    return [child for child in psutil.Process(server).children(recursive=True) if _is_app(child)]


def _is_app(process: psutil.Process) -> bool:
    try:
        return "dlthub_tui.cli.web.session" in process.cmdline()
    except psutil.Error:
        return False


async def drawn(page: Page, *texts: str, seconds: float = 240) -> str:
    """Waits until the app's terminal shows all of these; the whole screen."""
    shown = ""
    with anyio.move_on_after(seconds):
        while True:
            screen = pyte.Screen(300, 100)
            pyte.ByteStream(screen).feed(bytes(page.received))
            shown = "\n".join(line.rstrip() for line in screen.display)
            if all(text in shown for text in texts):
                return shown
            await anyio.sleep(0.1)
    said = "\n".join(line for line in shown.splitlines() if line)
    raise AssertionError(f"{texts} are not on the screen:\n{said}")


@needs_chromium
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_browser_shows_the_app_and_its_keys_work(number: signal.Signals) -> None:
    with open_folder("web-") as folder, serving_web(folder / "home") as (process, link):
        async with chromium() as browser:
            page = await browser.page()
            await page.open(link)
            await page.wait_for("document.body.classList.contains('-first-byte')")
            await page.wait_for("document.fonts.check('16px \"Roboto Mono\"') && !!document.querySelector('.xterm')")
            await drawn(page, "dlthub-tui › first start", "Your e-mail")
            assert len(apps := app_processes(process.pid)) == 1
            for key in (*"ana@orchard.example", "Enter", "Enter"):
                await page.press(key)
            await drawn(page, "first steps", "✓ 1  Planes are up")

            page.received.clear()
            await page.open(f"http://{urlsplit(link).netloc}/")
            # Another app, signed in over the home's socket; the one before is gone, its platform is not.
            await drawn(page, "ana  no region yet", "owner", "▴control")
            wait_until(lambda: len(app_processes(process.pid)) == 1)
            assert app_processes(process.pid) != apps
            assert page.hosts() == {urlsplit(link).netloc}
            assert page.stopped == []
            assert await page.evaluate("location.href") == f"http://{urlsplit(link).netloc}/"
            assert await page.evaluate("document.cookie") == ""

            stranger = await browser.page()
            await stranger.open(link)
            await stranger.shows("This link was used already")

            apps = app_processes(process.pid)
            process.send_signal(number)
            await page.wait_for("document.body.classList.contains('-closed')")
            assert process.wait(240) == 0
            assert [app for app in apps if app.is_running() and app.status() != psutil.STATUS_ZOMBIE] == []
            assert not (folder / "home" / "platform.json").exists()


async def test_no_app_outlives_a_server_that_was_killed() -> None:
    with open_folder("web-") as folder, serving_web(folder / "home") as (process, link):
        place = urlsplit(link)
        to = {"Host": place.netloc}
        async with httpx.AsyncClient(
            trust_env=False, timeout=240, base_url=f"http://127.0.0.1:{place.port}", headers=to
        ) as client:
            entered = await client.get(f"/?{place.query}")
        headers = {"Cookie": entered.headers["set-cookie"].split(";")[0], "Origin": f"http://{place.netloc}"}
        async with connect(
            f"ws://{place.netloc}/ws", host="127.0.0.1", port=place.port, proxy=None, additional_headers=headers
        ) as socket:
            # What is no message of the page changes nothing.
            for wrong in ("", "{}", "[]", '["resize", 7]', '["stdin"]', '["resize", {"width": -1, "height": 1e999}]'):
                await socket.send(wrong)
            await socket.send('["ping", "12"]')
            with anyio.fail_after(240):
                while await socket.recv() != '["pong", "12"]':
                    pass
            apps = app_processes(process.pid)
            assert len(apps) == 1
            process.kill()
            _, alive = psutil.wait_procs(apps, timeout=240)
            assert [app for app in alive if app.status() != psutil.STATUS_ZOMBIE] == []


async def test_a_port_that_is_taken_is_said() -> None:
    listener, keeper = take_port(0)
    with listener, keeper, open_folder("web-") as folder:
        port = str(listener.getsockname()[1])
        refused = run_command("web", "--home", str(folder / "home"), "--port", port)

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"dlthub-tui: Port {port} of this machine cannot be used: ")
    assert "Traceback" not in refused.stderr


async def test_without_the_library_it_says_what_to_install() -> None:
    program = "import sys; sys.modules['textual_serve'] = None; from dlthub_tui.cli.main import main; main(['web'])"
    refused = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=240, check=False)

    assert refused.returncode == 1
    assert "needs the package textual-serve" in refused.stderr
    assert "Traceback" not in refused.stderr
