"""What each part of a platform is told, and what the home of a data plane alone knows from its first start on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from planes.domain.errors import Conflict, InvalidRequest
from planes.host.building import PlatformOptions
from planes.host.home import Home, JoinedRegion, check_ours

BAD_OPTIONS = "bad_options"


class CannotFollow(Exception):
    """The home stays as it is; the message says why."""


def completed(options: PlatformOptions) -> PlatformOptions:
    """The options, those of a data plane alone with its id and control plane.

    Raises: InvalidRequest (`bad_options`) when they are not known, belong to another part, are no addresses, or
    contradict what the home has joined.
    """
    _check_parts(options)
    public_url = None if options.public_url is None else origin("--public-url", options.public_url)
    options = replace(options, public_url=public_url)
    if options.part != "data":
        return options
    said = options.dataplane_id
    url = None if options.control_plane_url is None else origin("--control-plane", options.control_plane_url)
    known = options.home.read_region()
    if known is None:
        if said is None or url is None:
            raise InvalidRequest(
                BAD_OPTIONS, "The first start of a data plane needs --region ID and --control-plane URL."
            )
        return replace(options, control_plane_url=url)
    if said not in {None, known.dataplane_id}:
        raise InvalidRequest(
            BAD_OPTIONS,
            f"{options.home.root} holds {known.dataplane_id}. {said} needs a home of its own: --home FOLDER.",
        )
    if url not in {None, known.control_plane}:
        raise InvalidRequest(
            BAD_OPTIONS,
            f"{known.dataplane_id} has joined the control plane at {known.control_plane}, not {url}. "
            f"If that one is now there: dlthub-tui admin data-plane follow {url} --home {options.home.root}",
        )
    return replace(options, dataplane_id=known.dataplane_id, control_plane_url=known.control_plane)


def _check_parts(options: PlatformOptions) -> None:
    """What is for one part alone is not passed over by another."""
    of_a_region = {
        "--region": options.dataplane_id, "--control-plane": options.control_plane_url,
        "--join-token-file": options.join_token,
    }  # fmt: skip
    if options.part != "data" and (given := [name for name, value in of_a_region.items() if value is not None]):
        verb = "is" if len(given) == 1 else "are"
        raise InvalidRequest(
            BAD_OPTIONS, f"{' and '.join(given)} {verb} of one data plane alone: dlthub-tui serve data {given[0]} …"
        )
    if options.part == "all" and options.public_url is not None:
        raise InvalidRequest(
            BAD_OPTIONS, "--public-url is of one plane alone: dlthub-tui serve control, dlthub-tui serve data."
        )


def origin(name: str, address: str) -> str:
    """The address that an option gives, without a slash at its end.

    Raises: InvalidRequest (`bad_options`) unless it is scheme, host and perhaps a port.
    """
    try:
        parts = urlsplit(address)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
        parts = urlsplit("")
    if not is_one or parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise InvalidRequest(BAD_OPTIONS, f"{name} is https://HOST or https://HOST:PORT, with nothing behind it.")
    return f"{parts.scheme}://{parts.netloc}"


def follow(root: Path, url: str) -> JoinedRegion:
    """Tells the home of a data plane alone that its control plane is at another address now. May run twice.

    The keys by which the region knows its control plane stay. Raises: CannotFollow.
    """
    try:
        check_ours(root)
    except Conflict as exc:
        raise CannotFollow(exc.detail) from exc
    home = Home(root) if root.is_dir() else None
    known = home.read_region() if home else None
    if home is None or known is None:
        raise CannotFollow(
            f"{root} is the home of no data plane that has joined a control plane. Its first start is told where that "
            "is: dlthub-tui serve data --region ID --control-plane URL."
        )
    try:
        joined = replace(known, control_plane=origin("The address", url))
    except InvalidRequest as exc:
        raise CannotFollow(exc.detail) from exc
    home.write_region(joined)
    return joined


def remember(options: PlatformOptions) -> None:
    """Keeps in the home what a data plane alone has joined. May run twice."""
    if options.part == "data" and options.dataplane_id is not None and options.control_plane_url is not None:
        joined = JoinedRegion(dataplane_id=options.dataplane_id, control_plane=options.control_plane_url)
        if options.home.read_region() != joined:
            options.home.write_region(joined)
