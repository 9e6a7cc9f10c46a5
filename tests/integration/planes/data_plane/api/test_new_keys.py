"""A region learns the control plane's new signing key over its open poll, without a restart."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.control_plane import FakeControlPlane
from tests.fakes.data_plane import running_data_plane

from planes.domain.access import Grant
from planes.tokens.keys import SigningKey
from planes.wire.link import PollResponse

pytestmark = pytest.mark.anyio


async def test_tokens_of_either_key_are_taken_until_the_old_one_is_gone(tmp_path: Path) -> None:
    async with FakeControlPlane().serving() as control, running_data_plane(tmp_path / "eu1", control) as region:
        old, new = control.key, SigningKey.generate()
        path = f"/telemetry/v1/workspaces/{region.workspace_id}/watermark"
        before = region.headers(Grant.READ)

        async def status(headers: dict[str, str]) -> int:
            return (await region.client.get(path, headers=headers)).status_code

        async def told(*keys: SigningKey) -> None:
            answer = PollResponse(
                leases=[], cancels=[], epoch=0, revocations=[], keys=[key.public.text for key in keys]
            )
            await region.plane.services.revocations.apply(answer)

        control.key = new
        after = region.headers(Grant.READ)
        assert (await status(before), await status(after)) == (200, 401)
        await told(old, new)
        assert (await status(before), await status(after)) == (200, 200)
        await told(new)
        assert (await status(before), await status(after)) == (401, 200)
        assert region.plane.services.revocations.keys == (new.public,)
