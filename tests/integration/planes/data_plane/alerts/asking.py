"""What tests of alerts ask a region."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
from tests.fakes.workspaces import definition
from tests.integration.planes.data_plane.running_region import RunningRegion

from planes.domain.identifiers import new_id
from planes.storage.data import runs
from planes.storage.types import Row


@dataclass
class Region:
    """A region, and what its owner does with alerts."""

    place: RunningRegion

    async def call(self, method: str, rest: str, body: Any = None, **claims: Any) -> httpx.Response:
        region = self.place.region
        path = f"/own/v1/workspaces/{region.workspace_id}{rest}"
        headers = region.headers(**{"role": "owner", **claims})
        return await region.client.request(method, path, json=body, headers=headers)

    async def ask(self, method: str, rest: str, body: Any = None) -> Any:
        answer = await self.call(method, rest, body)
        assert answer.status_code in {200, 201, 204}, answer.text
        return answer.json() if answer.content else None

    async def add(self, **changes: Any) -> dict[str, Any]:
        """An alert of failed runs."""
        body = {"name": "fruitshop", "triggers": ["job-run-failure"], "channel": "webhook", **changes}
        return await self.ask("POST", "/alerts", body)

    async def mail_over(self, port: int, **changes: Any) -> None:
        """The workspace's mail goes over a server on this machine."""
        body = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "alerts@orchard.example", **changes}
        await self.ask("PUT", "/mail-server", body)

    async def deliveries(self, **filters: str) -> list[dict[str, Any]]:
        """Newest first."""
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        return (await self.ask("GET", f"/alert-deliveries?{query}"))["items"]

    async def until_ended(self, count: int = 1) -> list[dict[str, Any]]:
        """So many messages that are over."""
        with anyio.fail_after(240):
            while True:
                found = [each for each in await self.deliveries() if each["state"] in {"sent", "failed"}]
                if len(found) >= count:
                    return found
                await anyio.sleep(0.02)

    async def end_run(self, outcome: str = "failed", *, wakes: bool = True, **changes: Any) -> Row:
        """A run that has just ended: its row, and what the end of a run tells the queue, in one transaction."""
        services = self.place.region.plane.services
        row = self.row(outcome, **changes)
        async with services.parts.database.transaction() as connection:
            await runs.add(connection, row)
            found = await runs.find(connection, row["id"])
            assert found is not None
            await services.alert_queue.run_ended(connection, found)
        if wakes:
            services.alert_queue.wake()
        return found

    async def print_secret(self, counts: dict[str, int], **changes: Any) -> Row:
        """A run in whose log something was masked."""
        services = self.place.region.plane.services
        row = self.row("completed", **changes)
        async with services.parts.database.transaction() as connection:
            await runs.add(connection, row)
            found = await runs.find(connection, row["id"])
            assert found is not None
            await services.hits.note(connection, found, counts, row["ended_at"])
        services.alert_queue.wake()
        return found

    def row(self, outcome: str, **changes: Any) -> dict[str, Any]:
        now = datetime.now(UTC)
        job = changes.pop("definition", definition("job"))
        return {
            "id": new_id(), "organization_id": self.place.region.organization_id,
            "workspace_id": self.place.region.workspace_id, "job_ref": "jobs.ingest.load_orders", "number": 1041,
            "profile": "prod", "fence": 1, "lease": {"definition": job}, "state": runs.DONE, "outcome": outcome,
            "leased_at": now, "started_at": now, "ended_at": now, "masked": None, "secrets_used": None,
            "examined_at": now, **changes,
        }  # fmt: skip
