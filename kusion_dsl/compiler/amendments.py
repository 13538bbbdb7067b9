"""Patches that the workspace and the application have written, on whatever their modules made.

The workspace's come first and the application's last, so that who is nearer to the object has the last word. They see
everything that was generated, with the patches of modules and the application's labels, but not the Secrets into which
values of environments are lifted after them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kusion_dsl.compiler.generation import Draft, Generated, collected, copy_of
from kusion_dsl.compiler.inputs import Inputs
from kusion_dsl.compiler.patches import is_same_object
from kusion_dsl.compiler.tracing import plain
from kusion_dsl.errors import CompileError, KusionError, Position, Problem, WorkspaceError, did_you_mean
from kusion_dsl.model import keyed
from kusion_dsl.model.patch import ResourcePatch, kind_of, patch
from kusion_dsl.model.provenance import Deferred, Origin, mark_all
from kusion_dsl.model.reference import Path
from kusion_dsl.model.selector import Place


class _Amendment(NamedTuple):
    """A patch, what it is called in messages, and who wrote what in it where."""

    patch: ResourcePatch
    name: str
    where: Position | str
    origin: Callable[[Path], Deferred]
    error: type[KusionError]
    operations: str

    def apply(self, target: Draft) -> None:
        """Change a resource. Raises the amendment's error where that cannot be, or would make another object of it."""
        if self.patch.merge:
            merge = mark_all(self.patch.merge, self.origin, ("merge",))
            target.attributes = keyed.merge(target.attributes, merge)
            for path in _unmarked(self.patch.merge):
                _note(target, path, self.origin(("merge", *path)))
        for index, operation in enumerate(self.patch.json_patch):
            self._operate(target, operation, (self.operations, index))
        if not is_same_object(target):
            raise self.error(
                f"{self.name} makes another object of {target.id}",
                where=self.where,
                hint="a patch cannot change apiVersion, kind, name and namespace",
            )
        target.origins[()] = (*target.origins.get((), ()), self.origin(()))

    def _operate(self, target: Draft, operation: Mapping[str, Any], path: Path) -> None:
        import jsonpatch

        value = {"value": mark_all(operation["value"], self.origin, (*path, "value"))} if "value" in operation else {}
        try:
            changed = jsonpatch.apply_patch(copy_of(target.attributes), [{**operation, **value}], in_place=True)
        except jsonpatch.JsonPatchTestFailed:
            raise self._refused(target, operation, path, "something else is there") from None
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError):
            steps = (_steps(operation[name]) for name in ("from", "path") if name in operation)
            raise self._refused(target, operation, path, _missing(target.attributes, *steps)) from None
        target.attributes = copy_of(changed)
        if operation["op"] != "test":
            _note(target, _steps(operation["path"]), self.origin(path))

    def _refused(self, target: Draft, operation: Mapping[str, Any], path: Path, hint: str) -> KusionError:
        what = f"{self.name} cannot {operation['op']} {operation['path']} in {target.id}"
        return self.error(what, where=self.origin(path)().position or self.where, hint=hint)


def apply_amendments(inputs: Inputs, generated: Sequence[Generated], drafts: Mapping[str, Draft]) -> list[Problem]:
    """Apply the patches of the workspace, then those of the applications, each in the order in which they are written.

    Gives a warning for each patch of the workspace that selects an application of the stack and fits no resource.
    Raises CompileError or WorkspaceError for everything that is wrong: a patch of an application that fits nothing, one
    that cannot be applied, and one that would make another object.
    """
    warnings: list[Problem] = []
    errors: list[KusionError] = []
    for index, change in enumerate(inputs.workspace.config.patches):
        selected = [draft for draft in drafts.values() if change.selects(_place(inputs, draft))]
        amendment = _of_workspace(inputs, change, index)
        if selected and not _amend(amendment, selected, errors):
            warnings.append(_unfit(amendment, selected, "nothing is to be done if other stacks have what it fits"))
    for each in generated:
        for index, written in enumerate(each.application.patches):
            amendment = _of_application(inputs, each, written, index)
            if not _amend(amendment, each.drafts, errors):
                errors.append(CompileError.of([_unfit(amendment, each.drafts, None)]))
    if errors:
        raise collected(errors)
    return warnings


def _place(inputs: Inputs, draft: Draft) -> Place:
    return inputs.place(draft.producer.app if draft.producer else "")


def _of_workspace(inputs: Inputs, change: ResourcePatch, index: int) -> _Amendment:
    workspace = inputs.workspace

    def origin(path: Path) -> Deferred:
        return lambda: Origin("workspace", name, workspace.position(("patches", index, *path)))

    name = f"workspace {workspace.name}"
    where = workspace.position(("patches", index)) or name
    return _Amendment(change, f"patches[{index}] of the {name}", where, origin, WorkspaceError, "jsonPatch")


def _of_application(inputs: Inputs, generated: Generated, change: patch, index: int) -> _Amendment:
    name = f"{generated.application.name}.patches[{index}]"

    def origin(path: Path) -> Deferred:
        return lambda: Origin("author", name, inputs.sources.position(change.site_of(path), path))

    where = inputs.sources.position(change.site_of()) or name
    return _Amendment(change, name, where, origin, CompileError, "json_patch")


def _amend(amendment: _Amendment, drafts: Iterable[Draft], errors: list[KusionError]) -> bool:
    """Apply a patch to all of ``drafts`` that it fits; whether there is one."""
    fitting = [draft for draft in drafts if amendment.patch.fits(*_known(draft).values())]
    for draft in fitting:
        try:
            amendment.apply(draft)
        except KusionError as error:
            errors.append(error)
    return bool(fitting)


def _known(draft: Draft) -> dict[str, str]:
    """What a patch may choose a resource by."""
    accessory = draft.producer.accessory if draft.producer else ""
    return {"kind": draft.resource.type, "name": plain(draft.resource.name), "accessory": accessory}


def _unfit(amendment: _Amendment, drafts: Sequence[Draft], otherwise: str | None) -> Problem:
    known = [_known(draft) for draft in drafts]
    globs = ", ".join(f"{field} '{glob}'" for field, glob in amendment.patch.target.items())
    there = sorted(f"{kind_of(each['kind'])} {each['name']} of {each['accessory'] or 'the stack'}" for each in known)
    kinds = [{**each, "kind": kind_of(each["kind"])} for each in known]
    near = (did_you_mean(glob, {each[field] for each in kinds}) for field, glob in amendment.patch.target.items())
    hint = next(filter(None, near), None) or otherwise or "choose what it changes among these"
    return Problem(f"{amendment.name} fits no resource: {globs}", amendment.where, hint, tuple(there))


def _unmarked(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths whose values cannot carry an origin: booleans, what is removed, and lists that have such."""
    match value:
        case Mapping():
            for key, item in value.items():
                yield from _unmarked(item, (*path, key))
        case list() | tuple():
            if any(True for item in value for _ in _unmarked(item)):
                yield path
        case None:
            yield path[:-1]
        case bool():
            yield path


def _steps(pointer: str) -> Path:
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))


def _missing(attributes: Mapping[str, Any], *places: Path) -> str:
    """What is there where a path ends that leads to nothing."""
    for place in places:
        value: Any = attributes
        for number, step in enumerate(map(str, place)):
            around = f"/{'/'.join(map(str, place[:number]))}" if number else "it"
            if isinstance(value, Mapping) and step in value:
                value = value[step]
            elif isinstance(value, Mapping):
                return did_you_mean(step, value) or f"{around} has {', '.join(sorted(map(plain, value)))}"
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                count = f"{len(value)} items, numbered from 0" if isinstance(value, list) else "nothing in it"
                return f"{around} has {count}"
    return "change what it stands in instead"


def _note(target: Draft, path: Path, origin: Deferred) -> None:
    """Remember an origin for ``path``, or the nearest part around it that is not within a list, where items may move."""
    value: Any = target.attributes
    kept: Path = ()
    for step in path:
        if not isinstance(value, Mapping) or step not in value:
            break
        value, kept = value[step], (*kept, step)
    if kept:
        target.origins[kept] = (origin, *target.origins.get(kept, ()))
