"""What a data plane alone has to be told at its first start, and its home knows from then on."""

from __future__ import annotations

from dataclasses import replace

from planes.domain.errors import InvalidRequest
from planes.host.building import PlatformOptions
from planes.host.home import JoinedRegion

BAD_OPTIONS = "bad_options"


def completed(options: PlatformOptions) -> PlatformOptions:
    """The options, those of a data plane alone with its id and control plane.

    Raises: InvalidRequest (`bad_options`) when they are not known, or contradict what the home has joined.
    """
    if options.part != "data":
        return options
    said, url = options.dataplane_id, (options.control_plane_url or "").rstrip("/") or None
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
            f"If that one is now there, remove {options.home.root / 'region.json'} and say both once more.",
        )
    return replace(options, dataplane_id=known.dataplane_id, control_plane_url=known.control_plane)


def remember(options: PlatformOptions) -> None:
    """Keeps in the home what a data plane alone has joined. May run twice."""
    if options.part == "data" and options.dataplane_id is not None and options.control_plane_url is not None:
        joined = JoinedRegion(dataplane_id=options.dataplane_id, control_plane=options.control_plane_url)
        if options.home.read_region() != joined:
            options.home.write_region(joined)
