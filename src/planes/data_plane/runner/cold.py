"""Cold start: `main` in an interpreter of its own with DOCUMENT and READY as its arguments, two inherited descriptors.

Those that follow are held to the end. The first process ends at once, so that the runner is nobody's child and outlives
whoever started it.
"""

import os
import sys


def main() -> None:
    """Leave the parent, then own the run."""
    document, ready, *kept = map(int, sys.argv[1:])
    if os.fork():
        os._exit(0)
    os.setsid()
    from planes.data_plane.runner.entry import close_inherited, own_run

    close_inherited(document, ready, *kept)
    own_run(document, ready)
