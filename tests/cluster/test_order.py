"""What comes first and what goes last: Namespaces, and the definitions of what custom objects are."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.cluster.machine import ClusterMachine

STACK = "quickstart/dev"
OBJECTS = """\
apiVersion: GROUP/v1
kind: Tab
metadata: {name: evening, namespace: NAMESPACE}
spec: {seats: 4}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: tabs.GROUP}
spec:
  group: GROUP
  scope: Namespaced
  names: {kind: Tab, plural: tabs, singular: tab}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""


@pytest.fixture
def group(machine: ClusterMachine) -> str:
    """The API group of a kind that only this machine's stack has: its definition and an object of it."""
    machine.edit(
        "quickstart/base.py",
        "import Network, Port\n",
        "import Network, Port\nfrom kusion_k8s_manifest import K8sManifest\n",
    )
    machine.edit("quickstart/base.py", "    network = ", "    tabs = K8sManifest(paths=['tabs.yaml'])\n    network = ")
    group = f"g{machine.suffix}.example.org"
    text = OBJECTS.replace("GROUP", group).replace("NAMESPACE", f"quickstart-{machine.suffix}")
    machine.write({"quickstart/dev/tabs.yaml": text})
    return group


def before(writes: Sequence[str], first: str, then: str) -> bool:
    return writes.index(first) < writes.index(then)


def test_a_definition_and_an_object_of_it_come_up_in_one_apply_and_go_in_one_destroy(
    machine: ClusterMachine, group: str
) -> None:
    namespace, definition = f"quickstart-{machine.suffix}", f"tabs.{group}"
    ours = [namespace, definition]
    start = machine.mark()

    previewed = {each["id"]: each["operation"] for each in machine.preview(STACK)["changes"]}
    untouched = machine.writes(start, ours)
    machine.apply(STACK)
    made = machine.writes(start, ours)
    since = machine.mark()
    again = machine.apply(STACK)
    nothing = machine.writes(since, ours)
    machine.destroy(STACK)
    gone = [each for each in machine.writes(since, ours) if each.startswith("delete ")]

    assert previewed[f"{group}/v1:Tab:{namespace}:evening"] == "create"
    assert untouched == nothing == [] and "No changes" in again.out
    [namespaced] = [each for each in made if each.split()[1] == "namespaces"]
    [defined] = [each for each in made if each.split()[1] == "customresourcedefinitions"]
    [created] = [each for each in made if each.split()[1] == "tabs"]
    others = [each for each in made if each not in (namespaced, defined)]
    assert all(before(made, namespaced, each) for each in others)
    assert before(made, defined, created)
    assert gone[-1] == f"delete namespaces {namespace}" or gone[-2:] == [
        f"delete namespaces {namespace}",
        f"delete customresourcedefinitions {definition}",
    ]
    assert before(gone, "delete tabs evening", f"delete customresourcedefinitions {definition}")
    assert before(gone, "delete tabs evening", f"delete namespaces {namespace}")
    assert machine.namespaces() == set()
