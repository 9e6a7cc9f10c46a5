"""Processes are named by pid and start time."""

import os
import signal
import subprocess

from planes.data_plane.runner.processes import find_process, list_descendants, signal_processes


def test_this_process_is_found_with_its_parent() -> None:
    found = find_process(os.getpid())

    assert found is not None
    assert (found.parent, found.group, found.is_dead) == (os.getppid(), os.getpgid(0), False)
    assert find_process(2**22 + 1) is None


def test_descendants_are_found_through_their_parents() -> None:
    with subprocess.Popen(["/bin/sh", "-c", "sleep 600 & echo $!; wait"], stdout=-1, text=True) as shell:
        assert shell.stdout is not None
        grandchild = int(shell.stdout.readline())
        found = [process.pid for process in list_descendants(os.getpid())]
        os.kill(grandchild, signal.SIGKILL)
        shell.kill()

    assert {shell.pid, grandchild} <= set(found)


def test_a_process_with_another_start_time_is_not_signalled() -> None:
    with subprocess.Popen(["/bin/sleep", "600"]) as child:
        found = find_process(child.pid)
        assert found is not None
        missed = signal_processes([found._replace(start_ticks=found.start_ticks - 1)], signal.SIGKILL)
        was_running = child.poll() is None
        hit = signal_processes([found], signal.SIGKILL)
        child.wait()

    assert (missed, was_running, hit) == (0, True, 1)
    assert child.returncode == -signal.SIGKILL
