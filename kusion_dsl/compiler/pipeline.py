"""From applications and a workspace to a Spec: the whole way, stage by stage.

1. *check*: names fit, modules are of allowed versions. Nothing is generated from parts that are wrong.
2. *generate*: each component's module is called. A module sees its own component and context, never another's.
3. *patch*: what modules change on the workload and on each other's resources, in order of accessory names.
4. *label*: what the application says about all of its objects.
5. *amend*: the patches that the workspace, then those that the application has written, on whatever was made.
6. *lift*: secrets in environments go into generated Secrets.
7. *resolve*: tokens become references; literal text is escaped; origins are read off and removed.
8. *decide*: what the workspace says about resources, whichever module made them: imports, health, external Secrets.
9. *order*: dependencies are found and resources put in their stable order.

Pure: reads no clock, random, environment or network, and no file but through ``Inputs.files``. Same inputs, same bytes.
Everything that is wrong within a stage is collected and told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from kusion_dsl.compiler.amendments import apply_amendments
from kusion_dsl.compiler.blocks import Health, Import, health_of, imports_of, unused_imports, unused_modules
from kusion_dsl.compiler.checks import check_applications, check_resources, literal_secrets, missing_store
from kusion_dsl.compiler.dependencies import with_dependencies
from kusion_dsl.compiler.external import externalize
from kusion_dsl.compiler.generation import Draft, Generated, collected, generate, origins_of
from kusion_dsl.compiler.inputs import Compiled, Inputs
from kusion_dsl.compiler.labelling import label
from kusion_dsl.compiler.lifting import lift_secrets
from kusion_dsl.compiler.outputs import Wiring, resolve_tokens
from kusion_dsl.compiler.patches import apply_patches
from kusion_dsl.compiler.providers import providers_of
from kusion_dsl.errors import CompileError, KusionError
from kusion_dsl.model.external_secrets import store_of
from kusion_dsl.model.generation import Resource
from kusion_dsl.model.identity import ModuleVersion
from kusion_dsl.model.project import namespace_of
from kusion_dsl.model.provenance import Origin, Provenance
from kusion_dsl.model.spec import Provider, Spec, SpecResource

_Item = TypeVar("_Item")


def compile_spec(inputs: Inputs) -> Compiled:
    """Compile. Raises the KusionError of the first stage in which something is wrong, with all of its problems."""
    check_applications(inputs)
    imports = imports_of(inputs)
    generated = list(_each(inputs.applications, lambda application: generate(inputs, application)))
    drafts = _drafts(inputs, generated)
    warnings = [problem for found in _each(generated, lambda each: apply_patches(each, drafts)) for problem in found]
    for each in generated:
        label(each, inputs)
    warnings += apply_amendments(inputs, generated, drafts)
    warnings += literal_secrets(drafts.values())
    wiring = Wiring(generated, drafts)
    lifted = [_lift(each, wiring) for each in generated]
    for secret, _ in (pair for pairs in lifted for pair in pairs):
        _add(drafts, secret)
    owners = {draft.id: each for each in generated for draft in each.drafts}
    secrets = {secret.id: owner for pairs in lifted for secret, owner in pairs}
    owners.update(secrets)
    health = health_of(inputs, drafts.values())
    resources = [
        _decided(resource, imports, health)
        for resource in _each(drafts.values(), lambda draft: _finish(draft, owners.get(draft.id), wiring))
    ]
    store = store_of(inputs.workspace.config.context)
    if store is not None:
        resources, staying = externalize(resources, drafts, store)
        warnings += staying
    check_resources(drafts.values())
    warnings += missing_store(resources, drafts, secrets, inputs.workspace)
    warnings += (*unused_modules(inputs.workspace, {each.name for each in inputs.modules.values()}), *health.warnings)
    warnings += unused_imports(imports, drafts)
    ordered = with_dependencies(resources, {draft.id: draft.where for draft in drafts.values()})
    provenance = Provenance({draft.id: origins_of(draft) for draft in drafts.values()})
    spec = _spec(inputs, ordered, providers_of(inputs, drafts.values()))
    return Compiled(spec, provenance, _modules(inputs), tuple(warnings))


def _each(items: Iterable[_Item], action: Callable[[_Item], Any]) -> Iterable[Any]:
    """The results of ``action`` for all items, or everything that is wrong with any of them."""
    results, errors = [], []
    for item in items:
        try:
            results.append(action(item))
        except KusionError as error:
            errors.append(error)
    if errors:
        raise collected(errors)
    return results


def _drafts(inputs: Inputs, generated: list[Generated]) -> dict[str, Draft]:
    drafts: dict[str, Draft] = {}
    for each in generated:
        for draft in each.drafts:
            _add(drafts, draft)
    if drafts:
        namespace = _namespace(inputs)
        drafts.setdefault(namespace.id, namespace)  # an application may bring the Namespace itself, as a manifest
    return drafts


def _add(drafts: dict[str, Draft], draft: Draft) -> None:
    first = drafts.setdefault(draft.id, draft)
    if first is not draft:
        raise CompileError(
            f"{draft.id} is made twice: by {first.producer or 'the stack'} and by {draft.producer or 'the stack'}",
            where=draft.where,
            hint="give one of the accessories, or one of the applications, another name",
        )


def _namespace(inputs: Inputs) -> Draft:
    name = namespace_of(inputs.project, inputs.stack)
    origin = Origin("project", f"project {inputs.project.name}")
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    return Draft(Resource.manifest(manifest), manifest, None, {(): (lambda: origin,)})


def _lift(generated: Generated, wiring: Wiring) -> list[tuple[Draft, Generated]]:
    secrets = (lift_secrets(draft, generated.application, wiring) for draft in generated.drafts)
    return [(secret, generated) for secret in secrets if secret is not None]


def _finish(draft: Draft, owner: Generated | None, wiring: Wiring) -> SpecResource:
    return SpecResource(
        id=draft.id,
        type=draft.resource.type,
        attributes=resolve_tokens(draft, owner.application if owner else None, wiring),
        depends_on=tuple(each.id for each in draft.resource.depends_on),
        options=draft.resource.options,
        workload=draft.resource.workload,
    )


def _decided(resource: SpecResource, imports: Mapping[str, Import], health: Health) -> SpecResource:
    """``resource`` with what the workspace's blocks say about it beside its module."""
    options = imports[resource.id].options if resource.id in imports else {}
    policy = health.policies.get(resource.id, {})
    return replace(resource, options={**resource.options, **options}, health=policy) if options or policy else resource


def _modules(inputs: Inputs) -> tuple[ModuleVersion, ...]:
    taking_part = {(each.name, each.distribution, each.version) for each in inputs.modules.values()}
    return tuple(ModuleVersion(*each) for each in sorted(taking_part))


def _spec(inputs: Inputs, resources: tuple[SpecResource, ...], providers: Mapping[str, Provider]) -> Spec:
    config = inputs.workspace.config
    return Spec(
        resources=resources,
        providers=providers,
        context=config.context,
        secret_store=config.secret_store.to_json() if config.secret_store else None,
    )
