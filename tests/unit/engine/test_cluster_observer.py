"""How objects in a cluster are doing, and why they do not come up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kusion_dsl.engine.cluster.live import LiveObjects
from kusion_dsl.engine.cluster.observer import Observer
from kusion_dsl.model.health import Health
from kusion_dsl.model.masking import Mask
from kusion_dsl.model.spec import SpecResource, kubernetes_type
from tests.unit.engine.cluster_in_memory import (
    NAMESPACE,
    ClusterInMemory,
    Object,
    container,
    deployment,
    event,
    made,
    owned,
    pod,
    replica_set,
)

CRASHING = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}}
ENDED = {"terminated": {"exitCode": 3, "reason": "Error"}}


def resource(obj: Object, **parts: Any) -> SpecResource:
    metadata = {"name": obj["metadata"]["name"], "namespace": NAMESPACE}
    type = kubernetes_type(obj["apiVersion"], obj["kind"])
    return SpecResource(obj["metadata"]["uid"], type, {"metadata": metadata}, **parts)


def look(cluster: ClusterInMemory, obj: Object, *secrets: str, everything: bool = False, **parts: Any) -> Health:
    observer = Observer(LiveObjects(cluster), Mask(secrets), everything=everything)
    [health] = observer.look([resource(obj, **parts)]).values()
    return health


def readiness_of(obj: Object, *others: Object) -> tuple[str, str]:
    health = look(ClusterInMemory(obj, *others), obj)
    return health.status, health.text


def troubles_of(*objects: Object, of: Object | None = None) -> list[str]:
    looked_at = of or deployment()
    return [each.line for each in look(ClusterInMemory(looked_at, *objects), looked_at).troubles]


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        (deployment(2, 1), ("progressing", "1 of 2 pods are ready")),
        (deployment(1, 1), ("ready", "1 of 1 pod is ready")),
        (deployment(0, 0), ("ready", "0 of 0 pods are ready")),
        (deployment(2, 2, observedGeneration=1), ("progressing", "waiting for its controller")),
        (deployment(2, 2, updatedReplicas=1), ("progressing", "1 of 2 pods are ready")),
        (deployment(2, 2, replicas=3), ("progressing", "1 old pod is still there")),
        ({**deployment(2, 0), "spec": {"paused": True}}, ("ready", "it is paused")),
        ({**deployment(2, 0), "status": {}}, ("progressing", "waiting for its controller")),
    ],
)
def test_a_deployment(obj: Object, expected: tuple[str, str]) -> None:
    assert readiness_of(obj) == expected


@pytest.mark.parametrize(
    ("spec", "status", "expected"),
    [
        ({"replicas": 2}, {"readyReplicas": 1, "updatedReplicas": 2}, ("progressing", "1 of 2 pods are ready")),
        ({"replicas": 2}, {"readyReplicas": 2, "updatedReplicas": 1}, ("progressing", "1 of 2 pods are updated")),
        ({"replicas": 2}, {"readyReplicas": 2, "updatedReplicas": 2}, ("ready", "2 of 2 pods are ready")),
        (
            {"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 1}}},
            {"readyReplicas": 2, "updatedReplicas": 1},
            ("ready", "2 of 2 pods are ready"),
        ),
        ({"updateStrategy": {"type": "OnDelete"}}, {"readyReplicas": 1}, ("ready", "1 of 1 pod is ready")),
    ],
)
def test_a_stateful_set(spec: Any, status: Any, expected: tuple[str, str]) -> None:
    assert readiness_of(
        made("apps/v1", "StatefulSet", "db", spec=spec, status={"observedGeneration": 1, **status})
    ) == (expected)


@pytest.mark.parametrize(
    ("strategy", "updated", "expected"),
    [("RollingUpdate", 2, "progressing"), ("RollingUpdate", 3, "ready"), ("OnDelete", 0, "ready")],
)
def test_a_daemon_set(strategy: str, updated: int, expected: str) -> None:
    status = {
        "observedGeneration": 1,
        "desiredNumberScheduled": 3,
        "numberAvailable": 3,
        "updatedNumberScheduled": updated,
    }
    obj = made("apps/v1", "DaemonSet", "agent", spec={"updateStrategy": {"type": strategy}}, status=status)
    assert readiness_of(obj)[0] == expected


@pytest.mark.parametrize(
    ("spec", "status", "expected"),
    [
        ({}, {}, ("progressing", "0 of 1 run is completed")),
        ({"completions": 3}, {"succeeded": 1}, ("progressing", "1 of 3 runs are completed")),
        ({}, {"conditions": [{"type": "Complete", "status": "True"}]}, ("ready", "completed")),
        ({"suspend": True}, {}, ("ready", "it is suspended")),
        (
            {},
            {"conditions": [{"type": "Failed", "status": "True", "message": "it has reached the backoff limit"}]},
            ("failed", "the job failed: it has reached the backoff limit"),
        ),
    ],
)
def test_a_job(spec: Any, status: Any, expected: tuple[str, str]) -> None:
    assert readiness_of(made("batch/v1", "Job", "migrate", spec=spec, status=status)) == expected


@pytest.mark.parametrize(
    ("spec", "status", "pods", "expected"),
    [
        ({"type": "LoadBalancer"}, {}, [], ("progressing", "the load balancer has no address yet")),
        ({"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"ip": "198.51.100.1"}]}}, [], ("ready", "")),
        ({"selector": {"app": "web"}}, {}, [], ("ready", "no pod has the labels that it selects")),
        ({"selector": {"app": "web"}}, {}, [pod("a")], ("progressing", "0 of 1 pods behind it are ready")),
        ({"selector": {"app": "web"}}, {}, [pod("a", ready=True)], ("ready", "1 of 1 pods behind it are ready")),
        ({"selector": {"app": "web"}, "type": "ExternalName"}, {}, [pod("a")], ("ready", "")),
    ],
)
def test_a_service(spec: Any, status: Any, pods: list[Object], expected: tuple[str, str]) -> None:
    assert readiness_of(made("v1", "Service", "web", spec=spec, status=status), *pods) == expected


@pytest.mark.parametrize(
    ("phase", "mode", "expected"),
    [
        ("Bound", "", "ready"),
        ("Pending", "Immediate", "progressing"),
        ("Pending", "WaitForFirstConsumer", "ready"),
        ("Lost", "Immediate", "failed"),
    ],
)
def test_a_claim(phase: str, mode: str, expected: str) -> None:
    storage = made("storage.k8s.io/v1", "StorageClass", "disk", volumeBindingMode=mode)
    claim = made("v1", "PersistentVolumeClaim", "data", spec={"storageClassName": "disk"}, status={"phase": phase})
    assert readiness_of(claim, storage)[0] == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({}, ("ready", "")),
        ({"conditions": [{"type": "Ready", "status": "False", "message": "no secret"}]}, ("progressing", "no secret")),
        ({"conditions": [{"type": "Ready", "status": "True"}]}, ("ready", "")),
    ],
)
def test_an_object_of_another_kind(status: Any, expected: tuple[str, str]) -> None:
    assert readiness_of(made("external-secrets.io/v1", "ExternalSecret", "key", status=status)) == expected


def test_what_is_not_there_is_gone() -> None:
    assert look(ClusterInMemory(pod("a")), deployment()).status == "gone"


def test_a_job_that_goes_at_its_end_has_ended() -> None:
    job = resource(made("batch/v1", "Job", "migrate"))
    job = replace(job, attributes={**job.attributes, "spec": {"ttlSecondsAfterFinished": 0}})
    [health] = Observer(LiveObjects(ClusterInMemory(pod("a"))), Mask()).look([job]).values()
    assert health == Health("ready", "it has ended, and was removed")


def test_a_policy_decides_in_place_of_the_kind() -> None:
    set_of = made("apps.kusionstack.io/v1alpha1", "CollaSet", "web", status={"readyReplicas": 1})
    rule = {"health.kcl": "assert res.status.readyReplicas == 2"}

    short = look(ClusterInMemory(set_of), set_of, health=rule)
    set_of["status"]["readyReplicas"] = 2

    assert short.status == "progressing"
    assert short.text == "its health policy does not hold: res.status.readyReplicas == 2"
    assert look(ClusterInMemory(set_of), set_of, health=rule).status == "ready"


def test_a_policy_that_cannot_be_read_is_told_and_does_not_hold() -> None:
    health = look(ClusterInMemory(deployment(1, 1)), deployment(1, 1), health={"health.kcl": "import units"})
    assert (health.status, "cannot be read" in health.text) == ("progressing", True)


def test_pods_with_the_same_reason_are_told_together() -> None:
    state = container({"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "x"'}})
    pods = [pod(name, containerStatuses=[state]) for name in ("a", "b", "c", "d")]
    assert troubles_of(replica_set(), *pods) == [
        '4 pods: container main: ImagePullBackOff: Back-off pulling image "x" (a, b, c, …)'
    ]


@pytest.mark.parametrize(
    ("status", "expected", "lasting"),
    [
        (
            {
                "conditions": [
                    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
                ]
            },
            "Unschedulable: 0/3 nodes",
            True,
        ),
        (
            {"containerStatuses": [container({"waiting": {"reason": "ErrImagePull", "message": "not found"}})]},
            "container main: ErrImagePull: not found",
            True,
        ),
        (
            {"initContainerStatuses": [container({"waiting": {"reason": "CreateContainerConfigError"}})]},
            "container main: CreateContainerConfigError",
            True,
        ),
        (
            {"containerStatuses": [container(CRASHING, last=ENDED, restarts=4)]},
            "container main: CrashLoopBackOff: it ended with exit code 3",
            True,
        ),
        (
            {"containerStatuses": [container(CRASHING)]},
            "container main: CrashLoopBackOff: it ends again and again",
            True,
        ),
        (
            {"containerStatuses": [container({"terminated": {"exitCode": 137, "reason": "OOMKilled"}})]},
            "container main: it ended with exit code 137 (OOMKilled)",
            False,
        ),
        (
            {"containerStatuses": [container({"running": {}}, last=ENDED, restarts=1)]},
            "container main: it was started again: it ended with exit code 3",
            False,
        ),
        ({"phase": "Failed", "reason": "Evicted", "message": "low on memory"}, "Evicted: low on memory", False),
    ],
)
def test_why_a_pod_is_not_ready(status: Any, expected: str, lasting: bool) -> None:
    health = look(ClusterInMemory(deployment(), replica_set(), pod("a", **status)), deployment())
    assert [(each.line, each.lasting) for each in health.troubles] == [(f"pod a: {expected}", lasting)]
    assert health.status == ("degraded" if lasting else "progressing")


def test_what_has_failed_is_so_whatever_its_pods_say() -> None:
    failed = {"conditions": [{"type": "Failed", "status": "True", "message": "no more tries"}]}
    job = made("batch/v1", "Job", "migrate", spec={}, status=failed)
    state = container({"waiting": {"reason": "ErrImagePull", "message": "not found"}})
    assert look(ClusterInMemory(job, pod("a", job, containerStatuses=[state])), job).status == "failed"


def test_what_controllers_say_is_masked() -> None:
    state = container({"waiting": {"reason": "CreateContainerError", "message": "no such command: hunter2hunter2"}})
    cluster = ClusterInMemory(deployment(), replica_set(), pod("a", containerStatuses=[state]))
    [trouble] = look(cluster, deployment(), "hunter2hunter2").troubles
    assert trouble.what == "container main: CreateContainerError: no such command: [secret]"


def test_containers_that_are_only_starting_are_no_trouble() -> None:
    state = container({"waiting": {"reason": "ContainerCreating"}})
    assert troubles_of(replica_set(), pod("a", containerStatuses=[state])) == []


def test_a_probe_that_fails_is_told_by_its_last_event() -> None:
    shown = pod("a", containerStatuses=[container({"running": {}})])
    first = event(shown, "Unhealthy", "Readiness probe failed: 503", "2025-01-01T00:00:00Z")
    last = event(shown, "Unhealthy", "Readiness probe failed: 500", "2025-01-01T00:00:09Z")
    last["involvedObject"]["fieldPath"] = "spec.containers{main}"
    assert troubles_of(replica_set(), shown, last, first) == [
        "pod a: container main: Unhealthy: Readiness probe failed: 500"
    ]


def test_pods_of_the_revision_before_are_not_asked() -> None:
    state = container(CRASHING)
    old = pod("old", replica_set(1), containerStatuses=[state])
    assert troubles_of(replica_set(1), replica_set(2), old) == []


def test_a_quota_is_told_by_the_condition_of_the_deployment() -> None:
    message = 'pods "web-2-x7" is forbidden: exceeded quota: small, requested: pods=1'
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    refused = deployment(conditions=[condition])
    assert troubles_of(of=refused) == ["FailedCreate: exceeded quota: small, requested: pods=1"]


@pytest.mark.parametrize(("pods", "told"), [(0, True), (1, False)])
def test_of_other_kinds_it_is_told_by_an_event_as_long_as_pods_are_missing(pods: int, told: bool) -> None:
    status = {"observedGeneration": 1}
    database = made("apps/v1", "StatefulSet", "db", spec={"replicas": 1}, status=status)
    said = event(
        database, "FailedCreate", 'create Pod db-0 failed error: pods "db-0" is forbidden: exceeded quota: small'
    )
    there = [pod("db-0", database, containerStatuses=[container({"running": {}})])][:pods]
    expected = ["FailedCreate: create Pod db-0 failed error: exceeded quota: small"] if told else []
    assert troubles_of(said, *there, of=database) == expected


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([], "the PersistentVolumeClaim data does not exist"),
        ([{"phase": "Pending"}], "the PersistentVolumeClaim data is not bound: no such class"),
    ],
)
def test_a_claim_that_pods_wait_for_is_told(claims: list[Any], expected: str) -> None:
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "unbound claims"}
    waiting = pod("a", conditions=[unscheduled])
    waiting["spec"]["volumes"] = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    made_claims = [made("v1", "PersistentVolumeClaim", "data", status=each) for each in claims]
    events = [event(each, "ProvisioningFailed", "no such class") for each in made_claims]
    other = made("v1", "PersistentVolumeClaim", "other", status={"phase": "Bound"})

    told = troubles_of(replica_set(), waiting, other, *made_claims, *events)

    assert told == [expected, "pod a: Unschedulable: unbound claims"]


def test_what_a_crashed_container_said_is_masked_and_read_once_for_each_crash() -> None:
    state = container(CRASHING, last=ENDED, restarts=4)
    cluster = ClusterInMemory(deployment(), replica_set(), pod("a", containerStatuses=[state]))
    cluster.logs["main"] = "starting\nthe password is hunter2hunter2\n"
    observer = Observer(LiveObjects(cluster), Mask(["hunter2hunter2"]))

    [health] = [observer.look([resource(deployment())]) for _ in range(3)][-1].values()

    assert health.troubles[0].log == ("starting", "the password is [secret]")
    assert sum(path.endswith("/log") for path in cluster.asked) == 1


def test_a_look_takes_few_requests_however_many_objects_there_are() -> None:
    objects = []
    for number in range(20):
        one = deployment()
        one["metadata"] = {**one["metadata"], "name": f"web-{number}", "uid": f"uid-{number}"}
        objects.append(one)
    cluster = ClusterInMemory(*objects, replica_set(), pod("a"), event(pod("a"), "Unhealthy", "no"))
    observer = Observer(LiveObjects(cluster), Mask())
    observer.look([resource(each) for each in objects])  # which learns where the kinds are

    cluster.asked.clear()
    observer.look([resource(each) for each in objects])

    assert len(cluster.asked) == 4, "Deployments, ReplicaSets, Pods, Events"


def test_what_is_ready_is_looked_at_no_further() -> None:
    cluster = ClusterInMemory(deployment(2, 2), replica_set(), pod("a", ready=True))
    look(cluster, deployment(2, 2))
    assert not [path for path in cluster.asked if path.endswith(("pods", "events", "replicasets"))]


def test_a_look_to_be_shown_has_pods_conditions_and_events() -> None:
    condition = {"type": "Available", "status": "True", "reason": "Enough", "message": "for ada1ada1"}
    web = deployment(2, 1, conditions=[{**condition, "lastTransitionTime": "2025-01-01T00:00:00Z"}])
    shown = pod("a", ready=True, containerStatuses=[{**container({"running": {}}), "restartCount": 2}])
    started = event(shown, "Started", "Started container main", type="Normal")

    health = look(ClusterInMemory(web, replica_set(), shown, started), web, "ada1ada1", everything=True)

    assert (health.status, health.troubles) == ("progressing", ()), "what is no warning is no trouble"
    assert [tuple(each) for each in health.pods] == [("a", "Running", True, 2, "n1")]
    assert [tuple(each) for each in health.conditions] == [
        ("Available", "True", "Enough", "for [secret]", "2025-01-01T00:00:00Z")
    ]
    assert [tuple(each) for each in health.events] == [
        ("2025-01-01T00:00:00Z", "Normal", "Started", "Pod/a", "Started container main", 1)
    ]


def test_what_the_credentials_may_not_read_is_no_reason_not_to_look() -> None:
    claim = made("v1", "PersistentVolumeClaim", "data", spec={"storageClassName": "disk"}, status={})
    storage = made("storage.k8s.io/v1", "StorageClass", "disk")
    service = made("v1", "Service", "web", spec={"selector": {"app": "web"}})
    cluster = ClusterInMemory(deployment(2, 1), claim, storage, service, replica_set(), pod("a"))
    cluster.forbidden = {"pods", "events", "replicasets", "storageclasses"}
    assert look(cluster, deployment(2, 1)) == Health("progressing", "1 of 2 pods are ready")
    assert look(cluster, claim).status == "ready"
    assert look(cluster, service) == Health("ready")


def test_claims_that_may_not_be_read_are_not_said_to_be_missing() -> None:
    waiting = pod("a", containerStatuses=[container(CRASHING)])
    waiting["spec"]["volumes"] = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    cluster = ClusterInMemory(deployment(), replica_set(), waiting, made("v1", "PersistentVolumeClaim", "data"))
    cluster.forbidden = {"persistentvolumeclaims"}
    [trouble] = look(cluster, deployment()).troubles
    assert "CrashLoopBackOff" in trouble.what


def test_pods_that_go_are_not_counted() -> None:
    going = pod("a", containerStatuses=[container(CRASHING)])
    going["metadata"]["deletionTimestamp"] = "2025-01-01T00:00:00Z"
    assert troubles_of(replica_set(), going) == []


def test_a_bare_pod_is_its_own() -> None:
    alone = owned(pod("alone", containerStatuses=[container(CRASHING, last=ENDED)]), deployment())
    assert troubles_of(of=alone) == ["pod alone: container main: CrashLoopBackOff: it ended with exit code 3"]
