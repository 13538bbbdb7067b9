"""Two stacks of a project on one target share its Namespace."""

from __future__ import annotations

import pytest

from tests.integration.cli.machine import Machine

DEV, PROD = "quickstart/dev", "quickstart/prod"
NAMESPACE = "v1:Namespace:quickstart"
SHARED = "context:\n  target: {kind: manifests, directory: manifests}\n"


@pytest.mark.parametrize("chosen", ["by the workspace", "by --target-dir"])
def test_namespace_stays_until_the_last_stack_goes(machine: Machine, chosen: str) -> None:
    directory = machine.stacks / "quickstart" / "manifests"
    options: tuple[str, ...] = ("--target-dir", str(directory))
    if chosen == "by the workspace":
        machine.write({"workspace.yaml": SHARED})
        machine.kusion("workspace", "create", "shared", "-f", str(machine.stacks / "workspace.yaml"))
        options = ("--workspace", "shared")
    machine.apply(DEV, *options)
    machine.apply(PROD, *options)
    namespace = directory / "namespace_core_v1__quickstart.yaml"
    before = namespace.stat()

    destroyed = machine.destroy(DEV, *options)

    assert f"{NAMESPACE}  shared with another stack on this target: left alone" in destroyed.out
    assert "2 to delete, 1 unchanged." in destroyed.out
    assert (namespace.stat().st_ino, namespace.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not list(directory.glob("*quickstart-dev*")) and len(list(directory.glob("*quickstart-prod*"))) == 2
    assert "No changes" in machine.apply(PROD, *options).out, "prod has everything it had"

    last = machine.destroy(PROD, *options)

    assert "left alone" not in last.out and "3 to delete." in last.out
    assert not directory.exists()


def test_namespace_of_another_target_is_not_shared(machine: Machine) -> None:
    machine.apply(DEV)
    machine.apply(PROD)

    destroyed = machine.destroy(DEV)

    assert "left alone" not in destroyed.out
    assert not machine.target(DEV).exists()
    assert (machine.target(PROD) / "namespace_core_v1__quickstart.yaml").exists()
