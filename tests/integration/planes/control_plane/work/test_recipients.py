"""Whom a region's alerts reach: the control plane says who a member is now, to the region of the workspace alone."""

from __future__ import annotations

import pytest
from tests.fakes.control_stage import Stage

from planes.domain.access import OrganizationRole, WorkspaceRole
from planes.domain.identifiers import new_id
from planes.storage.control import organizations

pytestmark = pytest.mark.anyio


async def test_members_are_named_to_their_own_region_while_they_see_the_workspace(stage: Stage) -> None:
    developer = await stage.person(WorkspaceRole.DEVELOPER, OrganizationRole.COLLABORATOR)
    stranger = await stage.person(None, OrganizationRole.COLLABORATOR)
    ids = [stage.owner.membership_id, developer.membership_id, stranger.membership_id, new_id()]
    asked = {"workspace_id": stage.workspace_id, "members": ids}

    found = (await stage.link("POST", "-find-members", asked)).json()["members"]
    elsewhere = await stage.link("POST", "-find-members", asked, plane="us1")
    async with stage.parts.database.transaction() as connection:
        await organizations.change_membership(
            connection, developer.membership_id, role="collaborator", is_active=False, now=stage.clock.now()
        )
    later = (await stage.link("POST", "-find-members", asked)).json()["members"]

    assert [each["member"] for each in found] == [stage.owner.membership_id, developer.membership_id]
    assert all("@" in each["email"] for each in found)
    assert [each["member"] for each in later] == [stage.owner.membership_id]
    assert elsewhere.status_code == 403
    assert "@" not in elsewhere.text
