from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from planes.control_plane.app import ControlPlane
from planes.data_plane.services.identity_keys import KEY_FILE
from planes.domain.errors import InvalidRequest
from planes.host.building import PlatformOptions
from planes.host.home import Home
from planes.host.joining import CannotFollow, completed, follow, remember
from planes.host.platform import join_token

URL = "https://control.example"


@pytest.fixture
def options(tmp_path: Path) -> PlatformOptions:
    return PlatformOptions(home=Home(tmp_path / "home"), version="1", part="data")


@pytest.mark.parametrize(("region", "url"), [(None, None), ("eu1", None), (None, URL)])
def test_the_first_start_is_told_both(options: PlatformOptions, region: str | None, url: str | None) -> None:
    with pytest.raises(InvalidRequest, match="--region ID and --control-plane URL"):
        completed(replace(options, dataplane_id=region, control_plane_url=url))


def test_a_home_remembers_what_it_has_joined(options: PlatformOptions) -> None:
    first = completed(replace(options, dataplane_id="eu1", control_plane_url=f"{URL}/"))
    with pytest.raises(InvalidRequest):
        completed(options)  # it did not join yet
    remember(first)

    assert completed(options) == first
    assert completed(replace(options, dataplane_id="eu1", control_plane_url=f"{URL}/")) == first


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"dataplane_id": "us1"}, r"holds eu1\. us1 needs a home of its own"),
        ({"control_plane_url": "https://other.example"}, r"joined the control plane at https://control\.example, not"),
    ],
)
def test_what_contradicts_the_home_is_refused(options: PlatformOptions, said: dict[str, str], sentence: str) -> None:
    remember(replace(options, dataplane_id="eu1", control_plane_url=URL))

    with pytest.raises(InvalidRequest, match=sentence) as refused:
        completed(replace(options, **said))
    assert refused.value.code == "bad_options"


def test_a_home_follows_its_control_plane(options: PlatformOptions) -> None:
    remember(replace(options, dataplane_id="eu1", control_plane_url=URL))
    moved = replace(options, control_plane_url="https://new.example")
    with pytest.raises(InvalidRequest, match=r"admin data-plane follow https://new\.example --home .*home$"):
        completed(moved)

    follow(options.home.root, "https://new.example/")

    assert completed(options) == completed(moved)
    assert completed(options).control_plane_url == "https://new.example"


@pytest.mark.parametrize(
    "address", ["new.example", "https://new.example/path", "ftp://new.example", "https://a:b@x", ""]
)
def test_an_address_is_scheme_host_and_port(options: PlatformOptions, address: str) -> None:
    remember(replace(options, dataplane_id="eu1", control_plane_url=URL))

    with pytest.raises(CannotFollow, match="https://HOST"):
        follow(options.home.root, address)
    with pytest.raises(InvalidRequest, match="--public-url is https://HOST"):
        completed(replace(options, public_url=address))
    assert completed(options).control_plane_url == URL


def test_a_home_that_has_joined_nobody_follows_nobody_and_none_is_made(
    options: PlatformOptions, tmp_path: Path
) -> None:
    for root in (options.home.root, tmp_path / "none"):
        with pytest.raises(CannotFollow, match="no data plane that has joined"):
            follow(root, URL)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("part", "given"),
    [
        (part, given)
        for part in ("all", "control")
        for given in ({"dataplane_id": "eu1"}, {"control_plane_url": URL}, {"join_token": "t"})
    ]
    + [("all", {"public_url": URL})],
)
def test_what_is_of_another_part_is_not_passed_over(options: PlatformOptions, part: str, given: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest, match=r"of one (data )?plane alone: dlthub-tui serve") as refused:
        completed(replace(options, part=part, **given))
    assert refused.value.code == "bad_options"


def test_other_platforms_are_not_asked(options: PlatformOptions) -> None:
    whole = replace(options, part="all")
    assert completed(whole) == whole
    remember(whole)
    assert options.home.read_region() is None


class _Control:
    """A control plane beside a region that joined it."""

    async def knows_data_plane(self, dataplane_id: str) -> bool:
        return dataplane_id == "eu1"

    async def issue_join_token(self, dataplane_id: str, *, place: str) -> str:
        return f"token for {dataplane_id}"


@pytest.mark.anyio
async def test_a_region_whose_key_was_removed_joins_the_control_plane_beside_it_again(options: PlatformOptions) -> None:
    beside = cast("ControlPlane", _Control())
    key = options.home.data_folder("eu1") / KEY_FILE
    removed = await join_token(options, "eu1", beside)
    key.touch()

    assert removed == "token for eu1"
    assert await join_token(options, "eu1", beside) is None
    assert await join_token(options, "us1", beside) == "token for us1"
    assert await join_token(replace(options, join_token="given"), "eu1", None) == "given"
