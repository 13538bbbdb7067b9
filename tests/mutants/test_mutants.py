"""Each mistake is found by the state machine: a test that cannot fail would be worth nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.hunt import CAUGHT
from tests.mutants.mutations import MUTATIONS, Mutation

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package."""
    copy = tmp_path / "kusion_dsl"
    return shutil.copytree(REPOSITORY / "kusion_dsl", copy, ignore=shutil.ignore_patterns("__pycache__"))


def mutate(package: Path, mutation: Mutation) -> None:
    """Make a mistake."""
    file = package / mutation.file
    text = file.read_text(encoding="utf-8")
    assert text.count(mutation.old) == 1, (
        f"{mutation.file} says this no longer; write the mutation anew: {mutation.old}"
    )
    file.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")


def hunt(package: Path) -> subprocess.CompletedProcess[str]:
    """Run the state machine against a copy of the package."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "tests.mutants.hunt", str(package)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(package.parent), str(REPOSITORY)])},
        cwd=package.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_mistake_nothing_is_found(package: Path) -> None:
    done = hunt(package)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_mistake_is_found(name: str, package: Path) -> None:
    mutate(package, MUTATIONS[name])
    done = hunt(package)
    assert done.returncode == CAUGHT, f"not found, though {MUTATIONS[name].breaks}\n{done.stdout}{done.stderr}"
