"""Steps of a preview beside the live objects: whose the fields are that differ, and which differences are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kusion_dsl.engine.cluster.live import Object
from kusion_dsl.engine.cluster.objects import DEFINITION, field_manager_of
from kusion_dsl.engine.cluster.ownership import Ownership, ownership_of
from kusion_dsl.engine.cluster.view import View
from kusion_dsl.engine.values import UNKNOWN_TEXT, texts_in
from kusion_dsl.model.change import MISSING, Step
from kusion_dsl.model.difference import same
from kusion_dsl.model.masking import MASKED
from kusion_dsl.model.pod import at
from kusion_dsl.model.reference import parse_path
from kusion_dsl.model.spec import KUBERNETES

_SECRET = "kubernetes:core/v1:Secret"
_DATA = ("data", "stringData")
_OF_THE_SERVER = frozenset({"managedFields", "resourceVersion", "generation"})


def as_read(step: Step, live: Object, predicted: Object | None) -> Step:
    """A step that updates or replaces an object, told as the ``live`` object itself shows it.

    ``predicted`` is what the API server says would become of it, None where it was not asked. An update that only
    reverts what somebody else did, and of which the API server says that it would change nothing, is none: where a
    webhook changes what is applied, or writes an item before ours.
    """
    if not _is_applied(step) or step.state is None or step.wanted is None:
        return step
    owned = ownership_of(live, field_manager_of(step.wanted))
    swept = owned.swept if step.operation == "update" else frozenset()
    seen = View(step.state, step.wanted, owned.others, swept).of(_blinded(step.type, live))
    told = replace(
        step,
        live=seen,
        differs=tuple(path for path in step.differs if _is_different(path, seen, step.wanted)),
        drifted=tuple(path for path in step.drifted if _is_different(path, seen, step.state)),
        managers=owned.others,
    )
    return replace(told, operation="same") if _is_none(step, told, owned, live, predicted) else told


def _is_applied(step: Step) -> bool:
    """Whether it is an object that changes by being applied: the provider replaces definitions as a whole."""
    changes = step.operation in ("update", "replace") and step.type.startswith(f"{KUBERNETES}:")
    return changes and step.type != DEFINITION


def _blinded(type: str, live: Object) -> Object:
    """A Secret without what it hides: of what others put there the provider does not know that it is secret."""
    if type != _SECRET:
        return live
    return {**live, **{name: dict.fromkeys(live[name] or {}, MASKED) for name in _DATA if name in live}}


def _is_different(text: str, live: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    path = parse_path(text)
    one, two = at(live, path, MISSING), at(other, path, MISSING)
    return _is_hidden(one) or _is_hidden(two) or not same(one, two)


def _is_hidden(value: Any) -> bool:
    return any(hidden in text for text in texts_in(value) for hidden in (MASKED, UNKNOWN_TEXT))


def _is_none(step: Step, told: Step, owned: Ownership, live: Object, predicted: Object | None) -> bool:
    if step.operation != "update" or not step.differs or predicted is None or _is_hidden(step.wanted):
        return False
    ours_is_unchanged = same(step.state, step.wanted) and not owned.swept
    return ours_is_unchanged and same(_written(live), _written(predicted))


def _written(obj: Object) -> dict[str, Any]:
    """What of an object somebody writes, as opposed to the API server."""
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in _OF_THE_SERVER}
    return {**{key: value for key, value in obj.items() if not key.startswith("__")}, "metadata": metadata}
