"""The program of an interpreter that stands by (see standing.py): run as `python -u -c THIS_TEXT MODULE...`.

The interpreter of the job's environment runs it, any from 3.11 on; it imports nothing of the platform. The modules are
imported, those with a `?` if they are there; the last one is then forgotten, because it will be run as the main module.
So is what dlt itself does before it comes to the job and what depends on the environment only: it finds its plugins.
The line in the place of standard input tells what to run. What does not fit ends it: nothing of the job has happened
then, and the run starts cold.
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
    import contextlib
    import gc
    import importlib
    import importlib.metadata
    import json
    import runpy
    import socket
    import struct

    line = socket.socket(fileno=0)
    # What modules load stays: to look through it for garbage takes a sixth of their time, and finds none.
    gc.disable()
    for name in imports:
        with contextlib.suppress(*([ImportError] if name.endswith("?") else [])):
            importlib.import_module(name.rstrip("?"))
    # Another package's plugin might look around at its import: then it is for the run to import it.
    if {found.value.partition(".")[0] for found in importlib.metadata.entry_points(group="dlt")} == {"dlt"}:
        with contextlib.suppress(ImportError, AttributeError):
            importlib.import_module("dlt.common.configuration.plugins").manager()
    package, _, last = imports[-1].rpartition(".")
    del sys.modules[imports[-1]]
    if package and hasattr(sys.modules[package], last):
        delattr(sys.modules[package], last)
    setattr(kind, "__getitem__", plain)  # noqa: B010 - as above
    # Nor is it looked at later: neither whenever the job's own garbage is collected, nor, for a tenth of a second
    # of a processor, when its process ends.
    gc.freeze()
    gc.enable()
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
    # The job's own folder comes first: a module of it that is called like one that is loaded would have been taken.
    for found in os.scandir():
        stem, _, kind_of_file = found.name.partition(".")
        is_distribution = kind_of_file.endswith(("dist-info", "egg-info"))
        is_module = stem in sys.modules and (kind_of_file or os.path.exists(os.path.join(stem, "__init__.py")))
        if is_distribution or (is_module and stem != "__main__"):
            os._exit(0)
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
