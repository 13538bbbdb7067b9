"""A cluster in memory, as much as a look at one needs: an API server that answers from a list of objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kusion_dsl.engine.cluster.connection import Answer, Connection
from kusion_dsl.engine.cluster.kubeconfig import Access
from kusion_dsl.errors import EngineError

NAMESPACE = "shop"
_PLURALS = {"PersistentVolumeClaim": "persistentvolumeclaims", "StorageClass": "storageclasses"}
_OF_THE_CLUSTER = {"StorageClass", "Namespace"}

Object = dict[str, Any]


class ClusterInMemory(Connection):
    """Answers from ``objects``; ``logs`` are by container, ``asked`` are the questions; ``down`` answers none, and
    none is answered about ``forbidden`` collections.
    """

    def __init__(self, *objects: Object) -> None:
        super().__init__(Access("memory", {"server": "https://memory"}, {}))
        self.objects = list(objects)
        self.logs: dict[str, str] = {}
        self.asked: list[str] = []
        self.down = False
        self.forbidden: set[str] = set()

    def ask(self, path: str, query: Mapping[str, str] | None = None, applied: Any = None) -> Answer:
        """Answer as an API server does."""
        self.asked.append(path)
        if self.down:
            raise EngineError("the cluster cannot be reached")
        if path.endswith("/log"):
            return Answer(200, self.logs.get((query or {})["container"], "").encode())
        root, rest = _split(path)
        if rest[:1] and rest[0] in self.forbidden:
            return Answer(403, b"{}")
        if not rest:
            return _json({"resources": [_resource(each) for each in self.objects if _root(each) == root]})
        found = [each for each in self.objects if _root(each) == root and _collection(each) == rest[0]]
        if len(rest) == 1:
            return _json({"items": [_item(each) for each in found if _fits(each, query or {})]})
        named = [each for each in found if each["metadata"]["name"] == rest[1]]
        return _json(named[0]) if named else Answer(404, b"{}")


def made(api_version: str, kind: str, name: str, **fields: Any) -> Object:
    """An object of the namespace, with a uid of its own."""
    metadata = {"name": name, "namespace": NAMESPACE, "uid": f"{kind}-{name}", **fields.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def owned(obj: Object, owner: Object) -> Object:
    """``obj`` as ``owner`` made it."""
    reference = {"uid": owner["metadata"]["uid"], "controller": True}
    return {**obj, "metadata": {**obj["metadata"], "ownerReferences": [reference]}}


def deployment(wanted: int = 2, ready: int = 0, **status: Any) -> Object:
    """A Deployment, ``web``, at its second revision."""
    counted = {"replicas": wanted, "updatedReplicas": wanted, "availableReplicas": ready}
    return made(
        "apps/v1",
        "Deployment",
        "web",
        metadata={"generation": 2, "annotations": {"deployment.kubernetes.io/revision": "2"}},
        spec={"replicas": wanted},
        status={"observedGeneration": 2, **counted, **status},
    )


def replica_set(revision: int = 2) -> Object:
    """The ReplicaSet of a revision of ``web``."""
    annotations = {"deployment.kubernetes.io/revision": str(revision)}
    return owned(made("apps/v1", "ReplicaSet", f"web-{revision}", metadata={"annotations": annotations}), deployment())


def pod(name: str, owner: Object | None = None, *, ready: bool = False, **status: Any) -> Object:
    """A pod with one container, ``main``."""
    conditions = [{"type": "Ready", "status": str(ready)}, *status.pop("conditions", [])]
    status = {"phase": "Running", "conditions": conditions, **status}
    made_pod = made("v1", "Pod", name, metadata={"labels": {"app": "web"}}, spec={"nodeName": "n1"}, status=status)
    return owned(made_pod, owner or replica_set())


def container(state: Any, *, last: Any = None, restarts: int = 0) -> Any:
    """The status of the container ``main``."""
    return {"name": "main", "ready": False, "restartCount": restarts, "state": state, "lastState": last or {}}


def event(obj: Object, reason: str, message: str, at: str = "2025-01-01T00:00:00Z", type: str = "Warning") -> Object:
    """An event about ``obj``."""
    about = {"uid": obj["metadata"]["uid"], "kind": obj["kind"], "name": obj["metadata"]["name"]}
    rest = {"reason": reason, "message": message, "type": type, "lastTimestamp": at}
    return made("v1", "Event", f"{obj['metadata']['name']}.{reason}.{at}", involvedObject=about, **rest)


def _json(value: Any) -> Answer:
    return Answer(200, json.dumps(value).encode())


def _split(path: str) -> tuple[str, list[str]]:
    parts = path.strip("/").split("/")
    length = 2 if parts[0] == "api" else 3
    rest = parts[length:]
    return "/" + "/".join(parts[:length]), rest[2:] if rest[:1] == ["namespaces"] and len(rest) > 2 else rest


def _root(obj: Object) -> str:
    version = obj["apiVersion"]
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def _collection(obj: Object) -> str:
    return _PLURALS.get(obj["kind"], f"{obj['kind'].lower()}s")


def _resource(obj: Object) -> Any:
    namespaced = obj["kind"] not in _OF_THE_CLUSTER
    return {"kind": obj["kind"], "name": _collection(obj), "namespaced": namespaced, "verbs": ["list"]}


def _item(obj: Object) -> Object:
    return {key: value for key, value in obj.items() if key not in ("apiVersion", "kind")}


def _fits(obj: Object, query: Mapping[str, str]) -> bool:
    selector = query.get("fieldSelector", "")
    key, _, value = selector.partition("=")
    return not selector or str(obj.get(key)) == value
