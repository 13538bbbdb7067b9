"""From applications and a workspace to a Spec: the whole way, stage by stage.

1. *check*: names fit, modules are of allowed versions. Nothing is generated from parts that are wrong.
2. *generate*: each component's module is called. A module sees its own component and context, never another's.
3. *patch*: what modules change on the workload and on each other's resources, in order of accessory names.
4. *lift*: secrets in environments go into generated Secrets.
5. *resolve*: tokens become references; literal text is escaped; origins are read off and removed.
6. *order*: dependencies are found and resources put in their stable order.

Pure: reads no clock, random, file, environment or network. Same inputs, same bytes. Everything that is wrong within a
stage is collected and told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from kusion_dsl.compiler.checks import check_applications, check_resources, literal_secrets
from kusion_dsl.compiler.dependencies import with_dependencies
from kusion_dsl.compiler.generation import Draft, Generated, collected, generate
from kusion_dsl.compiler.inputs import Compiled, Inputs
from kusion_dsl.compiler.lifting import lift_secrets
from kusion_dsl.compiler.outputs import Wiring, resolve_tokens
from kusion_dsl.compiler.patches import apply_patches
from kusion_dsl.compiler.tracing import origins_in
from kusion_dsl.errors import CompileError, KusionError
from kusion_dsl.model.generation import Resource
from kusion_dsl.model.project import namespace_of
from kusion_dsl.model.provenance import Deferred, Origin, Provenance
from kusion_dsl.model.reference import Path
from kusion_dsl.model.release import ModuleVersion
from kusion_dsl.model.spec import Provider, Spec, SpecResource

_Item = TypeVar("_Item")


def compile_spec(inputs: Inputs) -> Compiled:
    """Compile. Raises the KusionError of the first stage in which something is wrong, with all of its problems."""
    check_applications(inputs)
    generated = list(_each(inputs.applications, lambda application: generate(inputs, application)))
    drafts = _drafts(inputs, generated)
    warnings = [problem for found in _each(generated, lambda each: apply_patches(each, drafts)) for problem in found]
    warnings += literal_secrets(drafts.values())
    wiring = Wiring(generated, drafts)
    lifted = [_lift(each, wiring) for each in generated]
    for secret, _ in (pair for pairs in lifted for pair in pairs):
        _add(drafts, secret)
    owners = {draft.id: each for each in generated for draft in each.drafts}
    owners.update({secret.id: owner for pairs in lifted for secret, owner in pairs})
    resources = list(_each(drafts.values(), lambda draft: _finish(draft, owners.get(draft.id), wiring)))
    check_resources(drafts.values())
    provenance = Provenance({draft.id: _origins(draft) for draft in drafts.values()})
    return Compiled(_spec(inputs, with_dependencies(resources)), provenance, _modules(inputs), tuple(warnings))


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
    if any(each.drafts for each in generated):
        _add(drafts, _namespace(inputs))
    for each in generated:
        for draft in each.drafts:
            _add(drafts, draft)
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
        attributes=resolve_tokens(draft, owner.application, wiring) if owner else draft.attributes,
        depends_on=tuple(each.id for each in draft.resource.depends_on),
        options=draft.resource.options,
        workload=draft.resource.workload,
    )


def _origins(draft: Draft) -> dict[Path, tuple[Deferred, ...]]:
    origins = dict(draft.origins)
    for path, origin in origins_in(draft.attributes):
        origins[path] = (origin, *origins.get(path, ()))
    return origins


def _modules(inputs: Inputs) -> tuple[ModuleVersion, ...]:
    taking_part = {(each.name, each.distribution, each.version) for each in inputs.modules.values()}
    return tuple(ModuleVersion(*each) for each in sorted(taking_part))


def _spec(inputs: Inputs, resources: tuple[SpecResource, ...]) -> Spec:
    config = inputs.workspace.config
    packages = sorted({resource.package for resource in resources})
    missing = [package for package in packages if package not in inputs.providers]
    if missing:
        raise CompileError(
            f"nothing installed says which version of the provider {missing[0]} to use",
            hint=f"pip install pulumi-{missing[0]}",
        )
    return Spec(
        resources=resources,
        providers={package: Provider(inputs.providers[package]) for package in packages},
        context=config.context,
        secret_store={"provider": config.secret_store.provider} if config.secret_store else None,
    )
