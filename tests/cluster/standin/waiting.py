"""Waiting: until an object has come up, by its kind or as ``pulumi.com/waitFor`` says, and until it is gone."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from tests.cluster.standin.api import Api, Object
from tests.cluster.standin.looks import Look, conditions, look_at

_EVERY = 0.2  # seconds between two looks
_SETTLED = 10.0  # seconds after which a Service without any pods will have none
_TIMEOUT = 600.0
_CLAIM_TIMEOUT = 300.0  # whatever is said
_PREFIX = "pulumi.com/"
_UNAWAITED_GONE = frozenset(
    {"Namespace", "Pod", "ReplicationController", "DaemonSet", "Deployment", "StatefulSet", "Job"}
)
"""Kinds whose end is not waited for with ``skipAwait``."""

Say = Callable[[Literal["info", "warning"], str], None]
"""Tells the user while it is waited; an empty text takes back what was told last."""


class NotReadyError(Exception):
    """It exists, and its operation is not at its end: why, and details."""

    def __init__(self, live: Object, why: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.live = live
        self.details = details


class Waiting(NamedTuple):
    """How it is waited: ``timeout`` seconds where the resource has its own, else 0."""

    api: Api
    timeout: float
    say: Say
    cancelled: Callable[[], bool]

    def deadline(self, obj: Mapping[str, Any]) -> float:
        """When waiting for an object ends: its own timeout, its annotation's, or ten minutes from now."""
        return time.monotonic() + (self.timeout or float(annotation(obj, "timeoutSeconds") or _TIMEOUT))


def annotation(obj: Mapping[str, Any], name: str) -> str:
    """The annotation ``pulumi.com/<name>``; empty without one."""
    return str(((obj.get("metadata") or {}).get("annotations") or {}).get(_PREFIX + name) or "")


def is_true(value: Any) -> bool:
    """Whether a setting or an annotation is on."""
    return str(value).lower() == "true"


def wait_until_ready(waiting: Waiting, live: Object) -> Object:
    """The object once it has come up. Raises NotReadyError, ApiError."""
    if is_true(annotation(live, "skipAwait")):
        waiting.say("info", "Skipping await logic")
        return live
    began = time.monotonic()
    deadline = waiting.deadline(live)
    if live["kind"] == "PersistentVolumeClaim":
        deadline = began + _CLAIM_TIMEOUT
    while (look := _look(waiting.api, live)).pending:
        waiting.say("info", look.pending)
        for each in look.warnings:
            waiting.say("warning", each)
        if look.settles and time.monotonic() > began + _SETTLED:
            break
        if look.failed or time.monotonic() > deadline or waiting.cancelled():
            raise NotReadyError(live, _why(waiting, live, look), look.reasons)
        time.sleep(_EVERY)
        live = _again(waiting.api, live)
    waiting.say("info", look.done)
    waiting.say("info", "")
    return live


def wait_until_gone(waiting: Waiting, live: Object, inputs: Mapping[str, Any]) -> None:
    """Return when the object is gone, or another one has its name. Raises NotReadyError, ApiError.

    What the annotations say is what ``inputs`` say, whatever stands at the live object.
    """
    if live["kind"] in _UNAWAITED_GONE and is_true(annotation(inputs, "skipAwait")):
        return
    deadline, metadata = waiting.deadline(inputs), live["metadata"]
    while True:
        now = waiting.api.get(live["apiVersion"], live["kind"], metadata.get("namespace", ""), metadata["name"])
        if now is None or now["metadata"]["uid"] != metadata["uid"]:
            return
        if time.monotonic() > deadline or waiting.cancelled():
            raise NotReadyError(now, "timed out waiting for the condition")
        time.sleep(_EVERY)


def _why(waiting: Waiting, live: Object, look: Look) -> str:
    name = live["metadata"]["name"]
    if look.failed:
        return f"Resource '{name}' was created but failed to initialize"
    if waiting.cancelled():
        return f'Resource operation was cancelled for "{name}"'
    return (
        "timed out waiting for the condition"
        if annotation(live, "waitFor")
        else f"'{name}' timed out waiting to be Ready"
    )


def _again(api: Api, live: Object) -> Object:
    """The object now; as it was last where somebody has deleted it, which the real one does not take as an end."""
    metadata = live["metadata"]
    return api.get(live["apiVersion"], live["kind"], metadata.get("namespace", ""), metadata["name"]) or live


def _look(api: Api, live: Object) -> Look:
    custom = annotation(live, "waitFor")
    if not custom:
        return look_at(api, live)
    listed = json.loads(custom) if custom.startswith("[") else [custom]
    return Look(next((f"Waiting for {each}" for each in listed if not _holds(live, each)), ""))


def _holds(live: Object, expected: str) -> bool:
    """``condition=Type[=Status]``, or ``jsonpath={.path}[=value]`` of plain fields."""
    kind, _, rest = expected.partition("=")
    if kind == "condition":
        name, _, status = rest.partition("=")
        return bool(conditions(live).get(name, {}).get("status") == (status or "True"))
    path, _, wanted = rest.partition("}")
    value: Any = live
    for part in re.findall(r"[^.\[\]]+", path.lstrip("{")):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value is not None and (not wanted or str(value) == wanted.lstrip("="))
