"""Every stack under ``stacks/`` has a golden Spec; ``pytest --update-golden`` writes it anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.commandline import Kusion

ROOT = Path(__file__).parents[2]
GOLDENS = Path(__file__).with_name("goldens")
STACKS = sorted(path.parent for path in (ROOT / "stacks").rglob("stack.yaml"))


def golden(stack: Path) -> Path:
    """Where the golden Spec of a stack lies: ``goldens/<project>-<stack>.yaml``."""
    return GOLDENS / f"{stack.parent.name}-{stack.name}.yaml"


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: f"{stack.parent.name}-{stack.name}")
def test_a_stack_generates_its_golden_spec(
    kusion: Kusion, stack: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    printed = kusion.done("generate", "-w", str(stack.relative_to(ROOT))).out
    if request.config.getoption("--update-golden"):
        GOLDENS.mkdir(exist_ok=True)
        golden(stack).write_text(printed, encoding="utf-8")
    assert golden(stack).is_file(), "there is no golden Spec: look at `kusion generate`, then pytest --update-golden"
    assert printed == golden(stack).read_text(encoding="utf-8")


def test_every_golden_spec_has_its_stack() -> None:
    assert sorted(GOLDENS.glob("*.yaml")) == sorted(golden(stack) for stack in STACKS)


@pytest.mark.parametrize(
    "stack", [each for each in STACKS if each.name == "dev"], ids=lambda stack: str(stack.parent.name)
)
def test_a_dev_stack_can_be_applied_as_it_is(kusion: Kusion, stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    kusion.done("apply", "-w", str(stack), "--yes")
    assert kusion.done("apply", "-w", str(stack), "--yes").out.endswith("Nothing to do; no release was made.\n")
    kusion.done("destroy", "-w", str(stack), "--yes")
    assert not any(kusion.engine.live.values())


def test_generating_does_not_depend_on_the_directory_it_is_done_in(
    kusion: Kusion, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = set()
    for directory in (ROOT, ROOT / "stacks", kusion.root):
        monkeypatch.chdir(directory)
        digests |= {kusion.done("generate", "-w", str(stack), "--digest").out for stack in STACKS[:1]}
    assert len(digests) == 1
