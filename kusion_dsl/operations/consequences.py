"""What a change of one resource makes of others: which of them change only because it does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kusion_dsl.model.change import Change
from kusion_dsl.model.spec import Spec


def with_forced(changes: tuple[Change, ...], spec: Spec) -> tuple[Change, ...]:
    """``changes`` with, for each, the ids of the resources that change because of it, in their order."""
    forced: dict[str, list[str]] = {}
    for change in changes:
        for id in _causes(change, spec, {each.id for each in changes if each.operation == "replace"}):
            forced.setdefault(id, []).append(change.id)
    return tuple(replace(each, forces=tuple(forced[each.id])) if each.id in forced else each for each in changes)


def _causes(change: Change, spec: Spec, replaced: set[str]) -> Iterable[str]:
    """The resources because of which one changes: whose values it takes; or, where nothing else of it changes, those
    that it depends on and that are replaced, for then Pulumi replaces it too."""
    if change.operation == "same":
        return ()
    follows = dict.fromkeys(id for field in change.fields for id in field.follows)
    resource = spec.get(change.id)
    if change.operation == "replace" and not change.fields and resource is not None:
        follows.update(dict.fromkeys(id for id in resource.depends_on if id in replaced))
    return tuple(follows)
