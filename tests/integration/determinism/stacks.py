"""The stacks that are compiled again and again, and how."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class StackSource:
    """A stack in this repository."""

    project: Path
    directory: Path

    def __str__(self) -> str:
        return f"{self.project.name}/{self.directory.name}"


def _stacks() -> list[StackSource]:
    files = sorted([*ROOT.glob("stacks/*/*/stack.yaml"), *Path(__file__).parent.glob("*/*/stack.yaml")])
    return [StackSource(file.parents[1], file.parent) for file in files]


STACKS = _stacks()
"""Every stack under ``stacks/``, and the one beside this file that uses sets, options and comprehensions."""


_WORKSPACE = """\
secretStore: {provider: {env: {}}}
context: {AWS_REGION: us-east-1}
modules:
  mysql: {configs: {default: {cloud: aws, instanceType: db.t3.micro}}}
  service: {configs: {default: {labels: {zone: a, team: web}}, some: {projectSelector: [s*], annotations: {note: "1"}}}}
"""


@dataclass(frozen=True)
class Machine:
    """A Python, and a KUSION_HOME with a workspace that decides whatever a stack needs, and more."""

    python: str
    home: Path

    def generate(self, stack: Path, environment: Mapping[str, str], *arguments: str) -> bytes:
        """What ``kusion generate`` prints, with variables beside the usual ones."""
        return self._run(environment, "generate", "-w", str(stack), "--workspace", "all", *arguments)

    def prepare(self) -> Machine:
        """Make the workspace."""
        file = self.home / "all.yaml"
        file.write_text(_WORKSPACE, encoding="utf-8")
        self._run({}, "workspace", "create", "all", "-f", str(file))
        return self

    def under(self, python: str | Path) -> Machine:
        """The same with another Python."""
        return replace(self, python=str(python))

    def _run(self, environment: Mapping[str, str], *arguments: str) -> bytes:
        done = subprocess.run(
            [self.python, "-m", "kusion_dsl", *arguments],
            env={**os.environ, "KUSION_HOME": str(self.home), **environment},
            cwd=self.home,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout
