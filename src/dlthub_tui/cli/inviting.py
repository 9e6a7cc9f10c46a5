"""One-line commands of invites: who waits, a link for somebody, another one, its end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from dlthub_tui.cli import exits
from dlthub_tui.cli.options import Home, Json, PlaceName, Switch, Url
from dlthub_tui.cli.reaching import Followed, WrongUsage, worked
from dlthub_tui.settings import wants_colour

if TYPE_CHECKING:
    from dlthub_tui.client.invites import Invite, Inviting
    from dlthub_tui.client.transport import Transport
    from dlthub_tui.session.connection import Connection
    from dlthub_tui.session.names import NamedWorkspace


def invites(place: PlaceName, /, *, home: Home = None, url: Url = None, as_json: Json = False) -> int:
    """List who is invited and did not come yet: to the organization, or to the workspace alone if that is yours.

    Parameters
    ----------
    place
        [ORGANIZATION/]WORKSPACE.
    """

    async def act(connection: Connection, _: Followed) -> int:
        from dlthub_tui.cli.tables import local, print_table
        from dlthub_tui.session.names import find_workspace

        found = await find_workspace(connection.control, place)
        waiting = (await _inviting(connection.control, found))[1]
        if as_json:
            print(json.dumps({"items": [_shape(each, None) for each in waiting], "total": len(waiting)}))
            return exits.DONE
        rows = [
            (each.email, each.workspaces.get(found.workspace.id, "-"), each.role, each.invited_by,
             local(each.expires_at))
            for each in waiting
        ]  # fmt: skip
        print_table(("INVITED", "ROLE HERE", "JOINS AS", "BY", "LINK ENDS"), rows, colour=wants_colour())
        return exits.DONE

    return worked(home, url, act)


def invite(
    place: PlaceName,
    email: str,
    /,
    *,
    role: Literal["owner", "developer", "viewer"] = "developer",
    joins_as: Literal["collaborator", "member", "owner"] = "collaborator",
    new_link: Switch = False,
    withdraw: Switch = False,
    home: Home = None,
    url: Url = None,
    as_json: Json = False,
) -> int:
    """Print a link with which somebody joins, once, within three days. Pass it on: nobody mails it.

    Who is known to the platform is in at once, without a link.

    Parameters
    ----------
    place
        [ORGANIZATION/]WORKSPACE.
    email
        Who is invited.
    role
        The role in the workspace.
    joins_as
        The role in the organization; member and owner are for its owners to give.
    new_link
        Print another link for who waits; the one before ends.
    withdraw
        End the invite and its link.
    """

    async def act(connection: Connection, _: Followed) -> int:
        from dlthub_tui.client import invites as client
        from dlthub_tui.session.names import find_workspace

        if new_link and withdraw:
            raise WrongUsage("--new-link makes another link, --withdraw ends the invite: one of them.")
        plane, found = connection.control, await find_workspace(connection.control, place)
        inviting, waiting = await _inviting(plane, found)
        if new_link or withdraw:
            known = next((each for each in waiting if each.email == email.lower()), None)
            if known is None:
                raise WrongUsage(f"{email} is not invited. dlthub-tui invites {place} lists who is.")
            if withdraw:
                await client.revoke_invite(plane, inviting, known.id)
                sentence = f"Withdrew the invite of {known.email}; the link opens nothing any more."
                exits.say_result(_shape(known, None), as_json=as_json, sentence=sentence)
                return exits.DONE
            made = await client.issue_link(plane, inviting, known.id)
        elif joins_as == "collaborator":
            here = client.Inviting(found.organization.id, found.workspace.id)
            made = await client.invite_to_workspace(plane, here, email, role)
        else:
            places = {} if joins_as == "owner" else {found.workspace.id: role}
            made = await client.invite(plane, found.organization.id, email, joins_as, places)
        if made is None:
            sentence = f"{email} is known, and in {found.address} from now on."
            exits.say_result({"invite": None, "url": None}, as_json=as_json, sentence=sentence)
            return exits.DONE
        advice = f"For {made.invite.email}: it works once. It is not shown again."
        exits.say_result(_shape(made.invite, made.url), as_json=as_json, sentence=made.url, advice=advice)
        return exits.DONE

    return worked(home, url, act)


async def _inviting(plane: Transport, found: NamedWorkspace) -> tuple[Inviting, tuple[Invite, ...]]:
    """Raises: NotAllowed."""
    from dlthub_tui.client.invites import Inviting, find_inviting, list_invites

    known = await find_inviting(plane, found.organization.id, found.workspace.id)
    if known is not None:
        return known
    here = Inviting(found.organization.id, found.workspace.id)
    return here, await list_invites(plane, here)  # which says why not


def _shape(invite: Invite, url: str | None) -> dict[str, Any]:
    return {
        "id": invite.id,
        "email": invite.email,
        "role": invite.role,
        "workspaces": dict(invite.workspaces),
        "invited_by": invite.invited_by,
        "expires_at": invite.expires_at.isoformat(),
        "url": url,
    }
