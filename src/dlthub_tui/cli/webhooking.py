"""The one-line command about the webhook of a job: its address, its secret once, another one, its end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dlthub_tui.cli import exits
from dlthub_tui.cli.options import Home, JobName, Json, Switch, Url, Whole
from dlthub_tui.cli.reaching import Followed, WrongUsage, worked

if TYPE_CHECKING:
    from dlthub_tui.client.transport import Transport
    from dlthub_tui.client.webhooks import Webhook
    from dlthub_tui.session.connection import Connection
    from dlthub_tui.session.names import Spot


def webhook(
    job: JobName,
    /,
    *,
    trigger: str | None = None,
    rotate: Switch = False,
    keep_old: Whole = 0,
    remove: Switch = False,
    home: Home = None,
    url: Url = None,
    as_json: Json = False,
) -> int:
    """Show the address at which a job is called, in its region. The first time it is made, with its secret.

    A secret is shown once: keep it where the sender can read it.

    Parameters
    ----------
    job
        [ORGANIZATION/]WORKSPACE/JOB, a job with a webhook: trigger.
    trigger
        Which of its webhook: triggers, where it has several.
    rotate
        Make another secret.
    keep_old
        Seconds for which the old secret stays good beside the new one, up to 86400.
    remove
        Remove the address with all that came in.
    """

    async def act(connection: Connection, _: Followed) -> int:
        from dlthub_tui.client import webhooks
        from dlthub_tui.session.names import find_spot
        from dlthub_tui.viewmodel.workspace.webhooks import triggers_of

        if rotate and remove:
            raise WrongUsage("--rotate makes another secret, --remove ends the address: one of them.")
        if keep_old and not rotate:
            raise WrongUsage("--keep-old is for --rotate.")
        spot = await find_spot(connection.control, job)
        if spot.job is None or spot.run is not None:
            raise WrongUsage(f"{job} is no job. A job is WORKSPACE/JOB; dlthub-tui jobs WORKSPACE lists them.")
        workspace = spot.place.workspace
        region = await connection.region(workspace)
        found = await _find(region, workspace.id, spot, trigger)
        if found is None and not triggers_of(spot.job):
            raise WrongUsage(f"{spot.address} has no webhook: trigger, so nobody can call it.")
        if found is None and (rotate or remove):
            raise WrongUsage(f"{spot.address} has no webhook yet. Make it: dlthub-tui webhook {spot.address}")
        if found is not None and remove:
            await webhooks.remove_webhook(region, workspace.id, found.id)
            exits.say_result(_shape(found), as_json=as_json, sentence=f"Removed {found.url}.")
            return exits.DONE
        if found is not None and rotate:
            found = await webhooks.rotate_webhook(region, workspace.id, found.id, keep_old)
        elif found is None:
            found = await webhooks.add_webhook(region, workspace.id, spot.job.id, trigger)
        _say(found, as_json=as_json)
        return exits.DONE

    return worked(home, url, act)


async def _find(region: Transport, workspace_id: str, spot: Spot, trigger: str | None) -> Webhook | None:
    from dlthub_tui.client.webhooks import list_webhooks

    assert spot.job is not None
    listed = [each for each in await list_webhooks(region, workspace_id) if each.job_id == spot.job.id]
    wanted = [each for each in listed if trigger in {None, each.trigger}]
    if len(wanted) > 1:
        raise WrongUsage(f"Which one? --trigger {' or --trigger '.join(each.trigger for each in wanted)}")
    return wanted[0] if wanted else None


def _say(found: Webhook, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_shape(found)), flush=True)
        return
    print(found.url)
    if found.secret is None:
        exits.say_error("Its secret was shown when it was made. --rotate makes another one.")
    else:
        print(found.secret)
        exits.say_error("The second line is the secret. It is not shown again.")


def _shape(found: Webhook) -> dict[str, Any]:
    return {
        "id": found.id,
        "job_ref": found.job_ref,
        "trigger": found.trigger,
        "url": found.url,
        "secret": found.secret,
        "created_at": found.created_at.isoformat(),
        "rotated_at": found.rotated_at.isoformat() if found.rotated_at else None,
        "waiting": found.waiting,
        "last_received_at": found.last_received_at.isoformat() if found.last_received_at else None,
        "last_state": found.last_state,
    }
