"""What this system lacks: `python -I -m planes.data_plane.runner.trial [UID]` starts a step and says so."""

import json
import os
import sys

from planes.data_plane.runner import kernel
from planes.data_plane.runner.request import Confinement, Step
from planes.data_plane.runner.spawning import StepNotStarted, spawn

_SYSTEM = ("/bin", "/lib", "/lib64", "/usr", "/etc")


def main() -> None:
    """A list of words in JSON, empty where everything is there."""
    uid = int(sys.argv[1]) if len(sys.argv) > 1 else None
    kernel.adopt_orphans()
    step = Step(
        name="trial",
        source="setup",
        stage="build",
        argv=("/bin/sh", "-c", ":"),
        cwd="/",
        environment={},
        uid=uid,
        gid=uid,
        confinement=Confinement(read=tuple(map(os.path.realpath, _SYSTEM)), write=()),
    )
    try:
        process = spawn(step)
    except StepNotStarted as error:
        sys.stdout.write(json.dumps([f"a step cannot be started ({error})"]))
        return
    os.waitpid(process.first or process.pid, 0)
    sys.stdout.write(json.dumps(process.gaps))


if __name__ == "__main__":
    main()
