"""The released client serves an app: its owner sees it, others do not, and its traffic is in its region alone."""

from __future__ import annotations

from collections.abc import Generator

import httpx
import pytest
from tests.acceptance.installations import Desk
from tests.acceptance.marks import Marks, search
from tests.acceptance.platforms import wait_until
from tests.acceptance.split import SplitInstallation, split_installation
from tests.fakes.apps import ResolvedHere

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

SAID = Marks("page", "query", "form", "header", "cookie", "public")


def glued(word: str) -> str:
    """Source of an expression that is the word, without the word in the source."""
    return f'"".join(("{word[:11]}", "{word[11:]}"))'


FILES = {
    "requirements.txt": "dlt[duckdb]==1.31.0\n",
    ".dlt/access.config.toml": "",
    "__deployment__.py": '"""An app."""\nfrom works import *\n',
    "works.py": f"""
import http.server
import dlt.hub.run as run

__all__ = ["orchard"]

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_GET(self):
        body = {glued(SAID["page"])}.encode()
        self.send_response(200)
        self.send_header("X-Said", {glued(SAID["header"])})
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))[::-1]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

@run.interactive
def orchard(run_context: run.TJobRunContext):
    place = ("0.0.0.0", run_context["run_args"]["port"])
    http.server.ThreadingHTTPServer(place, Handler).serve_forever()
""",
}


@pytest.fixture(scope="module")
def split() -> Generator[SplitInstallation]:
    with split_installation() as running:
        yield running


@pytest.fixture(scope="module")
def desk(split: SplitInstallation) -> Desk:
    owner = split.installation.owner
    owner.sign_in()
    workspace = owner.make_workspace(owner.make_organization("orchard", "eu1")["id"], "works")
    desk = Desk(owner, workspace, owner.connected(owner.empty_workspace("works", FILES), workspace))
    deployed = desk.run("deploy")
    assert deployed.code == 0, deployed.text
    return desk


def test_app_is_seen_by_its_owner_alone_and_said_in_its_region_alone(split: SplitInstallation, desk: Desk) -> None:
    addresses = desk.person.client.home / "addresses"
    script = desk.person.client.home / "remember"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >> {addresses}\n')
    script.chmod(0o755)
    desk.person.client.own(script)

    served = desk.person.client.run("serve", "orchard", cwd=desk.folder, env={"BROWSER": f"{script} %s"})
    assert served.code == 0, served.text
    wait_until(addresses.exists, what=served.text)
    address = addresses.read_text().split()[-1]
    assert "swap=" in address
    with httpx.Client(transport=ResolvedHere(), follow_redirects=True, timeout=240) as owner:
        page = owner.get(address)
        origin = str(page.url.copy_with(path="/", query=None))
        sent = owner.post(origin, params={"q": SAID["query"]}, content=SAID["form"], headers={"x-said": SAID["cookie"]})
    with httpx.Client(transport=ResolvedHere(), follow_redirects=True, timeout=240) as stranger:
        refused = [stranger.get(url).status_code for url in (address, origin, address.partition("?")[0])]
        published = desk.run("job", "publish", "orchard")
        public = next(word for word in published.text.split() if "/public/" in word)
        seen = stranger.get(public)
        assert desk.run("job", "unpublish", "orchard").code == 0
        wait_until(lambda: stranger.get(origin).status_code == 401, what="the public visit goes on")
    cancelled = desk.run("job", "cancel", "orchard")

    assert (page.status_code, page.text) == (200, SAID["page"])
    assert page.headers["x-said"] == SAID["header"]
    assert sent.text == SAID["form"][::-1]
    assert refused == [401, 401, 401]
    assert (seen.status_code, seen.text) == (200, SAID["page"])
    assert cancelled.code == 0, cancelled.text
    for place in ("control", "us1"):
        assert search(split.homes[place], SAID.words) == {}
    assert search(split.traffic, SAID.words) == {}
    heads = b"".join(record.read_bytes() for record in split.traffic.glob("*.*"))
    assert b"/link/v1/swap-codes/-redeem" in heads, "the record is of everything"
