"""The program of an interpreter that stands by (see standing.py): run as `python -u -c THIS_TEXT MODULE...`.

The interpreter of the job's environment runs it, any from 3.11 on; it imports nothing of the platform. The modules are
imported; the last one is then forgotten, because it will be run as the main module. The line in the place of standard
input tells what to run. What does not fit ends it: nothing of the job has happened then, and the run starts cold.
"""


def stand_by() -> None:  # one function: as the main module's only name it is gone before the job begins
    """Until it is told what to run, then as if `python -u -m` had been called."""
    import os
    import sys
    from typing import Any

    imports, kind = sys.argv[1:], type(os.environ)
    if sys.path and sys.path[0] == "":
        del sys.path[0]
    # What reads a variable while it is imported must read the run's: a run in which one of these differs starts cold.
    read: set[Any] = set()
    plain: Any = kind.__getitem__

    def noting(environment: Any, name: Any) -> Any:
        read.add(name)
        return plain(environment, name)

    setattr(kind, "__getitem__", noting)  # noqa: B010 - of a class that is not ours
    import importlib
    import json
    import runpy
    import socket
    import struct

    line = socket.socket(fileno=0)
    for name in imports:
        importlib.import_module(name)
    package, _, last = imports[-1].rpartition(".")
    del sys.modules[imports[-1]]
    if package and hasattr(sys.modules[package], last):
        delattr(sys.modules[package], last)
    setattr(kind, "__getitem__", plain)  # noqa: B010 - as above
    line.sendall(b"r")

    def receive(count: int) -> bytes:
        content = b""
        while len(content) < count:
            piece = line.recv(count - len(content))
            if not piece:
                os._exit(0)
            content += piece
        return content

    document: dict[str, Any] = json.loads(receive(struct.unpack("=I", receive(4))[0]))
    environment: dict[str, str] = document["environment"]
    argv: list[str] = document["argv"]
    # The interpreter sets it where no locale is told (PEP 538), and would for this run.
    if "LC_CTYPE" in os.environ and not {"LC_ALL", "LC_CTYPE", "LANG"} & set(environment):
        environment["LC_CTYPE"] = os.environ["LC_CTYPE"]
    # Also what libraries and the interpreter read by themselves at their start.
    at_start = (
        "PYTHON", "LD_", "LC_", "LANG", "MALLOC_", "GLIBC_", "TZ", "OPENSSL_", "SSL_", "FSSPEC_", "OMP_", "OPENBLAS_",
        "MKL_", "ARROW_", "RUST_",
    )  # fmt: skip
    for name in {*environment, *os.environ} | read:
        differs = environment.get(name) != os.environ.get(name) and name != "HOME"
        if differs and (name in read or str(name).startswith(at_start)):
            os._exit(0)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(document["cwd"])
    sys.path.insert(0, document["cwd"])
    sys.argv = ["-m", *argv[4:]]
    sys.orig_argv = list(argv)
    module = argv[3]
    run: Any = getattr(runpy, "_run_module_as_main")  # noqa: B009 - what `-m` itself calls
    nothing = os.open(os.devnull, os.O_RDONLY)
    line.sendall(b"+")
    line.close()
    if nothing != 0:
        os.dup2(nothing, 0)
        os.close(nothing)
    os.set_inheritable(0, True)
    own = sys.modules["__main__"].__dict__
    del own["stand_by"], own["__doc__"], own, environment, document
    try:
        run(module)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - whatever the job raises is shown as the interpreter shows it
        trace = error.__traceback__
        shown = error.with_traceback(trace.tb_next if trace is not None else None)
        sys.excepthook(type(shown), shown, shown.__traceback__)
        raise SystemExit(1) from None


if __name__ == "__main__":
    stand_by()
