"""What a cluster refuses: told with the resource, the line that wants it, the cluster's own words, and what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.cluster.machine import ClusterMachine
from tests.cluster.webhook import let_it_die, policy

STACK = "quickstart/dev"
BASE = "stacks/quickstart/base.py"
APP = f"{STACK}/app.py"
QUOTA = """\
apiVersion: v1
kind: ResourceQuota
metadata: {name: small, namespace: %s}
spec: {hard: {services: "1"}}
"""
ONE_MORE = ("    network = ", "    other = Network(ports=[Port(port=81)])\n    network = ")
ACCOUNT = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: deployer, namespace: NS}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: deployer-NS}
rules:
- {apiGroups: ["*"], resources: ["*"], verbs: [get, list, watch]}
- {apiGroups: [apps, ""], resources: [deployments, namespaces], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: deployer-NS}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: deployer-NS}
subjects: [{kind: ServiceAccount, name: deployer, namespace: NS}]
"""


@pytest.fixture
def namespace(machine: ClusterMachine) -> str:
    """The namespace of a stack that has come up."""
    machine.apply(STACK)
    [namespace] = machine.namespaces()
    return namespace


def _refused(machine: ClusterMachine, *told: str, stack: str = STACK) -> None:
    """Neither preview nor apply go on, both say all of ``told``, and nothing is changed."""
    since = machine.mark()
    for command in (["preview"], ["apply", "--yes"]):
        refused = machine.kusion(*command, "-w", machine.directory(stack), code=1)
        for each in told:
            assert each in refused.err
    assert machine.writes(since, machine.namespaces()) == []
    assert machine.releases(stack)[0]["phase"] == "succeeded"


def _goes_on(machine: ClusterMachine, stack: str = STACK) -> None:
    machine.apply(stack)
    machine.assert_settled(stack)
    machine.assert_gone(stack)


def test_a_quota(machine: ClusterMachine, namespace: str) -> None:
    machine.plane.kubectl("apply", "-f", "-", text=QUOTA % namespace)
    machine.plane.kubectl("wait", "resourcequota/small", "-n", namespace, "--for=jsonpath={.status.used.services}=1")
    machine.edit("quickstart/base.py", *ONE_MORE)

    _refused(
        machine,
        f"{BASE}:19: v1:Service:{namespace}:{namespace}-dev-quickstart-other-private: ",
        "exceeded quota: small, requested: services=1, used: services=1, limited: services=1",
        "the ResourceQuota 'small' leaves no room for it",
    )
    machine.plane.kubectl("delete", "resourcequota", "small", "-n", namespace)
    _goes_on(machine)


@pytest.mark.parametrize("code", [400, 403])
def test_a_policy(machine: ClusterMachine, namespace: str, code: int) -> None:
    def judge(request: Mapping[str, Any]) -> str:
        return "no more than two of everything" if request["object"]["spec"]["replicas"] > 2 else ""

    with policy(machine.plane, namespace, judge, code=code) as name:
        machine.edit(APP, "replicas=2", "replicas=3")

        _refused(
            machine,
            f"{BASE}:9: apps/v1:Deployment:{namespace}:{namespace}-dev-quickstart: ",
            f'admission webhook "{name}" denied the request: no more than two of everything',
            f"ask whoever runs the webhook '{name}'",
        )
    _goes_on(machine)


def test_a_policy_that_comes_between_preview_and_apply(machine: ClusterMachine, namespace: str) -> None:
    """What no preview could tell is told by the apply."""

    def judge(request: Mapping[str, Any]) -> str:
        return "" if request["dryRun"] else "not on a Saturday"

    machine.edit(APP, "replicas=2", "replicas=3")
    with policy(machine.plane, namespace, judge):
        failed = machine.apply(STACK, code=1)

    assert f"{BASE}:9: apps/v1:Deployment:{namespace}:" in failed.err and "not on a Saturday" in failed.err
    assert machine.release(STACK)["phase"] == "failed"
    _goes_on(machine)


def test_a_webhook_that_does_not_answer(machine: ClusterMachine, namespace: str) -> None:
    machine.edit(APP, "replicas=2", "replicas=3")

    with policy(machine.plane, namespace, lambda _: "") as name:
        let_it_die(machine.plane, namespace, name)
        _refused(machine, f'failed calling webhook "{name}"', f"while the webhook '{name}' does not answer")

    _goes_on(machine)


def test_a_field_that_cannot_change(machine: ClusterMachine) -> None:
    stack = "wordpress/dev"
    machine.apply(stack)
    machine.use(rest="patches:\n- kind: PersistentVolumeClaim\n  merge: {spec: {volumeMode: Block}}\n")

    _refused(
        machine,
        "v1:PersistentVolumeClaim:",
        "spec is immutable",
        "this cannot be changed while the object exists",
        stack=stack,
    )
    machine.use()
    _goes_on(machine, stack)


def test_a_value_that_is_not_valid(machine: ClusterMachine, namespace: str) -> None:
    merge = "patches:\n- kind: Deployment\n  merge:\n    spec: {template: {spec: {restartPolicy: Never}}}\n"
    machine.use(rest=merge)

    _refused(machine, ".yaml:6:", 'spec.template.spec.restartPolicy: Unsupported value: "Never"')
    machine.use()
    _goes_on(machine)


def test_what_the_account_may_not_do(machine: ClusterMachine) -> None:
    """Reading is enough for a preview; of what is applied then, all is done that may be."""
    account = f"accounts-of-{machine.suffix}"  # the stack's own namespace goes with it
    plane = machine.plane
    plane.kubectl("create", "namespace", account)
    plane.kubectl("apply", "-f", "-", text=ACCOUNT.replace("NS", account))
    token = plane.kubectl("create", "token", "deployer", "-n", account).strip()
    _use_token(machine, token)

    assert {each["operation"] for each in machine.preview(STACK)["changes"]} == {"create"}
    failed = machine.apply(STACK, code=1)
    again = machine.apply(STACK, code=1)
    machine.use()

    user = f"system:serviceaccount:{account}:deployer"
    [namespace] = machine.namespaces() - {account}
    for each in (failed, again):
        assert f"{BASE}:19: v1:Service:{namespace}:{namespace}-dev-quickstart-private: " in each.err
        assert f"allow {user} to create services in the namespace {namespace} (RBAC)" in each.err
    assert token not in failed.said + json.dumps(machine.release(STACK))
    assert machine.live("deployment", f"{namespace}-dev-quickstart", namespace)
    machine.apply(STACK)
    machine.destroy(STACK)
    plane.kubectl("delete", "namespace", account)
    plane.kubectl("delete", "clusterrole,clusterrolebinding", f"deployer-{account}")


def _use_token(machine: ClusterMachine, token: str) -> None:
    text = machine.plane.kubeconfig.read_text(encoding="utf-8")
    [line] = [each for each in text.splitlines() if "token: " in each]
    path = machine.root / "restricted.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(text.replace(line, f"    token: {token}"), encoding="utf-8")
    machine.use(f"{{kind: cluster, kubeconfig: {path}}}")


def _hold(machine: ClusterMachine, kind: str, name: str, namespace: str, finalizers: list[str]) -> None:
    patch = json.dumps({"metadata": {"finalizers": finalizers}})
    machine.plane.kubectl("patch", kind, name, "-n", namespace, "--type=merge", "-p", patch)


HELD = "is being deleted, and held by its finalizer example.com/hold"


def test_applying_into_a_namespace_that_does_not_go(machine: ClusterMachine, namespace: str) -> None:
    machine.plane.kubectl("create", "configmap", "held", "-n", namespace)
    _hold(machine, "configmap", "held", namespace, ["example.com/hold"])
    machine.plane.kubectl("delete", "namespace", namespace, "--wait=false")
    machine.plane.kubectl("wait", "deployment", "--all", "-n", namespace, "--for=delete")

    for command in (["preview"], ["apply", "--yes"]):
        refused = machine.kusion(*command, "-w", machine.directory(STACK), code=1)
        assert "because it is being terminated" in refused.err
        assert f"ConfigMap held {HELD}" in refused.err and "take the finalizer away with" in refused.err

    _hold(machine, "configmap", "held", namespace, [])
    machine.plane.kubectl("wait", f"namespace/{namespace}", "--for=delete")
    _goes_on(machine)


def test_destroying_a_namespace_that_does_not_go(machine: ClusterMachine) -> None:
    soon = 'patches:\n- kind: Namespace\n  merge: {metadata: {annotations: {pulumi.com/timeoutSeconds: "5"}}}\n'
    machine.use(rest=soon)
    machine.apply(STACK)
    [namespace] = machine.namespaces()
    name = f"{namespace}-dev-quickstart"
    _hold(machine, "deployment", name, namespace, ["example.com/hold"])
    machine.plane.kubectl("delete", "namespace", namespace, "--wait=false")
    going = "--for=jsonpath={.metadata.deletionTimestamp}"
    machine.plane.kubectl("wait", "deployment", name, "-n", namespace, going)

    failed = machine.destroy(STACK, code=1)

    assert f"v1:Namespace:{namespace}: " in failed.err
    assert f"Deployment {name} {HELD}" in failed.err and "take the finalizer away with" in failed.err
    assert machine.release(STACK)["phase"] == "failed"
    _hold(machine, "deployment", name, namespace, [])
    machine.assert_gone(STACK)
