"""What a namespace has beside the objects of a Spec: the pods that controllers made for them, and what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from kusion_dsl.engine.cluster.live import LiveObjects, Object
from kusion_dsl.errors import EngineError

REVISION = "deployment.kubernetes.io/revision"
"""The annotation by which a Deployment names its newest ReplicaSet."""


class Neighbourhood:
    """One look at a namespace: each kind is asked for once, when it is needed first, however many objects need it.

    With ``everything`` all events are read, else only warnings. What the credentials may not read is taken for not
    there: it would only say why an object is as it is.
    """

    def __init__(self, live: LiveObjects, namespace: str, *, everything: bool = False) -> None:
        self._live = live
        self._namespace = namespace
        self._fields = "" if everything else "type=Warning"

    def makers(self, obj: Object) -> tuple[Object, ...]:
        """What makes pods for ``obj``: of a Deployment its newest ReplicaSet, else whatever is its own."""
        owned = self._replica_sets.get(_uid(obj), ())
        newest = _annotation(obj, REVISION)
        return tuple(each for each in owned if not newest or _annotation(each, REVISION) == newest)

    def pods(self, obj: Object) -> tuple[Object, ...]:
        """The pods of ``obj`` by name, those that are on their way out excepted; a pod is its own."""
        if obj["kind"] == "Pod":
            return (obj,)
        owners = [_uid(obj), *map(_uid, self.makers(obj))]
        found = (pod for owner in owners for pod in self._pods.get(owner, ()))
        return tuple(sorted(found, key=lambda pod: str(pod["metadata"]["name"])))

    def selected(self, labels: Mapping[str, str]) -> tuple[Object, ...] | None:
        """The pods that have all of ``labels``; None where pods may not be read."""
        if self._all_pods is None:
            return None
        pods = (pod for owned in self._pods.values() for pod in owned)
        return tuple(pod for pod in pods if labels.items() <= (pod["metadata"].get("labels") or {}).items())

    def events(self, *objects: Object) -> tuple[Object, ...]:
        """The events about ``objects``, the oldest first."""
        found = (event for each in objects for event in self._events.get(_uid(each), ()))
        return tuple(sorted(found, key=seen))

    def warnings(self, *objects: Object) -> tuple[Object, ...]:
        """Those of the events about ``objects`` that are warnings."""
        return tuple(event for event in self.events(*objects) if event.get("type") == "Warning")

    @cached_property
    def _pods(self) -> Mapping[str, list[Object]]:
        return _by_owner(pod for pod in self._all_pods or () if not pod["metadata"].get("deletionTimestamp"))

    @cached_property
    def _all_pods(self) -> tuple[Object, ...] | None:
        return self._listed("v1", "Pod")

    @cached_property
    def _replica_sets(self) -> Mapping[str, list[Object]]:
        return _by_owner(self._listed("apps/v1", "ReplicaSet") or ())

    @cached_property
    def claims(self) -> Mapping[str, Object] | None:
        """The PersistentVolumeClaims by name; None where they may not be read."""
        found = self._listed("v1", "PersistentVolumeClaim")
        return None if found is None else {str(each["metadata"]["name"]): each for each in found}

    @cached_property
    def _events(self) -> Mapping[str, list[Object]]:
        found: dict[str, list[Object]] = {}
        for event in self._listed("v1", "Event", self._fields) or ():
            found.setdefault(str((event.get("involvedObject") or {}).get("uid", "")), []).append(event)
        return found

    def storage_class(self, name: str) -> Object | None:
        """A StorageClass, an empty one where there is none; None where it may not be read."""
        try:
            return self._live.get("storage.k8s.io/v1", "StorageClass", name) or {}
        except EngineError:
            return None

    def _listed(self, api_version: str, kind: str, fields: str = "") -> tuple[Object, ...] | None:
        """The objects of a kind; None where they may not be read."""
        try:
            return self._live.list(api_version, kind, self._namespace, fields=fields)
        except EngineError:
            return None


def seen(event: Object) -> str:
    """When an event was seen last, RFC 3339."""
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return str(next((each for each in times if each), event["metadata"].get("creationTimestamp", "")))


def _by_owner(objects: Iterator[Object] | tuple[Object, ...]) -> dict[str, list[Object]]:
    """Objects by the uid of their controller, the empty one for those without."""
    found: dict[str, list[Object]] = {}
    for each in objects:
        owners: list[dict[str, Any]] = each["metadata"].get("ownerReferences") or [{}]
        owner = next((one for one in owners if one.get("controller")), owners[0])
        found.setdefault(str(owner.get("uid", "")), []).append(each)
    return found


def _uid(obj: Object) -> str:
    return str(obj["metadata"].get("uid", ""))


def _annotation(obj: Object, name: str) -> str:
    return str((obj["metadata"].get("annotations") or {}).get(name, ""))
