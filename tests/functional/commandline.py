"""``kusion`` as a user runs it: in this process, on a machine of the test's own, with an engine in memory."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.main import run
from kusion_dsl.engine.run import Engine, Outcome, Report, Run
from kusion_dsl.model.identity import Actor, StackRef
from kusion_dsl.operations.host import Host
from kusion_dsl.storage.backend_url import BackendUrl
from kusion_dsl.storage.clock import SystemClock
from kusion_dsl.storage.disk import Disk
from kusion_dsl.storage.file import FileStore
from kusion_dsl.storage.home import Home
from kusion_dsl.storage.store import Store, open_store
from kusion_dsl.testing import FakeEngine

IMPORTS = """\
from kusion_dsl import AppConfiguration, Secret, option, secret_ref
from kusion_network import Network, Port
from kusion_postgres import Postgres
from kusion_service import Container, FileSpec, SecretSpec, Service

"""
"""What every app of a test begins with; what a test writes itself begins on line 6."""

SHOP = """\
class Shop(AppConfiguration):
    workload = Service(containers={"web": Container(image="shop:1")}, replicas=2)
"""
SHOP_WITH_DATABASE = f"{SHOP}    database = Postgres(version='16')\n"

DEPLOYMENT = "apps/v1:Deployment:shop:shop-dev-shop"
NAMESPACE = "v1:Namespace:shop"
DEV = StackRef("shop", "dev", "default")


@dataclass(frozen=True)
class Result:
    """What one command line left: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output read as JSON."""
        return json.loads(self.out)


class Successor(FakeEngine):
    """The engine after a run that died while it created two resources."""

    def apply(self, run: Run, report: Report) -> Outcome:
        """Make live what ``run.spec`` says."""
        return replace(super().apply(run, report), adopted=(NAMESPACE,), forgotten=(DEPLOYMENT,))


class Terminal(io.StringIO):
    """A stream at which somebody sits."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Machine(Host):
    """A host whose disk a test can replace."""

    disk: Disk = field(default_factory=Disk)

    @cached_property
    def store(self) -> Store:
        store = open_store(self.backend_url)
        return (
            FileStore(BackendUrl.parse(self.backend_url).path(Path.cwd()), disk=self.disk)
            if isinstance(store, FileStore)
            else store
        )


@dataclass
class Kusion:
    """The command, on a machine whose files are all below ``root``, which is also the current directory.

    ``get_engine`` is how the machine gets an engine, ``disk`` what it writes to, ``environment`` what it is given, and
    ``process`` the process that it seems to be.
    """

    root: Path
    engine: FakeEngine = field(default_factory=FakeEngine)
    environment: dict[str, str] = field(default_factory=dict)
    disk: Disk = field(default_factory=Disk)
    get_engine: Callable[[], Engine] | None = None
    process: int = field(default_factory=os.getpid)

    @property
    def home(self) -> Path:
        """KUSION_HOME."""
        return self.root / "home"

    @property
    def live(self) -> dict[str, Mapping[str, Any]]:
        """The objects on the target of the stack ``dev``."""
        return self.engine.live["manifests:.manifests/default/dev"]

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, by their paths below ``root``."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def stack(self, app: str = SHOP, *, name: str = "dev", project: str = "shop", directory: str = "") -> None:
        """Write a stack, or write it anew: its project in ``directory``, its ``app.py`` after IMPORTS."""
        place = f"{directory}/" if directory else ""
        self.write(
            {
                f"{place}project.yaml": f"name: {project}\n",
                f"{place}{name}/stack.yaml": f"name: {name}\n",
                f"{place}{name}/app.py": IMPORTS + lines(app),
            }
        )

    def __call__(self, *arguments: str, answer: str | None = None) -> Result:
        """Run one command line; with an ``answer`` somebody sits at the terminal, and types that."""
        kind = Terminal if answer is not None else io.StringIO
        out, err, typed = kind(), io.StringIO(), kind(answer or "")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _stdin(typed):
            code = run(arguments, Invocation(self.environment, self.host))
        assert "a defect of kusion-dsl" not in err.getvalue(), err.getvalue()
        assert "Traceback" not in err.getvalue(), err.getvalue()
        return Result(code, out.getvalue(), err.getvalue())

    def host(self, environment: Mapping[str, str], backend: str) -> Host:
        """The machine, with ``backend`` as the URL of its backend where one is given."""
        actor = Actor("ada", "workstation", self.process)
        engine = self.get_engine or (lambda: self.engine)
        home = Home(self.home, self.disk)
        return Machine(home, environment, actor, SystemClock(), engine, backend, disk=self.disk)

    def done(self, *arguments: str, answer: str | None = None) -> Result:
        """Run what must succeed."""
        result = self(*arguments, answer=answer)
        assert result.code == 0, result
        return result

    def generate(self, *arguments: str) -> Mapping[str, Any]:
        """The resources of the Spec of the stack ``dev``, by their ids."""
        spec = self.done("generate", "-w", "dev", "-o", "json", *arguments).document
        return {each["id"]: each for each in spec["resources"]}

    def unchanged(self, *arguments: str, answer: str | None = None) -> Result:
        """Run what must end with exit code 1, and change nothing anywhere."""
        before = self.snapshot()
        result = self(*arguments, answer=answer)
        assert result.code == 1, result
        assert self.snapshot() == before
        return result

    def refused(self, *arguments: str) -> str:
        """Run what must be refused before anything is begun: nothing is changed or printed but an error, which it is."""
        result = self.unchanged(*arguments)
        assert result.out == ""
        return result.err

    def snapshot(self) -> Mapping[str, object]:
        """Everything that a run could change: files with modes and contents, what is live, and the engine's state.

        Not the cache, which it may make and remove at any time, nor the directory above it.
        """
        files: dict[str, object] = {
            str(path.relative_to(self.root)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else None)
            for path in sorted(self.root.rglob("*"))
            if path != self.home and not path.is_relative_to(self.home / "cache")
        }
        return {**files, "live": copy.deepcopy(self.engine.live), "state": copy.deepcopy(self.engine.state)}


def lines(text: str) -> str:
    """A text that stands indented in a test."""
    return textwrap.dedent(text).lstrip("\n")


@contextlib.contextmanager
def _stdin(stream: io.StringIO) -> Iterator[None]:
    real = sys.stdin
    sys.stdin = stream
    try:
        yield
    finally:
        sys.stdin = real
