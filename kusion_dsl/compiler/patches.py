"""Patches: what modules change on the workload and on each other's resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kusion_dsl.compiler.generation import Draft, Generated, Producer
from kusion_dsl.compiler.tracing import plain
from kusion_dsl.errors import CompileError, ModuleError, Problem, did_you_mean
from kusion_dsl.model import keyed, pod
from kusion_dsl.model.generation import Patch
from kusion_dsl.model.provenance import Deferred, Origin, Traced, mark, mark_all
from kusion_dsl.model.reference import Path
from kusion_dsl.model.spec import KUBERNETES, kubernetes_id


def apply_patches(generated: Generated, drafts: Mapping[str, Draft]) -> list[Problem]:
    """Apply the patches of one application's modules, in order of accessory names, to ``drafts`` (by id).

    Gives warnings for what the author's own values shadow, and for labels of Services that are not there. Raises
    CompileError where two modules set one thing differently, or where there is nothing to patch.
    """
    workload = _workload(generated)
    warnings: list[Problem] = []
    claims: dict[tuple[str, str], tuple[Producer, Any]] = {}
    environment: dict[str, tuple[Producer, str]] = {}
    for producer, patch in generated.patches:
        if patch.environment or patch.labels or patch.annotations or patch.service_labels or not patch.target:
            _need_workload(workload, producer)
        for name, value in patch.environment.items():
            _claim(claims, ("environment variable", name), producer, value)
            environment.setdefault(name, (producer, value))
        if workload is not None:
            _metadata(workload, producer, patch, claims)
            warnings += _label_services(generated, workload, producer, patch, claims)
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
            for path in {(): None, template or (): None}:
                owner = pod.at(workload.attributes, path)
                _set(owner.setdefault("metadata", {}).setdefault(field, {}), name, value, workload, producer)


def _set(values: dict[str, Any], name: str, value: Any, workload: Draft, producer: Producer) -> None:
    """Set a label or an annotation; the author's and the platform's own stay, another module's is an error."""
    present = values.setdefault(name, mark(value, _origin(producer)))
    if present != value and not (isinstance(present, Traced) and present.origin().kind != "module"):
        raise CompileError(
            f"{producer} sets '{name}' of {workload.id} to '{value}', and {workload.producer} to '{plain(present)}'",
            where=producer.position,
            hint="keep only one of them",
        )


def _label_services(
    generated: Generated,
    workload: Draft,
    producer: Producer,
    patch: Patch,
    claims: dict[tuple[str, str], tuple[Producer, Any]],
) -> Iterator[Problem]:
    if not patch.service_labels:
        return
    services = [draft for draft in generated.drafts if _leads_to(draft, workload)]
    if not services:
        yield Problem(
            f"{producer} labels the Services that lead to {workload.id}, and there are none",
            producer.position,
            "give the application one, like the module network does for its ports",
        )
    for name, value in patch.service_labels.items():
        _claim(claims, ("label of Services", name), producer, value)
        for service in services:
            labels = service.attributes["metadata"].setdefault("labels", {})
            labels.setdefault(name, mark(value, _origin(producer)))


def _leads_to(draft: Draft, workload: Draft) -> bool:
    """Whether it is a Service whose selector finds the workload's pods."""
    template = pod.template_path(workload.resource.type)
    if draft.resource.type != "kubernetes:core/v1:Service" or template is None:
        return False
    selector = pod.at(draft.attributes, ("spec", "selector")) or {}
    labels = pod.at(workload.attributes, (*template, "metadata", "labels")) or {}
    return bool(selector) and selector.items() <= labels.items()


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
    if target is None or not (patch.merge or patch.json):
        return
    deferred = _origin(producer)

    def origin(_: Path) -> Deferred:
        return deferred

    if patch.merge:
        target.attributes = keyed.merge(target.attributes, mark_all(patch.merge, origin))
    if patch.json:
        import jsonpatch

        try:
            jsonpatch.JsonPatch(mark_all(list(patch.json), origin)).apply(target.attributes, in_place=True)
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
            raise ModuleError(f"{producer} cannot patch {target.id}: {error}", where=producer.position) from None
    if not is_same_object(target):
        raise ModuleError(
            f"{producer} makes another object of {target.id}",
            where=producer.position,
            hint="a patch cannot change apiVersion, kind, name and namespace",
        )
    target.origins[()] = (*target.origins.get((), ()), deferred)


def is_same_object(target: Draft) -> bool:
    """Whether the attributes are those of the object that the id names."""
    if not target.resource.type.startswith(f"{KUBERNETES}:"):
        return isinstance(target.attributes, Mapping)
    try:
        return kubernetes_id(target.attributes) == target.id
    except (KeyError, TypeError, AttributeError):
        return False


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
    for container in (*found[1].get("initContainers", ()), *found[1].get("containers", ())):
        own = {plain(entry["name"]) for entry in container.get("env", ())}
        injected = [
            {"name": name, "value": mark(value, _origin(producer))}
            for name, (producer, value) in environment.items()
            if name not in own
        ]
        for name in (name for name in environment if name in own):
            yield Problem(
                f"the variable {name} of container {plain(container['name'])} hides the one from "
                f"{environment[name][0]}",
                workload.where,
                "rename it if that is not meant",
            )
        if injected:
            container["env"] = [*injected, *container.get("env", ())]
