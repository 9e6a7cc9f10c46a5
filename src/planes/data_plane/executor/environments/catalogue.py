"""Where the environments of one workspace lie, and the step that builds a missing one."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from planes.data_plane.executor.environments import builder, interpreters, reach
from planes.data_plane.executor.environments.specification import EnvironmentSpecification

# Borders: 6. With an emptied environment `uv` finds no certificates and no proxy. What opens an index for writing is
# no business of a build, which runs code of packages (Security: 6).
_PASSED_ON = re.compile(
    r"UV_(?!PUBLISH_)[A-Z0-9_]+|SSL_CERT_FILE|SSL_CERT_DIR|(?:[A-Z]+_PROXY|[a-z]+_proxy)|PATH", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuilderOptions:
    """What the builder is told about package indexes.

    `environment` may hold anything: only the names of Borders 6 are passed on; its `PATH` says where else interpreters
    lie. With `source_builds` packages that have no wheel are built. `tool_copies` is for copies of the builder and of
    `uv` where the installed ones lie in a closed folder.
    """

    index_url: str | None = None
    system_certs: bool = False
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    tool_copies: Path | None = None
    source_builds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildStep:
    """The command that builds an environment; `environment` is the whole of its process environment.

    It changes what is in `writes`, reads what is in `reads` and runs `programs`, besides those of the system.
    """

    argv: list[str]
    cwd: Path
    environment: dict[str, str]
    reads: list[Path]
    programs: list[Path]
    writes: list[Path]
    temporary: Path


class EnvironmentCatalogue:
    """The environments under one workspace's folder, beside the `uv` cache that only this workspace uses.

    `folder` exists and is reachable for `uid`; None for both ids means the platform's own user.
    """

    def __init__(self, folder: Path, options: BuilderOptions, uid: int | None, gid: int | None) -> None:
        self._environments = folder / "environments"
        self._cache = folder / "uv-cache"
        self._temporary = folder / "build-tmp"
        self._options = options
        self._uid = uid
        self._gid = gid

    def python(self, specification: EnvironmentSpecification) -> Path:
        """The interpreter of the environment, there or not."""
        return self._environments / specification.key / "bin" / "python"

    def is_ready(self, specification: EnvironmentSpecification) -> bool:
        """Whether the environment can be used as it is. A few system calls."""
        return builder.is_ready(self._environments / specification.key)

    def reads_of(self, specification: EnvironmentSpecification) -> list[Path]:
        """What a job in this environment reads of it, and of the interpreters that the platform is told of."""
        managed = self._process_environment().get("UV_PYTHON_INSTALL_DIR")
        return [self.python(specification).parent.parent, *([Path(os.path.realpath(managed))] if managed else [])]

    def programs_of(self, specification: EnvironmentSpecification) -> list[Path]:
        """What a job runs of the interpreter below its environment, built or not. Blocking.

        Where that lies is said by a link that builds may change.
        """
        python = self.python(specification)
        if python.exists():
            return interpreters.parts_of(python)
        return interpreters.found_on(self._process_environment()["PATH"])

    def prepare_build(self, specification: EnvironmentSpecification) -> BuildStep:
        """Writes the specification down and answers with the command that builds it. May run twice.

        Raises: Unreachable when the job's uid cannot run the builder.
        """
        tools = reach.find_tools(self._uid, self._gid, self._options.tool_copies)
        python = reach.builder_python(self._uid, self._gid)
        for folder in (self._environments, self._cache, self._temporary):
            folder.mkdir(mode=0o700, exist_ok=True)
            if self._uid is not None and self._gid is not None:
                os.chown(folder, self._uid, self._gid)
        written = self._write(specification, tools)
        if self._uid is not None and self._gid is not None:
            problem = reach.obstacle(written, self._uid, self._gid)
            if problem is not None:
                raise reach.Unreachable(f"The job's user cannot reach its environments: {problem}.")
        # By its file, not as a module: another interpreter than the platform's may have to run it.
        argv = [python, "-I", str(tools.builder), str(written)]
        environment = self._process_environment()
        return BuildStep(
            argv=argv,
            cwd=self._environments,
            environment=environment,
            reads=[
                Path(os.path.realpath(path)) for path in (tools.builder, tools.uv, *interpreters.named_in(environment))
            ],
            programs=[*interpreters.parts_of(Path(python)), *interpreters.found_on(environment["PATH"])],
            writes=[self._environments, self._cache],
            temporary=self._temporary,
        )

    def _write(self, specification: EnvironmentSpecification, tools: reach.Tools) -> Path:
        content = {
            "folder": str(self._environments),
            "key": specification.key,
            "uv": str(tools.uv),
            "cache": str(self._cache),
            "python_version": specification.python_version,
            "requirements": sorted(set(specification.requirements)),
            "wishes": sorted(set(specification.wishes), reverse=True),
            "includes_dlthub": specification.includes_dlthub,
            "source_builds": self._options.source_builds,
        }
        place = self._environments / f"{specification.key}.json"
        descriptor, name = tempfile.mkstemp(dir=self._environments, prefix=".", suffix=".json")
        beside = Path(name)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file)
            if self._uid is not None and self._gid is not None:
                # By descriptor: the folder belongs to the job's uid, which may exchange what a name stands for.
                os.fchown(file.fileno(), self._uid, self._gid)
        beside.replace(place)
        return place

    def _process_environment(self) -> dict[str, str]:
        passed = {name: value for name, value in self._options.environment.items() if _PASSED_ON.fullmatch(name)}
        searched = [*reach.interpreter_folders(), *filter(None, passed.pop("PATH", "").split(os.pathsep))]
        answer = {
            **passed,
            "PATH": os.pathsep.join(dict.fromkeys(searched)),
            "HOME": str(self._cache),
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "UV_CACHE_DIR": str(self._cache),
            # A hard link would let a job that changes its environment change the cache too (Security: 6).
            "UV_LINK_MODE": "copy",
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_PROGRESS": "1",
        }
        if self._options.index_url is not None:
            answer["UV_DEFAULT_INDEX"] = self._options.index_url
        if self._options.system_certs:
            answer["UV_SYSTEM_CERTS"] = "1"
        return answer
