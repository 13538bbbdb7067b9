"""What the engine would do, explained: whose doing each difference is, and where it was caused.

Three values of each field decide: *before*, as it was last applied, resource by resource; *after*, as the Spec has
it; *live*, as the provider reads it. A field that nobody changed is never told. What the engine finds different though
nothing of it can be seen (a secret, a value of another resource) is told by what it depends on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kusion_dsl.model.change import MISSING, Cause, Change, FieldChange, Step
from kusion_dsl.model.comparison import Compared, Sides, compare
from kusion_dsl.model.difference import differences, labels, same
from kusion_dsl.model.field_owner import manager_of
from kusion_dsl.model.keyed import key_of
from kusion_dsl.model.masking import MASKED
from kusion_dsl.model.pod import at
from kusion_dsl.model.provenance import Origin, Provenance
from kusion_dsl.model.reference import Path, format_path, parse_path, references_of
from kusion_dsl.model.spec import Spec, SpecResource
from kusion_dsl.model.target import KUSTOMIZATION
from kusion_dsl.operations.consequences import with_forced

_ANY = re.compile(r"(^|\.)\*|\[\*\]")

RECREATED = "somebody else deleted it"
REMOVED = "no longer in the Spec"
GONE = "no longer in the Spec, and somebody else deleted it already"
RETAINED = "no longer in the Spec, but to be retained: stays, and is only forgotten"
ALREADY = "somebody else made it so already"
INCOMPLETE = "not kusion's, so it stays as it is; removed, it is written anew. It does not list "
REORDERED = "the items stand in another order, which means nothing"

_NOBODY = Provenance()


def explain(
    steps: tuple[Step, ...],
    before: Mapping[str, SpecResource],
    spec: Spec,
    provenance: Provenance,
    former: Provenance = _NOBODY,
) -> tuple[Change, ...]:
    """The changes behind ``steps``, in order of the Spec, deletions last; resources that stay the same included.

    ``before`` has for each resource what was last applied, ``former`` who had put its fields there.
    """
    by_id = {step.id: step for step in steps}
    changing = {step.id: step for step in steps if step.operation != "same"}
    explained = _Explanation(before, former, provenance, changing)
    kept = [explained.change(by_id[each.id], each) for each in spec.resources if each.id in by_id]
    lists = [explained.listing(step) for step in steps if step.type == KUSTOMIZATION]
    gone = [explained.removal(step) for step in steps if step.id not in spec and step.type != KUSTOMIZATION]
    return with_forced((*kept, *lists, *gone), spec)


@dataclass(frozen=True)
class _Explanation:
    """Explains the steps of one run; ``changing`` are those that do something, by their ids."""

    before: Mapping[str, SpecResource]
    former: Provenance
    provenance: Provenance
    changing: Mapping[str, Step]

    def removal(self, step: Step) -> Change:
        origins = self.former.of(step.id)
        known = self.before.get(step.id)
        if step.operation == "same":
            return Change(step.id, step.type, "same", origins=origins, note=GONE)
        if known is not None and known.options.get("retainOnDelete"):
            return Change(step.id, step.type, "same", origins=origins, note=RETAINED)
        if step.kept:
            return Change(step.id, step.type, "same", origins=origins, note=f"no longer in the Spec, but {step.kept}")
        return Change(step.id, step.type, step.operation, origins=origins, note=REMOVED)

    def listing(self, step: Step) -> Change:
        """A kustomization that does not list what it should; one of somebody else's stays as it is."""
        after = SpecResource(step.id, step.type, step.wanted or {})
        if step.operation == "same":
            return Change(step.id, step.type, "same", note=INCOMPLETE + ", ".join(after.attributes["resources"]))
        return self.change(step, after)

    def change(self, step: Step, after: SpecResource) -> Change:
        before = self.before.get(after.id)
        origins = self.provenance.of(after.id)
        if step.operation == "create":
            return self._creation(step, before, after, origins)
        if step.operation == "adopt":
            return self._adoption(step, after, origins)
        compared = tuple(each for each in compare(_sides(step, before, after)) if each.label not in step.left)
        told = [each for each in compared if each.cause is not None]
        fields = tuple(self._field(each, after, step) for each in told)
        if step.operation == "same":
            fields = tuple(each for each in fields if each.cause == "drift" and not each.applied)
        else:
            fields += tuple(self._hidden(step, after, compared))
        notes = [*_left(step, after), *_note(step, compared, fields)]
        return Change(step.id, step.type, step.operation, fields, origins, "; ".join(notes))

    def _creation(
        self, step: Step, before: SpecResource | None, after: SpecResource, origins: tuple[Origin, ...]
    ) -> Change:
        if step.state is None or step.live is not None:
            return Change(step.id, step.type, "create", origins=origins)
        changed = compare(_sides(replace(step, live=step.state), before, after))
        fields = (replace(self._field(each, after, step), live=MISSING, cause="conflict") for each in changed)
        return Change(step.id, step.type, "create", tuple(fields), origins, RECREATED)

    def _adoption(self, step: Step, after: SpecResource, origins: tuple[Origin, ...]) -> Change:
        """What becomes of what is there already: of secret values only that they differ."""
        names = {path: label for label, path in labels(after.attributes)}
        found = differences(step.live or {}, step.wanted or {})
        fields = [(each.label, each.new_path, each.old, each.new) for each in found]
        unseen = [path for path in map(parse_path, step.differs) if not any(_touches(path, each[1]) for each in fields)]
        fields += [(names.get(path, format_path(path)), path, MASKED, MASKED) for path in unseen]
        changes = tuple(
            FieldChange(label, path, old, new, old, "yours", _origins(self.provenance, after.id, path))
            for label, path, old, new in fields
        )
        return Change(step.id, step.type, "adopt", changes, origins, held_by=step.held_by)

    def _field(self, found: Compared, after: SpecResource, step: Step) -> FieldChange:
        assert found.cause is not None
        hidden = found.cause == "yours" and _is_hidden(found.old_path, step) and _has_drifted(found.old_path, step)
        origins, former = self._responsible(found, after) if _is_known(found) else ((), ())
        return FieldChange(
            label=found.label,
            path=found.new_path,
            before=found.before,
            after=found.after,
            live=MASKED if hidden else found.live,
            cause="conflict" if hidden else found.cause,
            origins=origins,
            former=() if found.cause == "drift" else former,
            applied=not _is_ignored(after, found.new_path),
            by=manager_of(step.managers, found.label),
        )

    def _responsible(self, found: Compared, after: SpecResource) -> tuple[tuple[Origin, ...], tuple[Origin, ...]]:
        """Who has put a value there, and who had put the one before, where that was another.

        Of what nobody wrote but a module made, and of which the module is another one than before, it is the module.
        """
        now = _origins(self.provenance, after.id, found.new_path)
        former = _origins(self.former, after.id, found.old_path)
        if found.before is MISSING or not former:
            return now, ()
        if found.new_path not in self.provenance.fields.get(after.id, {}):
            now, former = _modules_first(now, former)
        if found.after is not MISSING and now and (now[0].kind, now[0].name) == (former[0].kind, former[0].name):
            return now, ()
        return now, former

    def _hidden(self, step: Step, after: SpecResource, told: tuple[Compared, ...]) -> Iterator[FieldChange]:
        """The fields that differ though nothing of it can be seen."""
        names = {path: label for label, path in labels(after.attributes)}
        for text in step.differs:
            path = parse_path(text)
            if _is_told(path, step, told):
                continue
            value = at(after.attributes, path, MISSING)
            follows = tuple(dict.fromkeys(each.id for each in references_of(value) if each.id in self.changing))
            yield FieldChange(
                label=names.get(path, text),
                path=path,
                before=value,
                after=value,
                live=at(step.live, path, MISSING),
                cause=self._whose(path, value, follows, step),
                origins=self.provenance.of(after.id, path),
                follows=follows,
                by=manager_of(step.managers, names.get(path, text)),
            )

    def _whose(self, path: Path, value: object, follows: tuple[str, ...], step: Step) -> Cause:
        """Whose doing it is that a value differs that nobody can see, or that was not known when it was written."""
        drifted = _has_drifted(path, step)
        causes = {_cause_of(self.changing[id]) for id in follows}
        if any(reference.is_secret for reference in references_of(value)) and not drifted:
            causes.add("yours")  # the store has another value than when it was applied
        causes |= {"drift"} if drifted else set()
        if causes == {"yours"}:
            return "yours"
        return "conflict" if "yours" in causes else "drift"


def _sides(step: Step, before: SpecResource | None, after: SpecResource) -> Sides:
    state = step.state or {}
    wanted = state if step.wanted is None else step.wanted
    live = state if step.live is None else step.live
    if before is None:
        return Sides(state, wanted, state, live, wanted)
    return Sides(before.attributes, after.attributes, state, live, wanted)


def _cause_of(step: Step) -> Cause:
    """Whose doing it is that a resource changes, as far as its step alone tells."""
    return "drift" if step.operation == "create" and step.state is not None else "yours"


def _origins(provenance: Provenance, id: str, path: Path) -> tuple[Origin, ...]:
    """Who put a field there. A subtree that is new as a whole is told with who put its first part there."""
    own = provenance.of(id, path)
    known = provenance.fields.get(id, {})
    inner = () if path in known else [each for each in known if each[: len(path)] == path]
    return (*provenance.of(id, min(inner, key=format_path))[:1], *own) if inner else own


def _modules_first(
    now: tuple[Origin, ...], former: tuple[Origin, ...]
) -> tuple[tuple[Origin, ...], tuple[Origin, ...]]:
    """Both with their modules first, where these are not the same."""
    modules = [[each for each in origins if each.kind == "module"] for origins in (now, former)]
    if not all(modules) or {each.name for each in modules[0]} == {each.name for each in modules[1]}:
        return now, former
    return tuple(dict.fromkeys((*modules[0], *now))), tuple(dict.fromkeys((*modules[1], *former)))


def _is_known(found: Compared) -> bool:
    """Whether the Spec says, or said, something of a field."""
    return found.before is not MISSING or found.after is not MISSING


def _left(step: Step, after: SpecResource) -> Iterator[str]:
    """What is not as the Spec has it and is left to somebody, in words."""
    for text, whom in step.left.items():
        live, meant = (at(side, parse_path(text), MISSING) for side in (step.live, after.attributes))
        if meant is not MISSING and not same(live, meant):
            yield f"{text} is left to {whom}: {live} instead of {meant}"


def _note(step: Step, compared: tuple[Compared, ...], fields: tuple[FieldChange, ...]) -> Iterator[str]:
    already = [each.label for each in compared if each.cause is None]
    if step.operation == "replace" and step.replaces:
        yield f"forced by {', '.join(step.replaces)}"
    elif already:
        yield f"{ALREADY}: {', '.join(already)}"
    elif step.operation == "update" and step.differs and not fields:
        yield REORDERED


def _is_hidden(path: Path, step: Step) -> bool:
    """Whether nothing is to be seen of a live value."""
    return bool(at(step.live, path) == MASKED)


def _has_drifted(path: Path, step: Step) -> bool:
    return any(_touches(parse_path(each), path) for each in step.drifted)


def _touches(one: Path, other: Path) -> bool:
    """Whether one path is the other, or within it."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _is_told(path: Path, step: Step, told: tuple[Compared, ...]) -> bool:
    """Whether a difference that the engine found is among what is told already, or is of no meaning.

    The engine numbers the items of a list: where one of a keyed list came, went or moved, all behind it differ.
    """
    if any(_touches(each.new_path, path) or _touches(each.old_path, path) for each in told):
        return True
    lists = [path[:length] for length, part in enumerate(path) if isinstance(part, int)]
    return any(_has_moved(step, each) for each in lists)


def _has_moved(step: Step, path: Path) -> bool:
    """Whether the items of a keyed list stand in another order, or are others, live than wanted."""
    live, wanted = (at(side, path, MISSING) for side in (step.live, step.wanted))
    if not isinstance(live, list) or not isinstance(wanted, list):
        return False
    key = key_of(path[-1] if path else None, live, wanted)
    return key is not None and [item[key] for item in live] != [item[key] for item in wanted]


def _is_ignored(resource: SpecResource, path: Path) -> bool:
    """Whether the option ``ignoreChanges`` names a field, or what it is part of
    (https://www.pulumi.com/docs/iac/concepts/options/ignorechanges/)."""
    patterns = resource.options.get("ignoreChanges", ())
    return any(_fits(_pattern(each), path) for each in patterns)


def _pattern(text: str) -> Path:
    return parse_path(_ANY.sub('["*"]', text))


def _fits(pattern: Path, path: Path) -> bool:
    return len(pattern) <= len(path) and all(each in ("*", step) for each, step in zip(pattern, path, strict=False))
