"""The stacks whose Specs are stored: the examples under ``stacks/``, and the cases of the modules under ``cases/``.

A stack that names a workspace lives in that of the file ``workspaces/<name>.yaml`` beside its project; every other one
in the built-in workspace, which says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kusion_dsl.discovery.projects import find_stack

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "stacks"
CASES = Path(__file__).with_name("cases")
GOLDENS = Path(__file__).with_name("goldens")

_ALSO_IN = {EXAMPLES / "monitoring" / "dev": "prometheus", EXAMPLES / "ops_rules" / "dev": "collaset"}
"""Examples whose Specs are stored once more, as they are in a workspace that they do not name."""


@dataclass(frozen=True)
class StoredStack:
    """A stack as it lies in the repository, and the workspace that it is generated in; empty for the built-in one."""

    directory: Path
    workspace: str
    names_its_workspace: bool = True

    @property
    def workspace_file(self) -> Path | None:
        """What its workspace says."""
        return self.directory.parents[1] / "workspaces" / f"{self.workspace}.yaml" if self.workspace else None

    @property
    def workspace_text(self) -> str:
        """The text of that."""
        return self.workspace_file.read_text(encoding="utf-8") if self.workspace_file else ""

    @property
    def golden(self) -> Path:
        """Where its Spec is stored."""
        return GOLDENS / f"{self}.yaml"

    def __str__(self) -> str:
        parts = [self.directory.parent.name, self.directory.name]
        return "-".join(parts if self.names_its_workspace else [*parts, self.workspace])


def _stacks_below(directory: Path) -> Iterator[StoredStack]:
    for place in sorted(file.parent for file in directory.rglob("stack.yaml")):
        yield StoredStack(place, find_stack(place).stack.workspace)
        if place in _ALSO_IN:
            yield StoredStack(place, _ALSO_IN[place], names_its_workspace=False)


STACKS = (*_stacks_below(EXAMPLES), *_stacks_below(CASES))
"""All of them."""
