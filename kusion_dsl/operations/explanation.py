"""What the engine would do, explained: whose doing each difference is, and where it was caused.

Three values of each field decide: *before*, as it was last applied, resource by resource; *after*, as the Spec has
it; *live*, as the provider reads it. A field that nobody changed is never told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kusion_dsl.model.change import Cause, Change, FieldChange, Step
from kusion_dsl.model.difference import Difference, differences, labels
from kusion_dsl.model.masking import MASKED
from kusion_dsl.model.pod import at
from kusion_dsl.model.provenance import Origin, Provenance
from kusion_dsl.model.reference import format_path, parse_path, references_of
from kusion_dsl.model.spec import Spec, SpecResource

RECREATED = "somebody else deleted it"
REMOVED = "no longer in the Spec"


def explain(
    steps: tuple[Step, ...], before: Mapping[str, SpecResource], spec: Spec, provenance: Provenance
) -> tuple[Change, ...]:
    """The changes behind ``steps``, in order of the Spec, deletions last; resources that stay the same included.

    ``before`` has for each resource what was last applied.
    """
    by_id = {step.id: step for step in steps}
    changing = {step.id for step in steps if step.operation != "same"}
    kept = [
        _change(by_id[each.id], before.get(each.id), each, provenance, changing)
        for each in spec.resources
        if each.id in by_id
    ]
    gone = [step for step in steps if step.id not in spec]
    return (*kept, *(Change(step.id, step.type, step.operation, note=REMOVED) for step in gone))


def _change(
    step: Step, before: SpecResource | None, after: SpecResource, provenance: Provenance, changing: set[str]
) -> Change:
    origins = provenance.of(after.id)
    if step.operation == "create":
        note = RECREATED if step.state is not None and step.live is None else ""
        return Change(step.id, step.type, "create", origins=origins, note=note)
    if step.operation == "same":
        return Change(step.id, step.type, "same", origins=origins)
    fields = _fields(step, before, after, provenance)
    fields += tuple(_hidden(step, after, fields, provenance, changing))
    note = f"forced by {', '.join(step.replaces)}" if step.operation == "replace" and step.replaces else ""
    return Change(step.id, step.type, step.operation, fields, origins, note)


def _fields(
    step: Step, before: SpecResource | None, after: SpecResource, provenance: Provenance
) -> tuple[FieldChange, ...]:
    known = before.attributes if before is not None else (step.state or {})
    wanted = after.attributes if before is not None else (step.wanted or {})
    yours = {each.label: each for each in differences(known, wanted)}
    drift = {each.label: each for each in differences(step.state or {}, step.live or {})}
    changes = []
    for label in [*yours, *(label for label in drift if label not in yours)]:
        mine, theirs = yours.get(label), drift.get(label)
        if mine is not None and theirs is not None and theirs.new == mine.new:
            continue
        changes.append(_field(label, mine, theirs, step, after, provenance))
    return tuple(changes)


def _hidden(
    step: Step, after: SpecResource, told: tuple[FieldChange, ...], provenance: Provenance, changing: set[str]
) -> Iterator[FieldChange]:
    """The fields that differ though nothing of it can be seen: secrets, and values of resources that change too."""
    names = {path: label for label, path in labels(after.attributes)}
    for text in step.differs:
        path = parse_path(text)
        label = names.get(path, format_path(path))
        if any(each.label.startswith(label) or label.startswith(each.label) for each in told):
            continue
        value = at(after.attributes, path)
        follows = any(reference.id in changing for reference in references_of(value))
        cause: Cause = "yours" if follows else "drift"
        yield FieldChange(label, path, value, value, MASKED, cause, provenance.of(after.id, path))


def _field(
    label: str,
    mine: Difference | None,
    theirs: Difference | None,
    step: Step,
    after: SpecResource,
    provenance: Provenance,
) -> FieldChange:
    if mine is not None:
        cause: Cause = "conflict" if theirs is not None else "yours"
        live = theirs.new if theirs is not None else mine.old
        return FieldChange(label, mine.new_path, mine.old, mine.new, live, cause, _origins(mine, after, provenance))
    assert theirs is not None
    wanted = at(step.wanted or {}, theirs.old_path)
    value = theirs.old if wanted is None else wanted
    return FieldChange(label, theirs.old_path, value, value, theirs.new, "drift", _origins(theirs, after, provenance))


def _origins(difference: Difference, after: SpecResource, provenance: Provenance) -> tuple[Origin, ...]:
    """Who put the field there. A subtree that is new as a whole is told with who put its first part there."""
    own = provenance.of(after.id, difference.new_path)
    inner = [path for path in provenance.paths(after.id) if path[: len(difference.new_path)] == difference.new_path]
    return (*provenance.of(after.id, inner[0])[:1], *own) if inner and inner[0] != difference.new_path else own
