"""What the builder says and does where wishes do not fit, the index is away, or `uv` is killed."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.planes.data_plane.executor.test_environments import catalogue_at, run, specify
from tests.integration.planes.data_plane.executor.wheels import write_wheel
from uv import find_uv_bin

from planes.data_plane.executor.environments import BuilderOptions, EnvironmentCatalogue


@pytest.fixture
def index(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    write_wheel(folder, "plain")
    return folder


@pytest.fixture
def catalogue(tmp_path: Path, index: Path) -> EnvironmentCatalogue:
    return catalogue_at(tmp_path / "workspace", index)


def test_a_wish_is_added_where_it_fits_and_left_out_where_it_does_not(
    catalogue: EnvironmentCatalogue, index: Path
) -> None:
    write_wheel(index, "fits", requires=("plain>=1",))
    write_wheel(index, "clashes", requires=("plain>=2",))
    write_wheel(index, "plain", "2.0")
    wished = replace(specify("plain==1.0"), wishes=("fits",))
    hopeless = replace(specify("plain==1.0"), wishes=("clashes",))

    added, refused = run(catalogue.prepare_build(wished)), run(catalogue.prepare_build(hopeless))

    assert (added[0], refused[0]) == (0, 0), added[1] + refused[1]
    assert "+ fits==1.0" in added[1]
    assert "Left out, since they do not fit the workspace's own requirements: clashes." in refused[1]
    packages = catalogue.python(hopeless).parents[1]
    assert len(list(packages.rglob("plain-1.0.dist-info"))) == 1
    assert not list(packages.rglob("plain-2.0.dist-info"))


def test_a_wish_that_the_index_is_away_for_is_not_said_to_clash(
    catalogue: EnvironmentCatalogue, index: Path, tmp_path: Path
) -> None:
    run(catalogue.prepare_build(specify("plain")))  # fills the cache
    away = BuilderOptions(index_url="http://127.0.0.1:9/simple", environment={"UV_HTTP_RETRIES": "0"})
    offline = replace(specify("plain"), wishes=("wanted",))
    options = replace(away, environment={**away.environment, "UV_FIND_LINKS": str(index)})

    built = run(EnvironmentCatalogue(tmp_path / "workspace", options, None, None).prepare_build(offline))

    assert built[0] == 0, built[1]
    assert "Left out, since the package index did not answer and the cache does not hold them: wanted." in built[1]


def test_an_address_that_does_not_answer_is_not_taken_for_the_index(tmp_path: Path) -> None:
    options = BuilderOptions(index_url="http://127.0.0.1:9/simple", environment={"UV_HTTP_RETRIES": "0"})
    (tmp_path / "workspace").mkdir()
    wanted = specify("far @ http://127.0.0.1:9/far-1.0-py3-none-any.whl")

    failed = run(EnvironmentCatalogue(tmp_path / "workspace", options, None, None).prepare_build(wanted))

    assert (failed[0], "The address of far did not answer: trying what the cache holds." in failed[1]) == (1, True)
    assert "The address of far did not answer, and the cache does not hold what is there." in failed[1]
    assert "package index" not in failed[1]


@pytest.mark.parametrize("words", ["pip install", "pip compile", "venv"])
def test_a_killed_uv_is_said_to_be_killed_whatever_it_was_doing(
    catalogue: EnvironmentCatalogue, tmp_path: Path, words: str
) -> None:
    dying = tmp_path / "uv"
    dying.write_text(f'#!/bin/sh\ncase "$*" in "{words}"*) kill -9 $$;; esac\nexec "{find_uv_bin()}" "$@"\n')
    dying.chmod(0o755)
    step = catalogue.prepare_build(replace(specify("plain"), wishes=("other",)))
    written = Path(step.argv[-1])
    written.write_text(json.dumps({**json.loads(written.read_text()), "uv": str(dying)}))

    failed = run(step)

    assert failed[0] == 128 + signal.SIGKILL
    assert "uv was killed (signal 9, SIGKILL)" in failed[1]
    assert ("Left out" in failed[1], "see the lines above" in failed[1]) == (False, False)


def test_wishes_are_not_blamed_for_what_cannot_be_met(catalogue: EnvironmentCatalogue) -> None:
    failed = run(catalogue.prepare_build(replace(specify("nowhere-to-be-found"), wishes=("plain",))))

    assert (failed[0], "nowhere-to-be-found" in failed[1], "Left out" in failed[1]) == (1, True, False)


def test_what_nobody_pins_makes_room_for_a_wish(catalogue: EnvironmentCatalogue, index: Path) -> None:
    write_wheel(index, "wish", requires=("plain<2",))
    write_wheel(index, "plain", "2.0")
    wanted = replace(specify("plain"), wishes=("wish",))

    built = run(catalogue.prepare_build(wanted))

    assert built[0] == 0, built[1]
    assert "+ wish==1.0" in built[1]
    assert "+ plain==1.0" in built[1]
