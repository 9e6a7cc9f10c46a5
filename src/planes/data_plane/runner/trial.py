"""What this system lacks: `python -I -m planes.data_plane.runner.trial [UID [strict]]` starts a step and says so.

With `strict` it is started inside bubblewrap. UID 0 is none.
"""

import json
import os
import sys

from planes.data_plane.runner import kernel
from planes.data_plane.runner.containment.bubblewrap import find_bubblewrap
from planes.data_plane.runner.request import Confinement, Step
from planes.data_plane.runner.spawning import StepNotStarted, spawn

_SYSTEM = ("/bin", "/lib", "/lib64", "/usr", "/etc")


def main() -> None:
    """A list of words in JSON, empty where everything is there."""
    uid = int(sys.argv[1]) or None if len(sys.argv) > 1 else None
    is_strict = "strict" in sys.argv[2:]
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
        confinement=Confinement(
            read=tuple(map(os.path.realpath, _SYSTEM)),
            write=(),
            is_strict=is_strict,
            bubblewrap=find_bubblewrap() if is_strict else None,
        ),
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
