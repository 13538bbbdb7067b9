"""Resources that exist already and that the workspace imports, as Pulumi imports them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.cli.machine import Machine

STACK = "quickstart/dev"
NAME = "quickstart-dev-quickstart-private"
SERVICE = f"v1:Service:quickstart:{NAME}"


def importing(machine: Machine, id: str) -> None:
    path = machine.root / "workspace.yaml"
    entry = f"importedResources: {{'{SERVICE}': '{id}'}}"
    path.write_text(f"modules:\n  service:\n    configs:\n      default:\n        {entry}\n", encoding="utf-8")
    machine.kusion("workspace", "update", "default", "-f", str(path))


def told(machine: Machine) -> Any:
    [found] = [each for each in machine.preview(STACK)["changes"] if each["id"] == SERVICE]
    return found


@pytest.fixture
def inherited(machine: Machine) -> Machine:
    """A machine on which the stack's Service is there, with another port, and nothing else of the stack."""
    machine.apply(STACK)
    [manifest] = machine.target(STACK).glob("service_*")
    text = manifest.read_text(encoding="utf-8")
    machine.destroy(STACK)
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(text.replace("port: 8080", "port: 8081"), encoding="utf-8")
    return machine


def test_an_imported_resource_is_changed_to_what_it_is_to_be_and_that_is_told_before(inherited: Machine) -> None:
    importing(inherited, f"quickstart/{NAME}")

    found = told(inherited)
    inherited.apply(STACK)
    again = inherited.apply(STACK)
    results = {each["id"]: each["operation"] for each in inherited.release(STACK, "3")["results"]}

    assert found["operation"] == "adopt"
    assert {each["path"] for each in found["fields"]} == {"spec.ports[8080]", "spec.ports[8081]"}
    assert results[SERVICE] == "adopt"
    assert "No changes" in again.out
    [manifest] = inherited.target(STACK).glob("service_*")
    assert "port: 8080" in manifest.read_text(encoding="utf-8")


def test_an_imported_resource_that_is_as_it_is_to_be_is_taken_over_without_a_change(inherited: Machine) -> None:
    importing(inherited, f"quickstart/{NAME}")
    [manifest] = inherited.target(STACK).glob("service_*")
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("port: 8081", "port: 8080"), encoding="utf-8")

    found = told(inherited)
    applied = inherited.apply(STACK)

    assert (found["operation"], found["fields"]) == ("adopt", [])
    assert f"adopted {SERVICE}" in applied.err


def test_what_is_imported_and_is_not_there_is_an_error_that_says_what_to_do(machine: Machine) -> None:
    importing(machine, "quickstart/nothing")

    refused = machine.apply(STACK, code=1)

    assert "resource 'quickstart/nothing' does not exist" in refused.err
    assert "the workspace's importedResources say that it does" in refused.err
