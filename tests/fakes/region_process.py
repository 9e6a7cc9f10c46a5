"""A data plane as a process of its own, to be killed: `python -m tests.fakes.region_process FOLDER CONTROL_URL WHEELS`.

Prints its URL when it is enrolled.
"""

from __future__ import annotations

import sys
from pathlib import Path

import anyio
from tests.fakes.control_plane import JOIN_TOKEN

from planes.data_plane.app import open_data_plane
from planes.observability import configure_logging
from planes.server.listening import AppServer, listen_tcp
from planes.settings import BuilderSettings, DataPlaneSettings


async def serve(folder: Path, control_url: str, wheels: str) -> None:
    """Serves until killed."""
    configure_logging()
    listener = listen_tcp("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    plane = await open_data_plane(
        DataPlaneSettings(
            folder=folder,
            dataplane_id="eu1",
            region="Europe",
            public_url=url,
            control_plane_url=control_url,
            database_url=f"sqlite+aiosqlite:///{folder / 'region.db'}",
            version="0",
            join_token=JOIN_TOKEN,
            builder=BuilderSettings(environment={"UV_FIND_LINKS": wheels, "UV_OFFLINE": "1"}),
        )
    )
    server = AppServer(plane.app, [listener], plane.stopping, most_message_bytes=plane.most_message_bytes)
    async with anyio.create_task_group() as group:
        group.start_soon(server.serve)
        await plane.services.enrolment.wait()
        print(url, flush=True)


if __name__ == "__main__":
    anyio.run(serve, Path(sys.argv[1]), sys.argv[2], sys.argv[3], backend_options={"use_uvloop": True})
