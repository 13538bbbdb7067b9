"""Patches: what modules change on the workload and on each other's resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kusion_dsl.compiler.generation import Draft, Generated, Producer
from kusion_dsl.compiler.tracing import mark, plain
from kusion_dsl.errors import CompileError, ModuleError, Problem, did_you_mean
from kusion_dsl.model import keyed, pod
from kusion_dsl.model.generation import Patch
from kusion_dsl.model.provenance import Deferred, Origin


def apply_patches(generated: Generated, drafts: Mapping[str, Draft]) -> list[Problem]:
    """Apply the patches of one application's modules, in order of accessory names, to ``drafts`` (by id).

    Gives warnings for what the author's own values shadow. Raises CompileError where two modules set one thing
    differently, or where there is nothing to patch.
    """
    workload = _workload(generated)
    warnings: list[Problem] = []
    claims: dict[tuple[str, str], tuple[Producer, Any]] = {}
    environment: dict[str, tuple[Producer, str]] = {}
    for producer, patch in generated.patches:
        if patch.environment or patch.labels or patch.annotations or not patch.target:
            _need_workload(workload, producer)
        for name, value in patch.environment.items():
            _claim(claims, ("environment variable", name), producer, value)
            environment.setdefault(name, (producer, value))
        if workload is not None:
            _metadata(workload, producer, patch, claims)
        _structural(_target(patch, workload, drafts, producer), producer, patch)
    if workload is not None and environment:
        warnings += _inject(workload, environment)
    return warnings


def _workload(generated: Generated) -> Draft | None:
    marked = [draft for draft in generated.drafts if draft.resource.workload]
    if len(marked) > 1:
        raise ModuleError(
            f"two resources are marked as the workload of {generated.application.name}: "
            f"{marked[0].id} and {marked[1].id}",
            where=marked[1].where,
            hint="a workload module marks exactly one",
        )
    return marked[0] if marked else None


def _need_workload(workload: Draft | None, producer: Producer) -> None:
    if workload is None:
        raise CompileError(
            f"{producer.app}.{producer.accessory} needs a workload, and {producer.app} has none",
            where=producer.position,
            hint="give the application a workload",
        )


def _claim(
    claims: dict[tuple[str, str], tuple[Producer, Any]], key: tuple[str, str], producer: Producer, value: Any
) -> None:
    first, known = claims.setdefault(key, (producer, value))
    if known != value:
        raise CompileError(
            f"{first} and {producer} set the {key[0]} '{key[1]}' to different values",
            where=producer.position,
            hint="keep only one of them, or give one of the accessories another name",
        )


def _metadata(
    workload: Draft, producer: Producer, patch: Patch, claims: dict[tuple[str, str], tuple[Producer, Any]]
) -> None:
    template = pod.template_path(workload.resource.type)
    for field, values in (("labels", patch.labels), ("annotations", patch.annotations)):
        for name, value in values.items():
            _claim(claims, (field.removesuffix("s"), name), producer, value)
            for path in {(), template} - {None}:
                owner = pod.at(workload.attributes, path or ())
                owner.setdefault("metadata", {}).setdefault(field, {}).setdefault(name, mark(value, _origin(producer)))


def _target(patch: Patch, workload: Draft | None, drafts: Mapping[str, Draft], producer: Producer) -> Draft | None:
    if not patch.target:
        return workload
    if patch.target not in drafts:
        raise ModuleError(
            f"{producer} patches {patch.target}, which does not exist",
            where=producer.position,
            hint=did_you_mean(patch.target, drafts),
        )
    return drafts[patch.target]


def _structural(target: Draft | None, producer: Producer, patch: Patch) -> None:
    if target is None:
        return
    if patch.merge:
        target.attributes = keyed.merge(target.attributes, _marked(patch.merge, _origin(producer)))
    if patch.json:
        import jsonpatch

        try:
            jsonpatch.JsonPatch(_marked(list(patch.json), _origin(producer))).apply(target.attributes, in_place=True)
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
            raise ModuleError(f"{producer} cannot patch {target.id}: {error}", where=producer.position) from None
    if patch.merge or patch.json:
        target.origins[()] = (*target.origins.get((), ()), _origin(producer))


def _marked(value: Any, origin: Deferred) -> Any:
    if isinstance(value, Mapping):
        return {key: _marked(item, origin) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(item, origin) for item in value]
    return mark(value, origin)


def _origin(producer: Producer) -> Deferred:
    origin = Origin("module", str(producer), producer.position)
    return lambda: origin


def _inject(workload: Draft, environment: Mapping[str, tuple[Producer, str]]) -> Iterable[Problem]:
    found = pod.pod_spec(workload.resource.type, workload.attributes)
    if found is None:
        raise ModuleError(
            f"{workload.id} is marked as a workload, but has no pods to give environment variables to",
            where=workload.where,
        )
    for container in found[1].get("containers", ()):
        own = {plain(entry["name"]) for entry in container.get("env", ())}
        injected = [
            {"name": name, "value": mark(value, _origin(producer))}
            for name, (producer, value) in environment.items()
            if name not in own
        ]
        for name in own & environment.keys():
            yield Problem(
                f"the variable {name} of container {plain(container['name'])} hides the one from "
                f"{environment[name][0]}",
                workload.where,
                "rename it if that is not meant",
            )
        if injected:
            container["env"] = [*injected, *container.get("env", ())]
