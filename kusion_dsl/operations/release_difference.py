"""What differs between two releases: resource by resource and field by field, and in what they were made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kusion_dsl.errors import RefusedError
from kusion_dsl.model.change import MISSING, Change, FieldChange, Operation, Step
from kusion_dsl.model.difference import Difference, differences
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.masking import MASKED
from kusion_dsl.model.provenance import Provenance
from kusion_dsl.model.release import History, Release
from kusion_dsl.model.spec import Spec, SpecResource
from kusion_dsl.operations.explanation import explain
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.selection import Selection, select_ref


@dataclass(frozen=True)
class ReleaseDifference:
    """Two releases of a stack and what differs.

    - ``facts``: what they were made from: modules, workspace, options, target, source, providers, ...
    - ``changes``: every resource of either, those that are the same included, each field with who put it there
    """

    ref: StackRef
    old: History
    new: History
    facts: tuple[Difference, ...]
    changes: tuple[Change, ...]


def diff_releases(host: Host, selection: Selection, old: int = 0, new: int = 0) -> ReleaseDifference:
    """Compare two releases of the selected stack: ``old`` with the newest, by default the one before with that.

    Raises RefusedError where there are not two, StorageError where one does not exist, DamagedError, NewerFormatError.
    """
    ref, _ = select_ref(host, selection)
    revisions = host.releases.revisions(ref)
    if len(revisions) < 2 and not (old and new):
        which = "only one release" if revisions else "no release yet"
        raise RefusedError(f"{ref} has {which}, so there is nothing to compare", hint="see `kusion release list`")
    after = host.releases.get(ref, new or revisions[-1])
    before = host.releases.get(ref, old or after.release.revision - 1)
    return ReleaseDifference(
        ref, before, after, _facts(before.release, after.release), _changes(before.release, after.release)
    )


def _facts(old: Release, new: Release) -> tuple[Difference, ...]:
    return differences(_made_from(old, new), _made_from(new, old))


def _made_from(release: Release, other: Release) -> dict[str, Any]:
    """What a release was made from; what is not known of the ``other``, in an older format, is left out."""
    digests = {each.name: each.digest for each in other.modules}
    modules = {
        each.name: {"distribution": each.distribution, "version": each.version}
        | ({"digest": each.digest} if each.digest and digests.get(each.name, each.digest) else {})
        for each in release.modules
    }
    spec = release.spec
    return {
        **({"kusion-dsl": release.kusion} if release.kusion and other.kusion else {}),
        "source": release.source.to_json(),
        "modules": modules,
        "workspaceDigest": release.workspace_digest,
        "options": release.options,
        "target": release.target.to_json(),
        "providers": {name: each.to_json() for name, each in spec.providers.items()},
        "context": spec.context,
        "secretStore": spec.secret_store,
    }


def _changes(old: Release, new: Release) -> tuple[Change, ...]:
    """The changes as a preview would tell them if the old Spec were live, without what follows from each other."""
    before = {each.id: each for each in old.spec.resources}
    steps = tuple(_steps(before, new.spec))
    explained = explain(steps, before, new.spec, new.provenance, old.provenance)
    return tuple(_plain(each, before.get(each.id), new.spec.get(each.id), new.provenance) for each in explained)


def _steps(before: Mapping[str, SpecResource], after: Spec) -> list[Step]:
    steps = []
    for each in after.resources:
        known = before.get(each.id)
        if known is None:
            steps.append(Step(each.id, each.type, "create", wanted=each.attributes))
            continue
        operation: Operation = "same" if known.to_json() == each.to_json() else "update"
        steps.append(Step(each.id, each.type, operation, known.attributes, known.attributes, each.attributes))
    gone = [each for id, each in before.items() if id not in after]
    return [*steps, *(Step(each.id, each.type, "delete", each.attributes, each.attributes) for each in gone)]


def _plain(change: Change, old: SpecResource | None, new: SpecResource | None, provenance: Provenance) -> Change:
    if old is None or new is None:
        return replace(change, forces=())
    fields = [replace(_masked(field, new), live=MISSING, follows=()) for field in change.fields]
    for each in differences(_beside(old), _beside(new)):
        origins = provenance.of(new.id)
        fields.append(FieldChange(each.label, (), each.old, each.new, MISSING, "yours", origins))
    return replace(change, fields=tuple(fields), forces=())


def _beside(resource: SpecResource) -> dict[str, Any]:
    """What a Spec says of a resource beside its attributes; the dependencies by their ids, for their order is ours."""
    document = resource.to_json()
    dependencies = {id: True for id in resource.depends_on}
    return {**document, "attributes": None, "dependsOn": dependencies}


def _masked(field: FieldChange, resource: SpecResource) -> FieldChange:
    """``field`` without what is secret in it: that it changed is told, and no more."""
    if not field.path or field.path[0] not in resource.secret_fields:
        return field
    return replace(field, before=_hidden(field.before), after=_hidden(field.after))


def _hidden(value: Any) -> Any:
    if value is MISSING:
        return value
    return dict.fromkeys(value, MASKED) if isinstance(value, Mapping) else MASKED
