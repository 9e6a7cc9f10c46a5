"""The planes as three processes with three homes, and every byte to and from the control plane on record."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance import recording_proxy
from tests.acceptance.installations import OWNER, Installation, add_person, open_home
from tests.acceptance.platforms import PlatformProcess, serving
from tests.acceptance.wheels import PACKAGES, from_wheels
from tests.contract.client_users import ClientUsers

REGIONS = {"eu1": "Europe", "us1": "United States"}


@dataclass(frozen=True)
class SplitInstallation:
    """`homes` are of `control`, `eu1` and `us1`; `traffic` holds what went over the control plane's address.

    Nobody but the record's program knows the port behind that address. Administration goes over the home's socket.
    """

    installation: Installation
    planes: dict[str, PlatformProcess]
    traffic: Path

    @property
    def homes(self) -> dict[str, Path]:
        return {name: plane.home for name, plane in self.planes.items()}

    def work_folders(self, region: str) -> list[Path]:
        """Working folders of runs that are there now."""
        return list(self.homes[region].glob("data/*/orgs/*/workspaces/*/runs/*/work"))


@contextmanager
def split_installation(packages: Sequence[str] | None = PACKAGES) -> Generator[SplitInstallation]:
    """Ends every process and removes every folder at the end. Runs are built from the wheels of these packages.

    None: from the package index, for what the terminal app deploys, which resolves to the newest of everything.
    """
    builders = from_wheels(packages) if packages is not None else {}
    with ExitStack() as stack:
        traffic = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dlthub-tui-traffic-")))
        url = f"http://127.0.0.1:{stack.enter_context(_recording(traffic))}"
        users = ClientUsers()
        stack.callback(users.close)
        control = _serve(stack, builders, "control", "--public-url", url)
        ports = json.loads((control.home / "ports.json").read_text())
        (traffic / "target").write_text(str(ports["control"]))
        owner = add_person(control, users, OWNER)
        planes = {"control": control}
        for region, place in REGIONS.items():
            token = traffic / f"{region}.token"
            token.write_text(control.admin("data-plane", "add", region, "--place", place)["join_token"])
            options = ("--region", region, "--control-plane", url, "--join-token-file", str(token))
            planes[region] = _serve(stack, builders, "data", *options)
            control.data_planes.update(planes[region].data_planes)
            token.unlink()
        yield SplitInstallation(Installation(control, owner, users), planes, traffic)
        for plane in reversed(planes.values()):
            plane.stop()
        for plane in planes.values():
            assert plane.failures() == []


def _serve(stack: ExitStack, builders: Mapping[str, str], *words: str) -> PlatformProcess:
    home = stack.enter_context(open_home())
    return stack.enter_context(serving(home, *words, "--port", "0", env=builders))


@contextmanager
def _recording(folder: Path) -> Generator[int]:
    with subprocess.Popen(
        [sys.executable, recording_proxy.__file__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()
