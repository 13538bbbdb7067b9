"""What a stack's releases say about what exists: read from the newest one back, and no further than needed."""

from __future__ import annotations

from collections.abc import Iterable

from kusion_dsl.model.release import History
from kusion_dsl.model.spec import SpecResource


def last_applied(newest_first: Iterable[History]) -> dict[str, SpecResource]:
    """For each resource that exists, in order of the ids: as the newest release has it in which it succeeded.

    That is not always the last release: one that failed may have reached it or not. What exists is said by the newest
    release that knows (see :func:`tells`), and by the single results of those after it.
    """
    known: dict[str, SpecResource | None] = {}
    existing: frozenset[str] | None = None
    for history in newest_first:
        if existing is None and tells(history):
            existing = frozenset(history.phases[-1].resources)
        for id, resource in _achieved(history).items():
            if existing is None or id in existing:
                known.setdefault(id, resource)
        if existing is not None and existing <= known.keys():
            break
    return {id: resource for id, resource in sorted(known.items()) if resource is not None}


def possibly_live(newest_first: Iterable[History]) -> frozenset[str]:
    """The ids of all resources that may exist, what an unfinished or abandoned release may have made included."""
    ids: set[str] = set()
    for history in newest_first:
        if tells(history):
            ids.update(history.phases[-1].resources)
            break
        ids.update(resource.id for resource in history.release.spec.resources)
    return frozenset(ids)


def tells(history: History) -> bool:
    """Whether the end of a release is known, and with it what exists since then.

    A release that failed before the engine began, or was abandoned and never looked into, says nothing about that.
    """
    if not history.final:
        return False
    end = history.phases[-1]
    return end.phase == "succeeded" or bool(end.results or end.resources)


def _achieved(history: History) -> dict[str, SpecResource | None]:
    """What a release is known to have done: the resource for each that is now as its Spec says, None if deleted."""
    if not history.final:
        return {}
    end, spec = history.phases[-1], history.release.spec
    achieved: dict[str, SpecResource | None] = {}
    if end.phase == "succeeded":
        achieved.update((resource.id, resource) for resource in spec.resources)
    for result in end.results:
        if result.is_applied and result.operation == "delete":
            achieved[result.id] = None
        elif result.is_applied and result.id in spec:
            achieved[result.id] = spec[result.id]
    return achieved
