"""The same stack has the same Spec under every Python that we support and that is at hand."""

from __future__ import annotations

import pytest

from tests.integration.determinism.pythons import SUPPORTED, environment_for, find_python
from tests.integration.determinism.stacks import ROOT, STACKS, Machine


@pytest.mark.parametrize("version", SUPPORTED)
def test_every_stack_has_the_same_digest_under_another_python(version: str, machine: Machine) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"Python {version} is not on this machine")  # -ra lists it
    other = environment_for(version, python)
    for stack in STACKS:
        here = machine.generate(stack.directory, {}, "--digest")
        assert machine.under(other).generate(stack.directory, {}, "--digest") == here, str(stack)


def test_the_supported_pythons_are_those_that_the_distribution_declares() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert [version for version in SUPPORTED if f"Programming Language :: Python :: {version}" in text] == list(
        SUPPORTED
    )
    assert f'requires-python = ">={SUPPORTED[0]}"' in text
