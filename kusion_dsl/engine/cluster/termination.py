"""Why what is being deleted is still there, so that neither it can go nor anything new be put into it.

An object with finalizers is only marked as being deleted; it goes when whoever set them has taken the last one away
(https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/). A Namespace waits for everything in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from kusion_dsl.engine.cluster.live import LiveObjects, Object
from kusion_dsl.errors import EngineError, Problem

_AT_ONCE = 8
_MOST_NAMED = 5
_TERMINATING = re.compile(r"namespace (\S+) because it is being terminated")
_TROUBLES = ("NamespaceDeletionDiscoveryFailure", "NamespaceDeletionGroupVersionParsingFailure")
"""Conditions of a Namespace that cannot even be looked through; other conditions say what the objects themselves say."""

_HINT = (
    "see that whoever set the finalizer runs and lets go; if it is gone for good, take the finalizer away with "
    '`kubectl patch --type=merge -p \'{"metadata":{"finalizers":null}}\'`; then run this again'
)


def with_holders(live: LiveObjects | None, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """``problems``, those that are about what is being deleted with what holds it, and what to do about that."""
    return tuple(_with_holders(live, problem) if live is not None else problem for problem in problems)


def _with_holders(live: LiveObjects, problem: Problem) -> Problem:
    holders: list[str] = []
    with suppress(EngineError):  # what cannot be found out does not make the problem less true
        holders.extend(_holders(live, problem))
    if not holders:
        return problem
    more = [f"and {len(holders) - _MOST_NAMED} more"] if len(holders) > _MOST_NAMED else []
    return problem._replace(details=(*problem.details, *holders[:_MOST_NAMED], *more), hint=_HINT)


def _holders(live: LiveObjects, problem: Problem) -> Iterator[str]:
    found = _TERMINATING.search(problem.what)
    id = f"v1:Namespace:{found[1]}" if found else str(problem.where or "")
    api_version, _, rest = id.partition(":")
    kind, _, names = rest.partition(":")
    namespace, _, name = names.rpartition(":")
    obj = live.get(api_version, kind, name, namespace) if name else None
    if obj is None:
        return
    yield from _held(kind, obj)
    if kind == "Namespace" and _is_going(obj):
        yield from _held_within(live, obj)


def _is_going(obj: Object) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))


def _held(kind: str, obj: Object) -> Iterator[str]:
    finalizers = obj["metadata"].get("finalizers") or ()
    if finalizers and _is_going(obj):
        plural = "finalizers" if len(finalizers) > 1 else "finalizer"
        yield f"{kind} {obj['metadata']['name']} is being deleted, and held by its {plural} {', '.join(finalizers)}"


def _held_within(live: LiveObjects, namespace: Object) -> Iterator[str]:
    name = namespace["metadata"]["name"]
    for condition in (namespace.get("status") or {}).get("conditions") or ():
        if condition["type"] in _TROUBLES and condition["status"] == "True":
            yield f"Namespace {name}: {condition.get('message', condition['type'])}"
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for objects in pool.map(lambda kind: live.list(kind[0], kind[1], name), live.kinds()):
            for each in objects:
                yield from _held(each["kind"], each)
