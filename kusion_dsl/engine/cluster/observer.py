"""How the objects of a Spec are doing: one look at the cluster, with few requests however many objects there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from kusion_dsl.engine.cluster.live import LiveObjects, Object
from kusion_dsl.engine.cluster.neighbourhood import Neighbourhood, seen
from kusion_dsl.engine.cluster.readiness import Readiness, has_readiness, is_ready, readiness
from kusion_dsl.engine.cluster.troubles import Crash, findings
from kusion_dsl.errors import EngineError
from kusion_dsl.model.health import Condition, Event, Health, HealthStatus, PodState, Trouble
from kusion_dsl.model.masking import Mask
from kusion_dsl.model.spec import KUBERNETES, SpecResource

RULE = "health.kcl"
"""Where a Spec has the workspace's policy for a resource."""

_LOG_LINES = 10
_EVENTS = 20
"""So many of the newest events of an object are shown."""

_Place = tuple[str, str, str]


def needs_time(resource: SpecResource) -> bool:
    """Whether a resource has to come up: by its kind, as a workload, or because the workspace says when it is well."""
    if resource.package != KUBERNETES:
        return False
    api_version, kind = kind_of(resource)
    return has_readiness(api_version, kind) or resource.workload or bool(resource.health)


def kind_of(resource: SpecResource) -> tuple[str, str]:
    """The ``apiVersion`` and the kind of a Kubernetes resource, from its type token."""
    _, api_version, kind = resource.type.split(":", 2)
    return api_version.removeprefix("core/"), kind


class Observer:
    """Looks at objects. What a crashed container said last is read once for each time that it crashed.

    ``mask`` knows the secrets: what containers and controllers say passes it. With ``everything`` a look is one to be
    shown: pods and events of what is ready are read, too.
    """

    def __init__(self, live: LiveObjects, mask: Mask, *, logs: bool = True, everything: bool = False) -> None:
        self._live = live
        self._mask = mask
        self._with_logs = logs
        self._everything = everything
        self._logs: dict[tuple[str, str, int], tuple[str, ...]] = {}

    def look(self, resources: Sequence[SpecResource]) -> dict[str, Health]:
        """How ``resources``, all of them Kubernetes objects, are doing now, by id. Raises EngineError."""
        places: dict[_Place, list[SpecResource]] = {}
        for resource in resources:
            places.setdefault((*kind_of(resource), _namespace(resource)), []).append(resource)
        around: dict[str, Neighbourhood] = {}
        health: dict[str, Health] = {}
        for place, there in places.items():
            namespace = place[2]
            neighbours = around.setdefault(namespace, Neighbourhood(self._live, namespace, everything=self._everything))
            objects = self._objects(place, [str(each.attributes["metadata"]["name"]) for each in there])
            for resource in there:
                obj = objects.get(str(resource.attributes["metadata"]["name"]))
                health[resource.id] = self._health(resource, obj, neighbours) if obj else _gone(resource)
        return health

    def _objects(self, place: _Place, names: Sequence[str]) -> dict[str, Object]:
        """The objects of a kind in a namespace that are there, by name."""
        api_version, kind, namespace = place
        if len(names) == 1:
            found = self._live.get(api_version, kind, names[0], namespace)
            return {names[0]: found} if found else {}
        listed = self._live.list(api_version, kind, namespace)
        return {str(each["metadata"]["name"]): each for each in listed}

    def _health(self, resource: SpecResource, obj: Object, around: Neighbourhood) -> Health:
        judged = readiness(obj, around, resource.health.get(RULE, ""))
        troubles = () if judged.status == "ready" else tuple(self._troubles(obj, around))
        health = Health(_status(judged, troubles), self._mask.text(judged.text), troubles)
        return self._in_full(health, obj, around) if self._everything else health

    def _troubles(self, obj: Object, around: Neighbourhood) -> Iterator[Trouble]:
        for trouble, crash in findings(obj, around):
            log = self._log(crash) if crash and self._with_logs else ()
            yield replace(trouble, what=self._mask.text(trouble.what), log=log)

    def _log(self, crash: Crash) -> tuple[str, ...]:
        """The last lines of a container; none where the API does not give them."""
        metadata = crash.pod["metadata"]
        key = (str(metadata.get("uid")), crash.container, _restarts(crash.pod))
        if key not in self._logs:
            name, namespace = str(metadata["name"]), str(metadata["namespace"])
            try:
                text = self._live.log(name, namespace, crash.container, lines=_LOG_LINES, previous=crash.previous)
            except EngineError:  # a reason without its log is better than none
                text = ""
            self._logs[key] = tuple(self._mask.text(text).rstrip().splitlines()[-_LOG_LINES:])
        return self._logs[key]

    def _in_full(self, health: Health, obj: Object, around: Neighbourhood) -> Health:
        pods = around.pods(obj)
        events = around.events(obj, *around.makers(obj), *(pod for pod in pods if pod is not obj))
        return self._masked(
            replace(
                health,
                pods=tuple(map(_pod_state, pods)),
                conditions=tuple(_conditions(obj)),
                events=tuple(map(_event, events[-_EVENTS:])),
            )
        )

    def _masked(self, health: Health) -> Health:
        text = self._mask.text
        return replace(
            health,
            conditions=tuple(each._replace(message=text(each.message)) for each in health.conditions),
            events=tuple(each._replace(message=text(each.message)) for each in health.events),
        )


def _status(judged: Readiness, troubles: Sequence[Trouble]) -> HealthStatus:
    if judged.status == "progressing" and any(each.lasting for each in troubles):
        return "degraded"
    return judged.status


def _gone(resource: SpecResource) -> Health:
    """What is not there; a job that is to be removed at its end has ended
    (https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/)."""
    if "ttlSecondsAfterFinished" in (resource.attributes.get("spec") or {}):
        return Health("ready", "it has ended, and was removed")
    return Health("gone")


def _namespace(resource: SpecResource) -> str:
    """Where the provider puts an object that says nothing; of an object without a namespace it does not matter."""
    return str(resource.attributes["metadata"].get("namespace") or "default")


def _pod_state(pod: Object) -> PodState:
    phase = (pod.get("status") or {}).get("phase", "Pending")
    node = pod["spec"].get("nodeName", "")
    return PodState(str(pod["metadata"]["name"]), phase, is_ready(pod), _restarts(pod), node)


def _restarts(pod: Object) -> int:
    status = pod.get("status") or {}
    return sum(int(each.get("restartCount", 0)) for each in status.get("containerStatuses") or ())


def _conditions(obj: Object) -> Iterator[Condition]:
    for each in (obj.get("status") or {}).get("conditions") or ():
        values: dict[str, Any] = {"message": "", "reason": "", **each}
        since = str(values.get("lastTransitionTime") or "")
        yield Condition(str(each["type"]), str(each["status"]), str(values["reason"]), str(values["message"]), since)


def _event(event: Object) -> Event:
    about = event.get("involvedObject") or {}
    times = int((event.get("series") or {}).get("count") or event.get("count") or 1)
    named = f"{about.get('kind', '')}/{about.get('name', '')}"
    reason, message = str(event.get("reason", "")), str(event.get("message", "")).strip()
    return Event(seen(event), str(event.get("type", "")), reason, named, message, times)
