"""A platform with people on it, who use the released client.

with installed() as installation:
    ada = installation.add_person("ada@example.org")
    ada.sign_in()
    workspace = ada.make_workspace(ada.make_organization("orchard", "eu1")["id"], "weather")
    desk = Desk(ada, workspace, ada.connected(ada.client.copy_workspace(WEATHER), workspace))
    desk.run("deploy")
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import tomllib
from collections.abc import Generator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests.acceptance.platforms import PlatformProcess, serving
from tests.acceptance.wheels import from_wheels
from tests.contract.client_users import ClientUsers
from tests.contract.released_client import Outcome, RealClient
from tests.fakes.leftovers import end_runners

OWNER = "owner@example.org"
WEATHER = Path(__file__).parents[2] / "examples" / "weather"


@dataclass
class Person:
    """Somebody with a local account, and the released client as a user of its own."""

    email: str
    password: str
    user_id: str
    client: RealClient
    platform: PlatformProcess
    _key: str = field(default="", repr=False)

    @property
    def key(self) -> str:
        """A personal API key, made when it is first asked for."""
        if not self._key:
            self._key = str(self.platform.admin("api-key", "create", "--user", self.email)["api_key"])
        return self._key

    @property
    def by_key(self) -> dict[str, str]:
        """The environment that lets the client use the key instead of a sign-in."""
        return {"RUNTIME__API_KEY": self.key}

    def sign_in(self, folder: Path | None = None) -> None:
        """By device code, approved by the platform's owner; from an empty workspace folder if none is given."""
        folder = folder or self.empty_workspace("sign-in")
        began = self.client.run("--non-interactive", "login", "--device", cwd=folder)
        assert began.code == 0, began.text
        device_code = re.search(r"login --resume (\S+)", began.text)
        user_code = re.search(r"\b([A-Z0-9]{4}-[A-Z0-9]{4})\b", began.text)
        assert device_code is not None, began.text
        assert user_code is not None, began.text
        self.platform.admin("approve", user_code[1], "--user", self.email)
        done = self.client.run("--non-interactive", "login", "--resume", device_code[1], cwd=folder)
        assert done.code == 0, done.text

    def make_organization(self, name: str, region: str) -> dict[str, Any]:
        """An organization of this person, locked to a region."""
        return self.platform.admin("org", "create", name, "--region", region, "--owner", self.email)

    def make_workspace(self, organization_id: str, name: str) -> dict[str, Any]:
        """A workspace, made over HTTP."""
        answer = self.post(f"/organizations/{organization_id}/workspaces", {"name": name, "description": None})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def make_workspace_key(self, workspace: Mapping[str, Any], role: str) -> str:
        """A key that is bound to the workspace. This person must be signed in: a key makes no keys."""
        session = tomllib.loads(self.client.kept_secrets.read_text())["runtime"]["auth_token"]
        url = f"{self.platform.control_plane}/own/v1/workspaces/{workspace['id']}/api-keys"
        answer = httpx.post(url, json={"role": role}, headers={"Authorization": f"Bearer {session}"}, timeout=240)
        assert answer.is_success, answer.text
        return str(answer.json()["api_key"])

    def empty_workspace(self, name: str, files: Mapping[str, str] | None = None) -> Path:
        """A folder that the client takes for a workspace, with these files."""
        folder = self.client.home / name
        for path, text in {".dlt/.workspace": "", ".dlt/config.toml": "", **(files or {})}.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        self.client.own(folder)
        return folder

    def connected(self, folder: Path, workspace: Mapping[str, Any]) -> Path:
        """The folder, with this workspace written into its configuration."""
        place = folder / ".dlt" / "config.toml"
        lines = f'\n[runtime]\nworkspace_id = "{workspace["id"]}"\norganization_id = "{workspace["organization_id"]}"\n'
        text = place.read_text(encoding="utf-8")
        place.write_text(text.replace("[runtime]\n", lines.lstrip(), 1) if "[runtime]" in text else text + lines)
        self.client.own(folder)
        return folder

    def get(self, path: str, **query: Any) -> httpx.Response:
        """GET from the control plane's API with the key."""
        return self._ask("GET", path, params=query or None)

    def post(self, path: str, body: Any = None) -> httpx.Response:
        """POST to the control plane's API with the key."""
        return self._ask("POST", path, **({} if body is None else {"json": body}))

    def on_own_route(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """A request below `/own/v1` of the control plane, with the key."""
        url = f"{self.platform.control_plane}/own/v1{path}"
        return httpx.request(method, url, json=body, headers={"Authorization": f"Bearer {self.key}"}, timeout=240)

    def region_token(self, workspace_id: str) -> str:
        """A data-plane token for a workspace."""
        return self.post(f"/workspaces/{workspace_id}/-issue-dataplane-token").json()["token"]

    def in_region(self, method: str, workspace: Mapping[str, Any], path: str, **rest: Any) -> httpx.Response:
        """A request to the workspace's data plane, `path` from its origin on, with a fresh token."""
        token = self.region_token(workspace["id"])
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.request(method, f"{workspace['dataplane_url']}{path}", headers=headers, timeout=240, **rest)

    def stored_log(self, workspace: Mapping[str, Any], run_id: str) -> list[dict[str, Any]]:
        """The lines of a run that has ended."""
        answer = self.in_region("GET", workspace, f"/logs/v1/workspaces/{workspace['id']}/job-runs/{run_id}/logs")
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines() if line]

    def _ask(self, method: str, path: str, **rest: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}"}
        url = f"{self.platform.control_plane}/api/v1{path}"
        return httpx.request(method, url, headers=headers, timeout=240, **rest)


@dataclass
class Desk:
    """A person at a folder that is connected to a workspace."""

    person: Person
    workspace: dict[str, Any]
    folder: Path

    def run(self, *words: str, seconds: float = 300) -> Outcome:
        """A command of the released client, here."""
        return self.person.client.run(*words, cwd=self.folder, seconds=seconds)

    def runs(self, job_ref: str) -> list[dict[str, Any]]:
        """Runs of a job, the newest first."""
        found = self.person.get(f"/workspaces/{self.workspace['id']}/job-runs", limit=100).json()["items"]
        return [one for one in found if one["job"]["job_ref"] == job_ref]

    def stored_logs(self) -> dict[str, list[str]]:
        """The stored lines of a run of each job, by the job's name; of the oldest where it had several."""
        runs = self.person.get(f"/workspaces/{self.workspace['id']}/job-runs", limit=100).json()["items"]
        return {
            run["job"]["name"]: [line["content"] for line in self.person.stored_log(self.workspace, run["id"])]
            for run in runs
        }

    def total(self, what: str) -> int:
        """How many jobs, deployments or configurations there are."""
        return self.person.get(f"/workspaces/{self.workspace['id']}/{what}").json()["total"]


@dataclass
class Installation:
    """A running platform and its people. The owner of the installation is `owner`."""

    platform: PlatformProcess
    owner: Person
    _users: ClientUsers = field(repr=False)

    def add_person(self, email: str) -> Person:
        """A further local account, with its own released client."""
        return add_person(self.platform, self._users, email)


def add_person(platform: PlatformProcess, users: ClientUsers, email: str) -> Person:
    """A local account; on an empty installation the owner's."""
    password = f"long enough for {email}"
    added = platform.admin("user", "add", email, "--password-stdin", stdin=f"{password}\n")
    return Person(email, password, added["user_id"], users.make(platform.control_plane), platform)


@contextmanager
def open_home() -> Generator[Path]:
    """A home directly under the temporary folder, so that jobs of other uids can pass through; removed afterwards."""
    home = Path(tempfile.mkdtemp(prefix="dlthub-tui-home-"))
    try:
        yield home
    finally:
        end_runners(home)
        remove_tree(home)


@contextmanager
def installed(home: Path | None = None, *words: str) -> Generator[Installation]:
    """A platform with an owner; its processes, its home and its users' homes are gone afterwards.

    Raises: AssertionError at the end when its log tells of a defect.
    """
    users = ClientUsers()
    try:
        with (
            open_home() if home is None else nullcontext(home) as place,
            serving(place, *words, env=from_wheels()) as platform,
        ):
            yield Installation(platform, add_person(platform, users, OWNER), users)
            platform.stop()
            assert platform.failures() == []
    finally:
        users.close()


def remove_tree(folder: Path) -> None:
    """Also what is read-only, as environments are: tens of thousands of files."""
    if os.geteuid() != 0:
        for parent, _, _ in os.walk(folder):
            os.chmod(parent, 0o700)
    subprocess.run(["rm", "-rf", "--", str(folder)], check=True)
