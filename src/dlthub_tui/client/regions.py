"""Connections to data planes: a recognised plane, and a short-lived token for one workspace."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

import anyio

from dlthub_tui.client.pins import PinStore, check_home, recognise
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport, origin_of

EARLY_SECONDS = 60


class HasRegion(Protocol):
    """A workspace, as far as its region is concerned."""

    @property
    def id(self) -> str:
        """The workspace."""
        ...

    @property
    def organization_id(self) -> str:
        """Whose it is."""
        ...

    @property
    def dataplane_id(self) -> str:
        """Its data plane."""
        ...

    @property
    def dataplane_url(self) -> str:
        """Where that is."""
        ...


class WorkspaceTokens:
    """Data-plane tokens of one workspace, minted at the control plane and used until shortly before they end."""

    def __init__(self, control: Transport, workspace_id: str) -> None:
        self._control = control
        self._workspace_id = workspace_id
        self._token: str | None = None
        self._expires_at = 0
        self._lock = anyio.Lock()

    @property
    def good_until(self) -> float:
        """Until when no other is asked for, in seconds of the wall clock; 0 before the first."""
        return self._expires_at - EARLY_SECONDS if self._token else 0.0

    async def bearer(self) -> str | None:
        """The token to send. Who asks while one is minted gets that one."""
        async with self._lock:
            if self._token is None or time.time() > self._expires_at - EARLY_SECONDS:
                return await self._mint()
            return self._token

    async def renewed(self, rejected: str) -> str | None:
        """Another token, once."""
        async with self._lock:
            return await self._mint() if rejected == self._token else self._token

    async def _mint(self) -> str:
        path = f"/api/v1/workspaces/{self._workspace_id}/-issue-dataplane-token"
        fields = Fields(await self._control.post(path), "data-plane token")
        self._token, self._expires_at = fields.text("token"), fields.number("expires_at")
        return self._token


@dataclass(frozen=True, slots=True)
class _Key:
    workspace_id: str
    origin: str


class Regions:
    """One transport for each workspace and data plane. Close with `aclose`."""

    def __init__(self, control: Transport, pins: PinStore) -> None:
        self._control = control
        self._pins = pins
        self._open: dict[_Key, Transport] = {}
        self._tokens: dict[str, WorkspaceTokens] = {}
        self._recognised: set[tuple[str, str, str]] = set()

    async def recognise(self, workspace: HasRegion, url: str) -> None:
        """Checks that the plane at this address is the organization's, and the one seen before; once for each address.

        Raises: PinMismatch, PinsDamaged; nothing was sent.
        """
        key = (workspace.organization_id, workspace.dataplane_id, str(origin_of(url)))
        if key not in self._recognised:
            await check_home(self._pins, workspace.organization_id, workspace.dataplane_id)
            await recognise(self._pins, workspace.dataplane_id, url)
            self._recognised.add(key)

    async def of(self, workspace: HasRegion) -> Transport:
        """The connection to a workspace's region. Raises: PinMismatch, PinsDamaged."""
        url = workspace.dataplane_url
        await self.recognise(workspace, url)
        key = _Key(workspace.id, str(origin_of(url)))
        if key not in self._open:
            tokens = self._tokens.setdefault(workspace.id, WorkspaceTokens(self._control, workspace.id))
            self._open[key] = Transport(url, tokens)
        return self._open[key]

    def good_until(self, workspace_id: str) -> float:
        """Until when a workspace's region can be asked without the control plane; 0 where it cannot."""
        tokens = self._tokens.get(workspace_id)
        return tokens.good_until if tokens else 0.0

    async def aclose(self) -> None:
        """Ends all connections. May be called twice."""
        for plane in self._open.values():
            await plane.aclose()
        self._open.clear()
