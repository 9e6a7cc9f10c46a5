"""`dlthub-tui admin`: what the home's owner does from a shell, over the home's socket."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from dlthub_tui.cli import admin_lists, exits
from dlthub_tui.cli.administering import Door, administer, administer_secret, read_password
from dlthub_tui.cli.options import Home, Json, Switch, Whole
from dlthub_tui.client import administration, sessions
from dlthub_tui.client.administration import NoOwner
from dlthub_tui.settings import find_home

admin = App(name="admin", help="Administer the platform of this machine, as the owner of its home.")
user = App(name="user", help="Local accounts.")
org = App(name="org", help="Organizations.")
api_key = App(name="api-key", help="API keys.")
data_plane = App(name="data-plane", help="Data planes.")
signing_key = App(name="signing-key", help="The key that signs the control plane's tokens.")
_WAITING = "What is due waits until it is resumed."
for group in (user, org, api_key, data_plane, signing_key):
    admin.command(group)
user.command(admin_lists.users, name="list")
org.command(admin_lists.organizations, name="list")
data_plane.command(admin_lists.data_planes, name="list")
api_key.command(admin_lists.api_keys, name="list")
admin.command("dlthub_tui.cli.maintaining:gc", name="gc", help="Remove what regions no longer keep.")
admin.command("dlthub_tui.cli.maintaining:backup", name="backup", help="Back up planes, while they run or not.")
admin.command("dlthub_tui.cli.maintaining:restore", name="restore", help="Put backed up planes into an empty home.")

Output = Annotated[
    Path | None,
    Parameter(show_default=False, help="Write it to a new file that only you can read, instead of printing it."),
]


@user.command(name="add")
def add_user(
    email: str,
    *,
    password_stdin: Switch = False,
    home: Home = None,
    as_json: Json = False,
) -> int:
    """Add a local account. On an empty installation it becomes the owner.

    Parameters
    ----------
    email
        Whose account it is.
    password_stdin
        Read the password from the first line of standard input; without it a one-use sign-up link is made.
    """
    password = read_password() if password_stdin else None

    async def act(door: Door) -> Mapping[str, Any]:
        try:
            async with door.as_owner() as plane:
                added = await administration.add_user(plane, email, password)
        except NoOwner:
            added = await _first_owner(door, email, password)
        return {key: added[key] for key in ("user_id", "email", "sign_up_url") if added.get(key)}

    def say(result: Mapping[str, Any]) -> str:
        link = result.get("sign_up_url")
        return f"{result['email']} can sign in." if link is None else _link_sentence(result)

    return administer(find_home(home), act, as_json=as_json, say=say)


@user.command(name="link")
def link_user(email: str, *, home: Home = None, as_json: Json = False) -> int:
    """Make a one-use link at which this user chooses a password, or a new one. Good for three days.

    Parameters
    ----------
    email
        Whose link it is.
    """

    async def act(door: Door) -> Mapping[str, Any]:
        async with door.as_owner() as plane:
            issued = await administration.issue_link(plane, email)
        return {key: issued[key] for key in ("user_id", "email", "sign_up_url")}

    return administer(find_home(home), act, as_json=as_json, say=_link_sentence)


def _link_sentence(result: Mapping[str, Any]) -> str:
    return f"{result['email']} chooses a password, once, at {result['sign_up_url']}"


@org.command(name="create")
def create_organization(name: str, *, region: str, owner: str, home: Home = None, as_json: Json = False) -> int:
    """Create an organization. Its region is chosen here, once, for good.

    Parameters
    ----------
    name
        What it is called.
    region
        The data plane's id, such as eu1.
    owner
        The owner's e-mail.
    """

    async def act(door: Door) -> Mapping[str, Any]:
        async with door.as_owner() as plane:
            return await administration.create_organization(plane, name, region, owner)

    def say(result: Mapping[str, Any]) -> str:
        return f"{result['name']} ({result['id']}) is locked to {result['dataplane_id']}."

    return administer(find_home(home), act, as_json=as_json, say=say)


@api_key.command(name="create")
def create_api_key(
    *,
    user: Annotated[str, Parameter(name="--user")],
    days: Whole = 90,
    output: Output = None,
    home: Home = None,
    as_json: Json = False,
) -> int:
    """Create a personal API key. It is shown this once.

    Parameters
    ----------
    user
        The e-mail of whom the key speaks for.
    days
        1 to 365.
    """

    async def act(door: Door) -> Mapping[str, Any]:
        async with door.as_owner() as plane:
            created = await administration.create_api_key(plane, user, days)
        return {key: created[key] for key in ("id", "api_key", "expires_at")}

    return administer_secret(
        find_home(home),
        act,
        shown_once="api_key",
        output=output,
        as_json=as_json,
        advise=lambda result: (
            f"Shown this once; works until {result['expires_at'][:10]}. "
            f"To end it before: dlthub-tui admin api-key revoke {result['id']}"
        ),
    )


@api_key.command(name="revoke")
def revoke_api_key(key_id: str, *, home: Home = None, as_json: Json = False) -> int:
    """End an API key at once, of whomever or whatever workspace it is.

    Parameters
    ----------
    key_id
        The key's id, as `admin api-key list` says it; never the key itself.
    """

    async def act(door: Door) -> Mapping[str, Any]:
        async with door.as_owner() as plane:
            return await administration.revoke_api_key(plane, key_id)

    def say(result: Mapping[str, Any]) -> str:
        named = "" if result["name"] is None else f' "{result["name"]}"'
        return f"Revoked the API key{named} ({result['id']}). It opens nothing any more."

    return administer(find_home(home), act, as_json=as_json, say=say)


@data_plane.command(name="add")
def add_data_plane(
    dataplane_id: str, *, place: str, output: Output = None, home: Home = None, as_json: Json = False
) -> int:
    """Make a data plane known; prints the token that lets it join, once.

    Parameters
    ----------
    dataplane_id
        Its id, such as eu1.
    place
        Where it stands, as people read it, such as Europe.
    """
    is_joined = False

    async def act(door: Door) -> Mapping[str, Any]:
        nonlocal is_joined
        async with door.as_owner() as plane:
            known = await administration.list_data_planes(plane)
            is_joined = any(one["dataplane_id"] == dataplane_id and one["enrolled_at"] for one in known)
            return await administration.add_data_plane(plane, dataplane_id, place)

    def advise(_: Mapping[str, Any]) -> str:
        start = f"dlthub-tui serve data --region {dataplane_id} --control-plane URL --join-token-file FILE"
        taken = f"{dataplane_id} has joined: a home that joins with this takes its place, and that one is refused.\n"
        return (taken if is_joined else "") + f"Put it in a file on that machine and start there: {start}"

    return administer_secret(
        find_home(home),
        act,
        shown_once="join_token",
        output=output,
        as_json=as_json,
        advise=advise,
    )


def _tend(dataplane_id: str, verb: str, home: Home, as_json: Json, sentence: str) -> int:
    async def act(door: Door) -> Mapping[str, Any]:
        async with door.as_owner() as plane:
            return await administration.tend_data_plane(plane, dataplane_id, verb)

    return administer(find_home(home), act, as_json=as_json, say=lambda _: sentence)


@data_plane.command(name="drain")
def drain_data_plane(dataplane_id: str, *, home: Home = None, as_json: Json = False) -> int:
    """Give a region no new run; those that it has go on to their ends.

    Parameters
    ----------
    dataplane_id
        The region's data plane, such as eu1.
    """
    return _tend(dataplane_id, "drain", home, as_json, f"{dataplane_id} is given no new run. {_WAITING}")


@data_plane.command(name="resume")
def resume_data_plane(dataplane_id: str, *, home: Home = None, as_json: Json = False) -> int:
    """Give a drained region runs again, those that waited first.

    Parameters
    ----------
    dataplane_id
        The region's data plane, such as eu1.
    """
    return _tend(dataplane_id, "resume", home, as_json, f"{dataplane_id} is given runs again.")


@data_plane.command(name="clean")
def clean_data_plane(dataplane_id: str, *, home: Home = None, as_json: Json = False) -> int:
    """Have a region remove the environments and caches that nobody needs, whatever their age.

    Parameters
    ----------
    dataplane_id
        The region's data plane, such as eu1.
    """
    return _tend(dataplane_id, "clean", home, as_json, f"{dataplane_id} hears it with its next poll.")


@admin.command
def approve(
    code: str,
    *,
    user: Annotated[str | None, Parameter(name="--user")] = None,
    home: Home = None,
    as_json: Json = False,
) -> int:
    """Let the device that shows this code sign in.

    Parameters
    ----------
    code
        The code that the device shows.
    user
        As whom; default: the home's owner.
    """

    async def act(door: Door) -> Mapping[str, Any]:
        async with door.as_owner() as plane:
            return await administration.approve_sign_in(plane, code, user)

    return administer(
        find_home(home), act, as_json=as_json, say=lambda result: f"{result['email']} is signed in there."
    )


async def _first_owner(door: Door, email: str, password: str | None) -> dict[str, Any]:
    async with door.opened() as plane:
        pair = await sessions.create_first_owner(plane, door.owner_key, email, password)
    if password is not None:
        return {"user_id": pair.user_id, "email": pair.email}
    # the terminal of the home's owner needs no password; a browser and the command line on another machine do
    async with door.as_owner() as plane:
        return await administration.issue_link(plane, pair.email)


@signing_key.command(name="rotate")
def rotate_signing_key(*, at_once: Switch = False, home: Home = None, as_json: Json = False) -> int:
    """Let another key sign tokens, a minute from now. Those of the key before are good until they run out.

    Parameters
    ----------
    at_once
        When the key may be in wrong hands: it is refused now, and everybody refreshes or signs in again.
    """

    async def act(door: Door) -> Mapping[str, Any]:
        async with door.as_owner() as plane:
            return await administration.rotate_signing_key(plane, at_once=at_once)

    def say(result: Mapping[str, Any]) -> str:
        return f"Key {result['kid']} signs from {result['signs_from']} on."

    return administer(find_home(home), act, as_json=as_json, say=say)


@data_plane.command(name="follow")
def follow_control_plane(url: str, *, home: Home = None, as_json: Json = False) -> int:
    """Tell the region of this home that its control plane is at another address, from its next start on.

    Parameters
    ----------
    url
        Where the same control plane is now: https://HOST, or with a port.
    """
    from dlthub_tui.embed.following import CannotFollow, follow

    try:
        region, address = follow(find_home(home), url)
    except CannotFollow as exc:
        exits.say_error(str(exc))
        return exits.FAILED
    result = {"dataplane_id": region, "control_plane": address}
    exits.say_result(
        result, as_json=as_json, sentence=f"{region} looks for its control plane at {address} once it starts."
    )
    return exits.DONE


@data_plane.command(name="rotate-identity")
def rotate_identity(dataplane_id: str, *, home: Home = None, as_json: Json = False) -> int:
    """Make another key by which a region of this home is known, from its next start on. The present one signs it.

    Parameters
    ----------
    dataplane_id
        The region's data plane, such as eu1.
    """
    import anyio

    from dlthub_tui.embed.identity_keys import CannotRotate, rotate

    try:
        fingerprint, words = anyio.run(rotate, find_home(home), dataplane_id)
    except CannotRotate as exc:
        exits.say_error(str(exc))
        return exits.FAILED
    sentence = f"{dataplane_id} has another key from its next start on: {fingerprint}\nIts words: {words}"
    advice = "Start it again, then back it up. Apps that know the key before follow by themselves."
    result = {"dataplane_id": dataplane_id, "fingerprint": fingerprint, "words": words}
    exits.say_result(result, as_json=as_json, sentence=sentence, advice=advice)
    return exits.DONE


@data_plane.command(name="rotate-key")
def rotate_key(dataplane_id: str, *, home: Home = None, as_json: Json = False) -> int:
    """Replace the master key of a region of this home, while it runs or not. Stored secrets stay readable.

    Parameters
    ----------
    dataplane_id
        The region's data plane, such as eu1.
    """
    import anyio

    from dlthub_tui.embed.master_keys import CannotRotate, rotate
    from dlthub_tui.viewmodel import words

    try:
        count = anyio.run(rotate, find_home(home), dataplane_id)
    except CannotRotate as exc:
        exits.say_error(str(exc))
        return exits.FAILED
    wrapped = f"the keys of {words.plural(count, 'organization')} are wrapped with it"
    sentence = f"{dataplane_id} has a new master key; {wrapped}."
    advice = "Backups from before need the old key: keep a copy of it as long as you keep them."
    exits.say_result(
        {"dataplane_id": dataplane_id, "organizations": count}, as_json=as_json, sentence=sentence, advice=advice
    )
    return exits.DONE
