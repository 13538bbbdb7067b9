"""When an object has come up: by its kind, or as ``pulumi.com/waitFor`` says."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from tests.cluster.standin.api import Api, Object

_EVERY = 0.2  # seconds between two looks
_TIMEOUT = 600.0
_PREFIX = "pulumi.com/"

Say = Callable[[str], None]


class NotReadyError(Exception):
    """It exists, and did not come up: what it waits for, and why."""

    def __init__(self, live: Object, reasons: list[str]) -> None:
        super().__init__(reasons[0])
        self.live = live
        self.reasons = reasons


def annotation(obj: Mapping[str, Any], name: str) -> str:
    """The annotation ``pulumi.com/<name>``; empty without one."""
    return str(((obj.get("metadata") or {}).get("annotations") or {}).get(_PREFIX + name) or "")


def wait_until_ready(api: Api, live: Object, timeout: float, say: Say, cancelled: Callable[[], bool]) -> Object:
    """The object once it has come up; ``say`` is told what is waited for. Raises NotReadyError, ApiError."""
    if annotation(live, "skipAwait").lower() == "true":
        return live
    deadline = time.monotonic() + seconds(live, timeout)
    told = ""
    while pending := _pending(api, live):
        if pending != told:
            say(pending)
            told = pending
        if time.monotonic() > deadline or cancelled():
            raise NotReadyError(live, [f"it has not come up in time: {pending}", *_troubles(api, live)])
        time.sleep(_EVERY)
        live = _again(api, live)
    return live


def wait_until_gone(api: Api, live: Object, timeout: float, say: Say) -> None:
    """Return when the object is gone, or another one has its name. Raises NotReadyError, ApiError."""
    deadline = time.monotonic() + seconds(live, timeout)
    metadata = live["metadata"]
    say("waiting until it is gone")
    while True:
        now = api.get(live["apiVersion"], live["kind"], metadata.get("namespace", ""), metadata["name"])
        if now is None or now["metadata"]["uid"] != metadata["uid"]:
            return
        if time.monotonic() > deadline:
            finalizers = ", ".join(now["metadata"].get("finalizers") or now.get("spec", {}).get("finalizers") or ())
            raise NotReadyError(now, [f"it is still there; finalizers: {finalizers or 'none'}"])
        time.sleep(_EVERY)


def seconds(obj: Mapping[str, Any], timeout: float) -> float:
    """How long to wait for an object: the resource's own timeout, its annotation, or ten minutes."""
    return timeout or float(annotation(obj, "timeoutSeconds") or _TIMEOUT)


def _again(api: Api, live: Object) -> Object:
    metadata = live["metadata"]
    now = api.get(live["apiVersion"], live["kind"], metadata.get("namespace", ""), metadata["name"])
    if now is None:
        raise NotReadyError(live, ["somebody deleted it while it was waited for"])
    return now


def _pending(api: Api, live: Object) -> str:
    """What an object still waits for; empty when it has come up."""
    conditions = annotation(live, "waitFor")
    if conditions:
        return _unmet(live, json.loads(conditions) if conditions.startswith("[") else [conditions])
    judge = _JUDGES.get(f"{live['apiVersion']}:{live['kind']}")
    return judge(api, live) if judge else ""


def _unmet(live: Object, conditions: list[str]) -> str:
    return next((f"waiting for {each}" for each in conditions if not _holds(live, each)), "")


def _holds(live: Object, condition: str) -> bool:
    """``condition=Type[=Status]``, or ``jsonpath={.path}[=value]`` of plain fields."""
    kind, _, rest = condition.partition("=")
    if kind == "condition":
        name, _, status = rest.partition("=")
        return any(each["type"] == name and each["status"] == (status or "True") for each in _conditions(live))
    path, _, wanted = rest.partition("}")
    value: Any = live
    for part in re.findall(r"[^.\[\]]+", path.lstrip("{")):
        value = (value or {}).get(part) if isinstance(value, Mapping) else None
    return value is not None and (not wanted or str(value) == wanted.lstrip("="))


def _conditions(live: Object) -> list[Any]:
    return list((live.get("status") or {}).get("conditions") or ())


def _deployment(api: Api, live: Object) -> str:
    return _rolled_out(live, ("updatedReplicas", "availableReplicas", "replicas"))


def _stateful_set(api: Api, live: Object) -> str:
    return _rolled_out(live, ("updatedReplicas", "readyReplicas", "replicas"))


def _rolled_out(live: Object, counts: tuple[str, ...]) -> str:
    status, wanted = live.get("status") or {}, int(live["spec"].get("replicas", 1))
    if status.get("observedGeneration", 0) < live["metadata"]["generation"]:
        return "waiting for its controller"
    short = next((each for each in counts if int(status.get(each, 0)) != wanted), "")
    return f"waiting for pods: {status.get(short, 0)} of {wanted} {short}" if short else ""


def _job(api: Api, live: Object) -> str:
    if _holds(live, "condition=Complete") or live["spec"].get("suspend"):
        return ""
    failed = next((each for each in _conditions(live) if each["type"] == "Failed" and each["status"] == "True"), None)
    if failed is not None:
        raise NotReadyError(live, [f"the job failed: {failed.get('message', '')}", *_troubles(api, live)])
    return "waiting for the job to complete"


def _service(api: Api, live: Object) -> str:
    spec = live["spec"]
    if spec.get("type") == "LoadBalancer" and not (live.get("status") or {}).get("loadBalancer", {}).get("ingress"):
        return "waiting for an address"
    if not spec.get("selector") or spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None":
        return ""
    metadata = live["metadata"]
    selector = f"kubernetes.io/service-name={metadata['name']}"
    slices = api.list("discovery.k8s.io/v1", "EndpointSlice", metadata["namespace"], labelSelector=selector)
    ready = any(each.get("conditions", {}).get("ready") for slice_ in slices for each in slice_.get("endpoints") or ())
    return "" if ready else "waiting for pods behind it"


def _claim(api: Api, live: Object) -> str:
    if (live.get("status") or {}).get("phase") == "Bound":
        return ""
    storage = live["spec"].get("storageClassName")
    known = api.get("storage.k8s.io/v1", "StorageClass", "", storage) if storage else None
    return "" if known and known.get("volumeBindingMode") == "WaitForFirstConsumer" else "waiting for a volume"


_JUDGES: Mapping[str, Callable[[Api, Object], str]] = {
    "apps/v1:Deployment": _deployment,
    "apps/v1:StatefulSet": _stateful_set,
    "batch/v1:Job": _job,
    "v1:Service": _service,
    "v1:PersistentVolumeClaim": _claim,
}


def _troubles(api: Api, live: Object) -> list[str]:
    """What the pods of a workload say about why they do not run."""
    labels = ((live.get("spec") or {}).get("selector") or {}).get("matchLabels")
    if not labels:
        return []
    selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    pods = api.list("v1", "Pod", live["metadata"]["namespace"], labelSelector=selector)
    return sorted({f"pod {pod['metadata']['name']}: {why}" for pod in pods for why in _troubles_of(pod)})


def _troubles_of(pod: Object) -> list[str]:
    status = pod.get("status") or {}
    told = [each["message"] for each in _conditions(pod) if each["status"] == "False" and each.get("message")]
    for container in status.get("containerStatuses") or ():
        waiting = (container.get("state") or {}).get("waiting")
        if waiting:
            told.append(f"{container['name']}: {waiting.get('reason', '')} {waiting.get('message', '')}".strip())
    return told
