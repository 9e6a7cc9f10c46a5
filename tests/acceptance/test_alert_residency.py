"""An alert is kept, and told, by its region alone: the control plane and other regions learn nothing of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.acceptance.installations import Desk
from tests.acceptance.marks import Marks, search
from tests.acceptance.platforms import wait_until
from tests.acceptance.split import SplitInstallation, split_installation

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

# `name` and `address` may be read in the region; `url` and `signing` are sealed there.
READABLE, SEALED, SAID = Marks("name", "address"), Marks("url", "signing"), Marks("error")
FILES = {
    "requirements.txt": "dlt[duckdb]==1.31.0\n",
    ".dlt/prod.config.toml": "",
    "__deployment__.py": '"""Alerts."""\nfrom works import *\n',
    "works.py": f"""
import dlt.hub.run as run

__all__ = ["orchard"]

@run.job
def orchard():
    raise ValueError("".join(("{SAID["error"][:11]}", "{SAID["error"][11:]}")))
""",
}
# Writes its port, then each request as it came, into the folder.
RECEIVER = """
import http.server, pathlib, sys
folder = pathlib.Path(sys.argv[1])

class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *words):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        (folder / "posted.new").write_bytes(self.path.encode() + b"\\n" + str(self.headers).encode() + body)
        (folder / "posted.new").rename(folder / "posted")
        self.send_response(204)
        self.end_headers()

server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture(scope="module")
def split() -> Generator[SplitInstallation]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLTHUB_TUI_ALERT_DESTINATIONS", "127.0.0.1")
        with split_installation() as running:
            yield running


@pytest.fixture
def receiver(tmp_path: Path) -> Generator[int]:
    """Its port; what was posted is `posted` in `tmp_path`."""
    command = [sys.executable, "-c", RECEIVER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def test_alert_and_its_message_are_in_their_region_alone(
    split: SplitInstallation, receiver: int, tmp_path: Path
) -> None:
    owner = split.installation.owner
    owner.sign_in()
    workspace = owner.make_workspace(owner.make_organization("orchard", "eu1")["id"], "works")
    desk = Desk(owner, workspace, owner.connected(owner.empty_workspace("works", FILES), workspace))
    assert desk.run("deploy").code == 0
    path = f"/own/v1/workspaces/{workspace['id']}/alerts"
    named = {"name": READABLE["name"], "triggers": ["job-run-failure"]}
    url = f"http://127.0.0.1:{receiver}/{SEALED['url']}"
    for body in (
        {**named, "channel": "webhook", "url": url, "signing_secret": SEALED["signing"]},
        {**named, "channel": "mail", "addresses": [f"{READABLE['address']}@orchard.example"]},
    ):
        answer = owner.in_region("POST", workspace, path, json=body)
        assert answer.status_code == 201, answer.text
    failed = desk.run("run", "orchard", "-f")
    wait_until((tmp_path / "posted").exists, seconds=240, what="no alert came")
    posted = (tmp_path / "posted").read_text()

    assert failed.code == 1, failed.text
    assert posted.startswith(f"/{SEALED['url']}\n")
    assert "orchard" in posted
    assert SAID["error"] not in posted, "an alert carries metadata only"
    everything = {**READABLE.words, **SEALED.words, **SAID.words}
    for place in ("control", "us1"):
        assert search(split.homes[place], everything) == {}, place
    assert search(split.traffic, everything) == {}
    here = search(split.homes["eu1"], everything)
    assert {"name", "error"} <= set(here), "so the search finds"
    assert not set(here) & set(SEALED.words), "where an alert goes is sealed"
