"""When an object has come up: by its kind, as kubectl's ``rollout status`` and ``wait`` take it, or by a policy.

Sources: https://github.com/kubernetes/kubectl/blob/master/pkg/polymorphichelpers/rollout_status.go and the API's own
words on each status (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from kusion_dsl.engine.cluster.live import Object
from kusion_dsl.engine.cluster.neighbourhood import Neighbourhood
from kusion_dsl.model.health_rule import HealthRule


class Readiness(NamedTuple):
    """Whether an object has come up, and how far it is, in words; ``failed`` does not come up any more."""

    status: Literal["ready", "progressing", "failed"]
    text: str


def readiness(obj: Object, around: Neighbourhood, rule: str = "") -> Readiness:
    """Whether ``obj`` has come up: as the policy ``rule`` says where there is one, else by its kind.

    An object of another kind has, as soon as its controller has seen it and says nothing against it
    (https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md).
    """
    if _is_unseen(obj):
        return Readiness("progressing", "waiting for its controller")
    if rule:
        return _by_rule(obj, rule)
    return _JUDGES.get((obj["apiVersion"], obj["kind"]), _other)(obj, around)


def has_readiness(api_version: str, kind: str) -> bool:
    """Whether objects of a kind need time to come up."""
    return (api_version, kind) in _JUDGES


def condition(obj: Object, type: str) -> Mapping[str, Any]:
    """A condition of an object's status; empty without one."""
    found = (each for each in (obj.get("status") or {}).get("conditions") or () if each.get("type") == type)
    return next(found, {})


def is_ready(pod: Object) -> bool:
    """Whether a pod takes requests."""
    return condition(pod, "Ready").get("status") == "True"


def _is_unseen(obj: Object) -> bool:
    observed = (obj.get("status") or {}).get("observedGeneration")
    if observed is None:
        return (obj["apiVersion"], obj["kind"]) in _OBSERVED
    return int(observed) < int(obj["metadata"].get("generation", 0))


def _by_rule(obj: Object, rule: str) -> Readiness:
    try:
        unmet = HealthRule(rule).unmet(obj)
    except ValueError as error:  # of a release that was made before rules were checked
        return Readiness("progressing", f"its health policy cannot be read: {error}")
    return Readiness("progressing", f"its health policy does not hold: {unmet}") if unmet else _READY


_READY = Readiness("ready", "")


def _counted(ready: int, wanted: int) -> Readiness:
    """So many of so many pods."""
    pods = "pod is" if wanted == 1 else "pods are"
    return Readiness("ready" if ready >= wanted else "progressing", f"{min(ready, wanted)} of {wanted} {pods} ready")


def _deployment(obj: Object, around: Neighbourhood) -> Readiness:
    spec, status = obj["spec"], obj.get("status") or {}
    if spec.get("paused"):
        return Readiness("ready", "it is paused")
    wanted, updated = int(spec.get("replicas", 1)), int(status.get("updatedReplicas", 0))
    ready = min(updated, int(status.get("availableReplicas", 0)))
    old = max(0, int(status.get("replicas", 0)) - updated)
    if ready >= wanted and old:
        return Readiness("progressing", f"{old} old {'pod is' if old == 1 else 'pods are'} still there")
    return _counted(ready, wanted)


def _stateful_set(obj: Object, around: Neighbourhood) -> Readiness:
    spec, status = obj["spec"], obj.get("status") or {}
    strategy = spec.get("updateStrategy") or {}
    wanted, ready = int(spec.get("replicas", 1)), int(status.get("readyReplicas", 0))
    if strategy.get("type") == "OnDelete":
        return _counted(ready, wanted)
    partition = int((strategy.get("rollingUpdate") or {}).get("partition", 0))
    updated = int(status.get("updatedReplicas", 0))
    if ready >= wanted and updated < wanted - partition:
        return Readiness("progressing", f"{updated} of {wanted - partition} pods are updated")
    return _counted(ready, wanted)


def _daemon_set(obj: Object, around: Neighbourhood) -> Readiness:
    status = obj.get("status") or {}
    wanted = int(status.get("desiredNumberScheduled", 0))
    updated = int(status.get("updatedNumberScheduled", 0))
    if ((obj["spec"].get("updateStrategy") or {}).get("type")) == "OnDelete":
        updated = wanted
    return _counted(min(updated, int(status.get("numberAvailable", 0))), wanted)


def _replicas(obj: Object, around: Neighbourhood) -> Readiness:
    return _counted(int((obj.get("status") or {}).get("readyReplicas", 0)), int(obj["spec"].get("replicas", 1)))


def _job(obj: Object, around: Neighbourhood) -> Readiness:
    failed = condition(obj, "Failed")
    if failed.get("status") == "True":
        return Readiness("failed", f"the job failed: {failed.get('message') or failed.get('reason', '')}")
    if condition(obj, "Complete").get("status") == "True":
        return Readiness("ready", "completed")
    if obj["spec"].get("suspend"):
        return Readiness("ready", "it is suspended")
    wanted, done = int(obj["spec"].get("completions") or 1), int((obj.get("status") or {}).get("succeeded", 0))
    return Readiness("progressing", f"{done} of {wanted} {'run is' if wanted == 1 else 'runs are'} completed")


def _pod(obj: Object, around: Neighbourhood) -> Readiness:
    phase = (obj.get("status") or {}).get("phase", "Pending")
    if phase == "Failed":
        return Readiness("failed", "the pod failed")
    return Readiness("ready", phase.lower()) if phase == "Succeeded" or is_ready(obj) else _counted(0, 1)


def _service(obj: Object, around: Neighbourhood) -> Readiness:
    spec = obj["spec"]
    if spec.get("type") == "LoadBalancer" and not ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
        return Readiness("progressing", "the load balancer has no address yet")
    if not spec.get("selector") or spec.get("type") == "ExternalName":
        return _READY
    pods = around.selected(spec["selector"])
    if pods is None:
        return _READY
    if not pods:
        return Readiness("ready", "no pod has the labels that it selects")
    ready = sum(map(is_ready, pods))
    return Readiness("ready" if ready else "progressing", f"{ready} of {len(pods)} pods behind it are ready")


def _claim(obj: Object, around: Neighbourhood) -> Readiness:
    phase = (obj.get("status") or {}).get("phase", "Pending")
    if phase == "Bound":
        return Readiness("ready", "bound")
    if phase == "Lost":
        return Readiness("failed", "the volume that it was bound to is gone")
    if _is_bound_late(obj, around):
        return Readiness("ready", "bound when the first pod needs it")
    return Readiness("progressing", "no volume is bound to it yet")


def _is_bound_late(claim: Object, around: Neighbourhood) -> bool:
    """Whether only a pod gets the claim a volume; of one that may not be seen, its pods tell whether they wait for it."""
    name = claim["spec"].get("storageClassName")
    found = around.storage_class(name) if name else {}
    return found is None or found.get("volumeBindingMode") == "WaitForFirstConsumer"


def _other(obj: Object, around: Neighbourhood) -> Readiness:
    ready = condition(obj, "Ready")
    if ready.get("status") in ("False", "Unknown"):
        return Readiness(
            "progressing", str(ready.get("message") or ready.get("reason") or "its condition Ready is not")
        )
    return _READY


_JUDGES: Mapping[tuple[str, str], Callable[[Object, Neighbourhood], Readiness]] = {
    ("apps/v1", "Deployment"): _deployment,
    ("apps/v1", "StatefulSet"): _stateful_set,
    ("apps/v1", "DaemonSet"): _daemon_set,
    ("apps/v1", "ReplicaSet"): _replicas,
    ("v1", "ReplicationController"): _replicas,
    ("batch/v1", "Job"): _job,
    ("v1", "Pod"): _pod,
    ("v1", "Service"): _service,
    ("v1", "PersistentVolumeClaim"): _claim,
}
_OBSERVED = frozenset({("apps/v1", kind) for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")})
"""Kinds whose controllers say which generation they have seen; before the first time they say nothing."""
