"""Every example, and every case of a module, has a golden Spec; ``pytest --update-golden`` writes it anew."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.functional.commandline import Kusion
from tests.functional.stored_stacks import EXAMPLES, GOLDENS, ROOT, STACKS, StoredStack


@pytest.fixture(autouse=True)
def _at_the_root(kusion: Kusion, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands name the repository's files as from its root."""
    monkeypatch.chdir(ROOT)


def workspace_of(kusion: Kusion, stack: StoredStack) -> list[str]:
    """Make the workspace of a stack; gives what a command line must say about it."""
    if stack.workspace_file is None:
        return []
    kusion.done("workspace", "create", stack.workspace, "-f", str(stack.workspace_file))
    return [] if stack.names_its_workspace else ["--workspace", stack.workspace]


@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_a_stack_generates_its_golden_spec(kusion: Kusion, stack: StoredStack, request: pytest.FixtureRequest) -> None:
    given = workspace_of(kusion, stack)
    printed = kusion.done("generate", "-w", str(stack.directory.relative_to(ROOT)), *given).out
    if request.config.getoption("--update-golden"):
        GOLDENS.mkdir(exist_ok=True)
        stack.golden.write_text(printed, encoding="utf-8")
    assert stack.golden.is_file(), "there is no golden Spec: look at `kusion generate`, then pytest --update-golden"
    assert printed == stack.golden.read_text(encoding="utf-8")


def test_every_golden_spec_has_its_stack() -> None:
    assert sorted(GOLDENS.glob("*.yaml")) == sorted(stack.golden for stack in STACKS)


def test_every_workspace_is_the_one_of_a_stack() -> None:
    files = {file for stack in STACKS for file in stack.directory.parents[1].glob("workspaces/*.yaml")}
    assert files == {stack.workspace_file for stack in STACKS} - {None}


DEVELOPMENT = [stack for stack in STACKS if stack.directory.name == "dev" and not stack.workspace]


@pytest.mark.parametrize("stack", DEVELOPMENT, ids=str)
def test_a_dev_stack_can_be_applied_as_it_is(kusion: Kusion, stack: StoredStack) -> None:
    directory = str(stack.directory)
    kusion.done("apply", "-w", directory, "--yes")
    assert kusion.done("apply", "-w", directory, "--yes").out.endswith("Nothing to do; no release was made.\n")
    kusion.done("destroy", "-w", directory, "--yes")
    assert not any(kusion.engine.live.values())


def test_generating_does_not_depend_on_the_directory_it_is_done_in(
    kusion: Kusion, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = EXAMPLES / "quickstart" / "dev"
    digests = set()
    for directory in (ROOT, ROOT / "stacks", kusion.root):
        monkeypatch.chdir(directory)
        digests.add(kusion.done("generate", "-w", str(stack), "--digest").out)
    assert len(digests) == 1


@pytest.mark.parametrize(
    "project", sorted(file.parent for file in EXAMPLES.rglob("project.yaml")), ids=lambda it: it.name
)
def test_what_the_readme_of_an_example_says_can_be_done(kusion: Kusion, project: Path) -> None:
    commands = re.findall(r"^\$ kusion (.*)$", (project / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert commands
    for command in commands:
        kusion.done(*shlex.split(command))
