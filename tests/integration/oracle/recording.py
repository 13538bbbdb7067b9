"""Journals of real runs of the CLI: every kind of step, each on the state that the run before it left.

``python -m tests.integration.oracle`` makes them anew, below tests/data/journals.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation as auto

from kusion_dsl.engine.command import Command, engine_environment
from kusion_dsl.engine.provider import attached
from kusion_dsl.engine.workspace import Stack, keep_no_logs, stack_in
from kusion_dsl.errors import EngineError
from kusion_dsl.model.identity import StackRef
from tests.integration.oracle.registrar import Program, inline
from tests.integration.oracle.replayer import Replayer
from tests.integration.oracle.service import Service, served
from tests.integration.oracle.things import TYPE, Things

_REF = StackRef("journals", "prod", "dev")
_PRIVATE = ("sourcePosition", "stackTrace")
"""Keys of a resource with paths of this machine."""

Act = Callable[[Stack], object]


def urn(name: str) -> str:
    return f"urn:pulumi:{_REF.stack}.{_REF.workspace}::{_REF.project}::{TYPE}::{name}"


@dataclass
class Recorder:
    """A stack, its things, and the journals of its runs so far."""

    pulumi: Path
    root: Path
    replayer: Replayer
    url: str
    service: Service
    things: Things = field(default_factory=Things)
    journals: list[dict[str, Any]] = field(default_factory=list)
    pid: int = 0

    def run(self, name: str, act: Act, program: Program | None = None, fails: bool = False) -> None:
        """Run the CLI once and keep its journal; ``fails`` is whether it is to fail."""
        base = self.service.export["deployment"]
        failure = pytest.raises(auto.CommandError) if fails else nullcontext()
        with attached({"things": self.things}) as providers, failure:
            stack = stack_in(self.root, _REF, self._command(providers), program and inline(program))
            if not self.service.exists:
                stack.workspace.create_stack(stack.name)
            self.service.entries.clear()
            act(stack)
        entries = [_public(each) for each in self.service.entries]
        assert entries, f"nothing was recorded of {name}"
        self.journals.append({"name": name, "base": base, "entries": entries})
        last = self.replayer.prefixes(base, sorted(entries, key=lambda each: int(each["sequenceID"])))[-1]
        assert "error" not in last, last
        self.serve(last["deployment"], last.get("features", ()))

    def serve(self, deployment: dict[str, Any], features: tuple[str, ...] = ()) -> None:
        """What the next run begins with."""
        deployment["manifest"] = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}
        self.service.export = {"version": 4 if features else 3, "features": features, "deployment": deployment}

    def up(self, name: str, program: Program, fails: bool = False, **options: Any) -> None:
        """An ``up``; what fails does not stop what does not depend on it."""
        options = {"continue_on_error": True, "parallel": 16, **options}
        self.run(name, lambda stack: stack.up(color="never", **options), program, fails)

    def killed(self, name: str, call: str, program: Program, **options: Any) -> None:
        """An ``up`` whose CLI is killed while the provider is at the first such call, which then gets no further."""
        killing = threading.Event()
        lock = threading.Lock()

        def called(current: str) -> None:
            if current.startswith(call):
                time.sleep(0.3)  # others begin, and what was acknowledged arrives
                with lock:
                    if not killing.is_set():
                        os.killpg(self.pid, signal.SIGKILL)
                        killing.set()
            if killing.is_set():
                raise EngineError("the one who asked is gone")

        self.things.called = called
        self.up(name, program, fails=True, **options)
        self.things.called = lambda current: None
        assert killing.is_set()

    def _command(self, providers: str) -> Command:
        home = self.root / "home"
        environment = {
            **engine_environment(self.url, self.root / "passphrase", home),
            "PULUMI_ACCESS_TOKEN": "token",
            "PULUMI_DEBUG_PROVIDERS": providers,
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        keep_no_logs(home / "pulumi")

        def started(pid: int) -> None:
            self.pid = pid

        return Command(self.pulumi, environment, started)


def _public(entry: dict[str, Any]) -> dict[str, Any]:
    """Without what is different on every machine and tells nothing."""
    for state in (entry.get("state"), (entry.get("operation") or {}).get("resource")):
        for key in _PRIVATE:
            (state or {}).pop(key, None)
    return entry


@contextmanager
def recorder(pulumi: Path, root: Path, replayer: Replayer) -> Iterator[Recorder]:
    """A new stack in ``root``, an empty directory."""
    (root / "passphrase").write_text("a passphrase for tests", encoding="utf-8")
    service = Service()
    with served(service) as url:
        yield Recorder(pulumi, root, replayer, url, service)
