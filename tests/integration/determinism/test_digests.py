"""The same stack has the same Spec whatever Python, the process and the machine are like."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.integration.determinism.stacks import STACKS, Machine, StackSource

VARIANTS = {
    "hash seed 0": {"PYTHONHASHSEED": "0"},
    "hash seed 4242": {"PYTHONHASHSEED": "4242"},
    "LANG=C": {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "UTF-8 locale": {"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"},
    "far east": {"TZ": "Pacific/Kiritimati"},
    "far west": {"TZ": "America/Adak"},
}


@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_a_stack_has_one_digest_in_every_environment(stack: StackSource, machine: Machine) -> None:
    results = {name: machine.generate(stack.directory, variant, "--digest") for name, variant in VARIANTS.items()}
    assert len(set(results.values())) == 1, results


@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_a_stack_is_printed_as_the_same_bytes_in_every_environment(stack: StackSource, machine: Machine) -> None:
    results = {name: machine.generate(stack.directory, variant, "-o", "yaml") for name, variant in VARIANTS.items()}
    assert len(set(results.values())) == 1, {name: hash(result) for name, result in results.items()}


@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_a_stack_has_one_digest_in_every_directory(stack: StackSource, machine: Machine, tmp_path: Path) -> None:
    results = set()
    for directory in (tmp_path / "a", tmp_path / "Another directory.d" / "größer"):
        shutil.copytree(stack.project, directory)
        results.add(machine.generate(directory / stack.directory.name, {}, "--digest"))
    results.add(machine.generate(stack.directory, {}, "--digest"))
    assert len(results) == 1


def test_another_value_of_an_option_is_another_digest(machine: Machine) -> None:
    sets = next(stack for stack in STACKS if str(stack) == "sets/dev")
    digests = {
        machine.generate(sets.directory, {}, "--digest", *arguments)
        for arguments in ([], ["-D", "tag=1.0.0"], ["-D", "tag=1.0.1"], ["-D", "replicas=3"])
    }
    assert len(digests) == 3
