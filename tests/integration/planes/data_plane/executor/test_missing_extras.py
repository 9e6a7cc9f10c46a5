"""Pins of the workspace may leave room only for a package too old for what is asked of it: the log says what to do."""

from __future__ import annotations

from tests.fakes.workspaces import open_folder
from tests.integration.planes.data_plane.executor.test_environments import catalogue_at, run, specify
from tests.integration.planes.data_plane.executor.wheels import write_wheel


def test_package_too_old_for_an_extra_is_told_with_what_to_do() -> None:
    with open_folder("environments-") as folder:
        index = folder / "wheels"
        index.mkdir()
        write_wheel(index, "plain")
        write_wheel(index, "plain", "2.0")
        write_wheel(index, "agent_loop", "0.3", extras=("openai",))
        write_wheel(index, "agent_loop", "2.1", requires=("plain>=2",), extras=("openai", "wide-spec"))
        catalogue = catalogue_at(folder / "workspace", index)

        pinned = run(catalogue.prepare_build(specify("plain==1.0", "agent-loop[openai,wide_spec]")))
        chosen = run(catalogue.prepare_build(specify("plain", "agent-loop[openai,wide_spec]")))

    assert (pinned[0], chosen[0]) == (0, 0), pinned[1] + chosen[1]
    assert (
        "agent-loop 0.3 has no wide-spec: newer versions do not fit the versions that the workspace pins" in pinned[1]
    )
    assert "Name agent-loop[openai,wide_spec] in the workspace's own requirements" in pinned[1]
    assert "has no" not in chosen[1]
