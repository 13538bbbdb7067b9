"""Whether an object has come up, by its kind: what one look at it tells, in the real provider's words.

As ``provider/pkg/await/{deployment,statefulset,job,service,ingress,awaiters}.go`` have it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.cluster.standin.api import Api, Object

_NO_PODS = (
    "Service does not target any Pods. Selected Pods may not be ready, or "
    "field '.spec.selector' may not match labels on any Pods"
)
_CLAIM = "v1:PersistentVolumeClaim"


class Look(NamedTuple):
    """``pending`` is what an object waits for, empty once it has come up: then ``done`` may say so.

    ``warnings`` are told while it is waited for; ``reasons`` are why it did not come up, where it is given up.
    ``settles``: it counts as up when nothing has changed for a while; ``failed``: it will not come up any more.
    """

    pending: str = ""
    done: str = ""
    warnings: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    settles: bool = False
    failed: bool = False


def look_at(api: Api, live: Object) -> Look:
    """What is to be seen now. Kinds without a look are up at once."""
    look = _LOOKS.get(f"{live['apiVersion']}:{live['kind']}")
    return look(api, live) if look else Look()


def is_read_with_a_look(live: Object) -> bool:
    """Whether Read, too, looks whether such an object has come up (``awaitRead``)."""
    return f"{live['apiVersion']}:{live['kind']}" in _LOOKS.keys() - {_CLAIM}


def conditions(live: Object) -> dict[str, Any]:
    """The conditions of the status by type."""
    return {each["type"]: each for each in (live.get("status") or {}).get("conditions") or ()}


def _is_true(live: Object, condition: str) -> bool:
    return bool(conditions(live).get(condition, {}).get("status") == "True")


def _deployment(api: Api, live: Object) -> Look:
    status, wanted = live.get("status") or {}, int(live["spec"].get("replicas", 1))
    ready = min(int(status.get("updatedReplicas", 0)), int(status.get("readyReplicas", 0)))
    bad = tuple(
        f"[{each['reason']}] {each['message']}"
        for name, each in conditions(live).items()
        if name in ("Progressing", "Available") and each["status"] != "True"
    )
    counts = {int(status.get(each, 0)) for each in ("updatedReplicas", "availableReplicas", "replicas")}
    observed = status.get("observedGeneration", 0) >= live["metadata"]["generation"]
    if observed and counts == {wanted} and not bad:
        return Look(done="Deployment initialization complete")
    reason = "Minimum number of Pods to consider the application live was not attained"
    if not _is_true(live, "Available"):
        reason = "Minimum number of live Pods was not attained"
    pending = f"Waiting for app ReplicaSet to be available ({ready}/{wanted} Pods available)"
    return Look(pending, warnings=bad, reasons=(*bad, reason))


def _stateful_set(api: Api, live: Object) -> Look:
    status, wanted = live.get("status") or {}, int(live["spec"].get("replicas", 1))
    current, update = status.get("currentRevision", ""), status.get("updateRevision", "")
    observed = status.get("observedGeneration", 0) >= live["metadata"]["generation"]
    counts = {int(status.get(each, 0)) for each in ("replicas", "readyReplicas", "currentReplicas")}
    ready = int(status.get("readyReplicas", 0))
    if current != update:
        ready = min(ready, int(status.get("updatedReplicas", 0)))
    if observed and counts == {wanted} and current and current == update:
        return Look(done="StatefulSet initialization complete")
    pending = f"[1/3] Waiting for StatefulSet update to roll out ({ready}/{wanted} Pods ready)"
    if live["metadata"]["generation"] <= 1:
        pending = f"[1/2] Waiting for StatefulSet to create Pods ({ready}/{wanted} Pods ready)"
    reasons = [f"{ready} out of {wanted} replicas succeeded readiness checks"]
    if current != update:
        reasons.append(f'StatefulSet controller failed to advance from revision "{current}" to revision "{update}"')
    return Look(pending, reasons=tuple(reasons))


def _job(api: Api, live: Object) -> Look:
    status = live.get("status") or {}
    failed = conditions(live).get("Failed", {})
    if failed.get("status") == "True":
        reason = f"[{failed['reason']}] {failed['message']}"
        return Look(f"Job {_named(live)} failed", reasons=(reason,), failed=True)
    if _is_true(live, "Complete"):
        return Look()
    if not status.get("startTime"):
        return Look(f'Waiting for Job "{_named(live)}" to start')
    counts = " | ".join(f"{each}: {status.get(each.lower(), 0)}" for each in ("Active", "Succeeded", "Failed"))
    return Look(f'Waiting for Job "{_named(live)}" to succeed ({counts})')


def _service(api: Api, live: Object) -> Look:
    spec, metadata = live["spec"], live["metadata"]
    if spec.get("type") == "LoadBalancer" and not _has_address(live):
        why = "Service was not allocated an IP address; does your cloud provider support this?"
        return Look("[2/3] Attempting to allocate IP address to Service", reasons=(why,))
    if not spec.get("selector") or spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None":
        return Look()
    subsets = (api.get("v1", "Endpoints", metadata["namespace"], metadata["name"]) or {}).get("subsets") or ()
    waiting = any(each.get("notReadyAddresses") for each in subsets)
    if not waiting and any(each.get("addresses") for each in subsets):
        return Look(done="Service initialization complete")
    return Look("[1/3] Finding Pods to direct traffic to", reasons=(_NO_PODS,), settles=not waiting)


def _ingress(api: Api, live: Object) -> Look:
    if _has_address(live):
        return Look(done="Ingress initialization complete")
    why = "Ingress .status.loadBalancer field was not updated with a hostname/IP address."
    return Look("[1/3] Finding a matching service for each Ingress path", reasons=(why,))


def _claim(api: Api, live: Object) -> Look:
    phase, storage = (live.get("status") or {}).get("phase"), live["spec"].get("storageClassName")
    known = api.get("storage.k8s.io/v1", "StorageClass", "", storage) if storage else None
    waits = bool(known and known.get("volumeBindingMode") == "WaitForFirstConsumer")
    return Look("" if phase == "Bound" or (waits and phase == "Pending") else f"it is {phase}")


_LOOKS: Mapping[str, Callable[[Api, Object], Look]] = {
    "apps/v1:Deployment": _deployment,
    "apps/v1:StatefulSet": _stateful_set,
    "batch/v1:Job": _job,
    "networking.k8s.io/v1:Ingress": _ingress,
    _CLAIM: _claim,
    "v1:Service": _service,
}


def _has_address(live: Object) -> bool:
    return bool(((live.get("status") or {}).get("loadBalancer") or {}).get("ingress"))


def _named(live: Object) -> str:
    namespace = live["metadata"].get("namespace", "default")
    return live["metadata"]["name"] if namespace == "default" else f"{namespace}/{live['metadata']['name']}"
