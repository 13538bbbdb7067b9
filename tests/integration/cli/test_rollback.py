"""Going back with the real Pulumi: files and Spec are what they were, from the backend alone."""

from __future__ import annotations

import random
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.machine import Machine

SHOP = "shop/dev"
PASSPHRASE = "carried over by hand"
NAMED = ("--project", "shop", "--stack", "dev", "--workspace", "default")
SERVICES = """
from kusion_dsl import AppConfiguration
from kusion_network import Network, Port
from kusion_postgres import Postgres
from kusion_service import Container, FileSpec, Service


class Chain(AppConfiguration):
    %s
"""


def live(machine: Machine, stack: str) -> Mapping[str, str]:
    """The manifests and Secrets of a stack by their names."""
    places = (machine.target(stack), machine.secrets(stack))
    return {path.name: path.read_text(encoding="utf-8") for place in places for path in place.glob("*.yaml")}


def without_passwords(files: Mapping[str, str]) -> Mapping[str, str]:
    """Files without the values of Secrets: a password that was removed comes back as another one."""
    return {
        name: "\n".join(line for line in text.splitlines() if not line.startswith("  ")) if "secret_" in name else text
        for name, text in files.items()
    }


def test_an_accessory_that_was_removed_comes_back_with_a_new_password(machine: Machine) -> None:
    machine.apply(SHOP)
    before, first = live(machine, SHOP), machine.release(SHOP)
    source = (machine.stacks / "shop/base.py").read_text(encoding="utf-8")
    changed = "\n".join(line for line in source.splitlines() if "atalogue" not in line)
    (machine.stacks / "shop/base.py").write_text(changed + "\n", encoding="utf-8")
    machine.apply(SHOP)
    assert len(live(machine, SHOP)) < len(before)
    shutil.rmtree(machine.stacks / "shop/dev")

    done = machine.kusion("rollback", *NAMED, "-w", str(machine.stacks / "shop"), "--yes")

    assert done.out.startswith("Back to release 1 (")
    assert "its password will be a new one" in done.out and "it comes back empty, its data does not" in done.out
    assert without_passwords(live(machine, SHOP)) == without_passwords(before)
    shown = machine.kusion("release", "show", *NAMED, "-o", "json").document
    assert (shown["kind"], shown["restores"], shown["phase"]) == ("rollback", 1, "succeeded")
    assert (shown["spec"], shown["modules"]) == (first["spec"], first["modules"])


def test_another_machine_has_only_the_backend(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> None:
    machine.environment["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE
    target = machine.root / "manifests"
    machine.apply(SHOP, "--target-dir", str(target))
    before = {path.name: path.read_text(encoding="utf-8") for path in target.iterdir()}
    machine.edit("shop/dev/app.py", "replicas=1", "replicas=3")
    machine.apply(SHOP, "--target-dir", str(target))
    other = Machine(machine.pulumi, tmp_path_factory.mktemp("other"), {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE})
    shutil.rmtree(other.stacks)

    other.kusion("rollback", *NAMED, "--backend", f"file://{machine.backend}", "--yes")

    assert {path.name: path.read_text(encoding="utf-8") for path in target.iterdir()} == before
    del other.environment["PULUMI_CONFIG_PASSPHRASE"]
    refused = other.kusion("rollback", "2", *NAMED, "--backend", f"file://{machine.backend}", "--yes", code=1)
    assert "passphrase" in refused.err


VARIANTS = (
    'workload = Service(containers={"web": Container(image="web:1")})',
    'workload = Service(containers={"web": Container(image="web:2")}, replicas=3)',
    'workload = Service(containers={"web": Container(image="web:1", files={"/a": FileSpec(content="b")})})\n'
    "    ingress = Network(ports=[Port(port=80, target_port=8080)])",
    'workload = Service(containers={"web": Container(image="web:2")})\n    database = Postgres(version="16")',
    'workload = Service(containers={"web": Container(image="web:1", env={"A": "b"})}, replicas=2)\n'
    '    database = Postgres(version="17")\n    ingress = Network(ports=[Port(port=81)])',
)
"""Apps that differ in fields, in accessories, and in the number of their resources."""


@pytest.mark.parametrize("seed", [1, 2])
def test_a_chain_of_releases(machine: Machine, seed: int) -> None:
    choose = random.Random(seed)
    stack = "chain/dev"
    machine.write({"chain/project.yaml": "name: chain\n", "chain/dev/stack.yaml": "name: dev\n"})
    after: dict[int, tuple[Mapping[str, str], Any]] = {}
    for number, variant in enumerate(choose.sample(range(len(VARIANTS)), 4), 1):
        machine.write({"chain/dev/app.py": SERVICES % VARIANTS[variant]})
        machine.apply(stack)
        after[number] = without_passwords(live(machine, stack)), machine.release(stack)["spec"]
    for number in choose.sample(sorted(after), 3):
        drift(machine, stack, choose)
        machine.kusion("rollback", str(number), "--yes", "-w", machine.directory(stack))
        assert (without_passwords(live(machine, stack)), machine.release(stack)["spec"]) == after[number]
    assert "as release" in machine.kusion("drift", "-w", machine.directory(stack)).out


def drift(machine: Machine, stack: str, choose: random.Random) -> None:
    """Play somebody who edits or removes a file."""
    file: Path = choose.choice(sorted(machine.target(stack).glob("*.yaml")))
    if choose.random() < 0.5:
        file.unlink()
    else:
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("metadata:\n", "metadata:\n  annotations: {by: hand}\n", 1), encoding="utf-8")


def test_an_interrupted_rollback_is_gone_on_with(machine: Machine) -> None:
    """A Pulumi that ends at once in the middle leaves a failed release; what the next one does is the same."""
    machine.apply(SHOP)
    before = live(machine, SHOP)
    machine.edit("shop/dev/app.py", "replicas=1", "replicas=3")
    machine.apply(SHOP)
    blocked = machine.target(SHOP)
    blocked.rename(blocked.with_suffix(".away"))
    blocked.write_text("a file in place of the directory", encoding="utf-8")
    machine.kusion("rollback", "--yes", "--no-live", "-w", machine.directory(SHOP), code=1)
    newest = machine.release(SHOP)
    assert (newest["kind"], newest["phase"]) == ("rollback", "failed")
    blocked.unlink()
    blocked.with_suffix(".away").rename(blocked)

    machine.kusion("rollback", "--yes", "-w", machine.directory(SHOP))

    assert live(machine, SHOP) == before
    assert (machine.release(SHOP)["restores"], machine.release(SHOP)["revision"]) == (1, newest["revision"] + 1)
