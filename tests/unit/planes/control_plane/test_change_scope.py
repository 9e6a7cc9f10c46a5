"""What a stream's caller may read is looked up while the look for revocations may replace what is known."""

from __future__ import annotations

from typing import cast

import pytest

from planes.control_plane.services.change_scope import ChangeScope
from planes.control_plane.services.identity.principals import Principals
from planes.control_plane.services.parts import Parts
from planes.domain.access import Principal


@pytest.mark.anyio
async def test_answer_survives_that_what_is_known_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    scope = ChangeScope(cast("Parts", None), cast("Principals", None), "", cast("Principal", None))

    async def asked(workspace_ids: set[str]) -> dict[str, bool]:
        monkeypatch.setattr(scope, "_known", {})
        return {workspace_id: workspace_id == "seen" for workspace_id in workspace_ids}

    monkeypatch.setattr(scope, "_may_read", asked)

    assert await scope.readable(["seen", "hidden"]) == {"seen"}
