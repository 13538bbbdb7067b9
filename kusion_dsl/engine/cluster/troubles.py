"""Why an object does not come up: what its pods, its claims and the events of the cluster say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kusion_dsl.engine.cluster.live import Object
from kusion_dsl.engine.cluster.neighbourhood import Neighbourhood
from kusion_dsl.engine.cluster.readiness import condition, is_ready
from kusion_dsl.model.health import Trouble

_STARTING = ("ContainerCreating", "PodInitializing", "")
_CRASHING = "CrashLoopBackOff"
_NOT_CREATED = "FailedCreate"
_OF_A_POD = re.compile(r'pods? "[^"]*" (is forbidden: )?')
"""The pod's name in what a controller says: another one at each try."""


class Crash(NamedTuple):
    """A container whose last lines are of interest; ``previous`` means those of its run before this one."""

    pod: Object
    container: str
    previous: bool


class Finding(NamedTuple):
    """A trouble whose log is still to be read."""

    trouble: Trouble
    crash: Crash | None = None


class _Found(NamedTuple):
    """What is wrong with one pod."""

    what: str
    lasting: bool
    crash: Crash | None = None


def findings(obj: Object, around: Neighbourhood) -> tuple[Finding, ...]:
    """Why ``obj`` has not come up, pods with the same reason in one."""
    pods = around.pods(obj)
    waiting = [pod for pod in pods if not is_ready(pod) and (pod.get("status") or {}).get("phase") != "Succeeded"]
    beside = [*_not_made(obj, len(pods), around), *_claims(waiting, around)]
    return (*map(Finding, beside), *_grouped(waiting, around))


def _grouped(pods: Sequence[Object], around: Neighbourhood) -> Iterator[Finding]:
    found: dict[str, list[tuple[str, _Found]]] = {}
    for pod in pods:
        for each in _of_pod(pod, around):
            found.setdefault(each.what, []).append((str(pod["metadata"]["name"]), each))
    for what, entries in found.items():
        first = entries[0][1]
        names = tuple(dict.fromkeys(name for name, _ in entries))
        yield Finding(Trouble(what, names, lasting=first.lasting), first.crash)


def _not_made(obj: Object, pods: int, around: Neighbourhood) -> Iterator[Trouble]:
    """Why a controller cannot make what ``obj`` needs beside its ``pods``: a quota, an admission webhook, no address."""
    failure = condition(obj, "ReplicaFailure")
    if failure.get("status") == "True":
        yield Trouble(f"{failure.get('reason', '')}: {_nameless(failure.get('message', ''))}", lasting=True)
        return
    events = around.warnings(obj, *around.makers(obj)) if obj["kind"] != "Pod" else ()
    is_complete = pods >= int(obj.get("spec", {}).get("replicas", pods or 1))
    told = [each for each in events if not (each["reason"] == _NOT_CREATED and is_complete)]
    for event in told[-1:]:  # what was said last is what holds now
        what = f"{event['reason']}: {_nameless(event.get('message', ''))}"
        yield Trouble(what, lasting=event["reason"] == _NOT_CREATED)


def _claims(pods: Sequence[Object], around: Neighbourhood) -> Iterator[Trouble]:
    """Claims that pods wait for and that are not bound, as a pod says only that it is not scheduled."""
    volumes = [each for pod in pods for each in pod["spec"].get("volumes") or ()]
    names = dict.fromkeys(
        each["persistentVolumeClaim"]["claimName"] for each in volumes if "persistentVolumeClaim" in each
    )
    claims = around.claims if names else None
    if claims is None:
        return
    for name in names:
        claim = claims.get(name)
        if claim is None:
            yield Trouble(f"the PersistentVolumeClaim {name} does not exist", lasting=True)
        elif (claim.get("status") or {}).get("phase") != "Bound":
            said = [f": {event.get('message', '')}" for event in around.warnings(claim)][-1:]
            yield Trouble(f"the PersistentVolumeClaim {name} is not bound{''.join(said)}")


def _of_pod(pod: Object, around: Neighbourhood) -> Iterator[_Found]:
    """What is wrong with a pod, the decisive first."""
    status = pod.get("status") or {}
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        yield _Found(f"{scheduled.get('reason', 'Unschedulable')}: {scheduled.get('message', '')}", lasting=True)
        return
    if status.get("phase") == "Failed" and status.get("reason"):
        yield _Found(f"{status['reason']}: {status.get('message', '')}", lasting=False)
        return
    states = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    found = [each for state in states for each in _of_container(pod, state)]
    yield from found
    if not found:
        yield from _of_events(pod, around)


def _of_container(pod: Object, container: Mapping[str, Any]) -> Iterator[_Found]:
    name, state = container["name"], container.get("state") or {}
    last = (container.get("lastState") or {}).get("terminated")
    waiting, ended = state.get("waiting") or {}, state.get("terminated")
    reason = waiting.get("reason", "")
    if reason == _CRASHING:
        yield _Found(f"container {name}: {reason}: {_exit(last)}", lasting=True, crash=Crash(pod, name, previous=False))
    elif reason not in _STARTING:
        yield _Found(f"container {name}: {': '.join(filter(None, (reason, waiting.get('message'))))}", lasting=True)
    elif ended and ended.get("exitCode"):
        yield _Found(f"container {name}: {_exit(ended)}", lasting=False, crash=Crash(pod, name, previous=False))
    elif last and last.get("exitCode") and not container.get("ready"):
        what = f"container {name}: it was started again: {_exit(last)}"
        yield _Found(what, lasting=False, crash=Crash(pod, name, previous="running" in state))


def _exit(terminated: Mapping[str, Any] | None) -> str:
    if not terminated:
        return "it ends again and again"
    reason = terminated.get("reason", "")
    beside = f" ({reason})" if reason not in ("", "Error") else ""
    return f"it ended with exit code {terminated.get('exitCode', '?')}{beside}"


def _of_events(pod: Object, around: Neighbourhood) -> Iterator[_Found]:
    """The last warning about a pod whose containers say nothing: a probe that fails, a volume that is not mounted."""
    for event in around.warnings(pod)[-1:]:
        path = re.search(r"\{(.+)\}", str((event.get("involvedObject") or {}).get("fieldPath", "")))
        container = f"container {path[1]}: " if path else ""
        yield _Found(f"{container}{event.get('reason', '')}: {str(event.get('message', '')).strip()}", lasting=False)


def _nameless(message: str) -> str:
    return _OF_A_POD.sub("", message)
