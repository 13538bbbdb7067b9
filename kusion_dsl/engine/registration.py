"""What the inline program registers: the Spec's providers and resources as one graph, checked before Pulumi starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pulumi.runtime.proto import alias_pb2
from pulumi.runtime.proto.resource_pb2 import RegisterResourceRequest

from kusion_dsl.engine import kusion_provider, manifests
from kusion_dsl.engine.cluster.objects import NAMESPACE, PROVIDER, definitions, given, unawaited
from kusion_dsl.engine.resolution import Registered, inputs_of, resolved
from kusion_dsl.engine.values import to_struct
from kusion_dsl.errors import EngineError, did_you_mean
from kusion_dsl.model.reference import Reference, references_of
from kusion_dsl.model.spec import KUBERNETES, KUSION, Provider, Spec, SpecResource
from kusion_dsl.model.target import Target

PROVIDER_TYPE = "pulumi:providers:"
_ADOPTING = f"{KUBERNETES}-adopting"
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Registration:
    """One node of the graph: a provider or a resource.

    ``key`` is a resource's id, or a provider's type token; ``needs`` are the keys that must be registered before it.
    ``provider`` is the key of the provider of a resource, empty for a provider itself.
    """

    key: str
    type: str
    name: str
    provider: str
    version: str
    needs: frozenset[str]
    options: Mapping[str, Any] = field(default_factory=dict)
    resource: SpecResource | None = None
    config: Mapping[str, Any] = field(default_factory=dict)

    def request(
        self, parent: str, registered: Mapping[str, Registered], store: Mapping[Reference, str]
    ) -> RegisterResourceRequest:
        """The call that registers it, its references resolved. Raises EngineError for one that has no value."""
        resource = self.resource
        inputs = (
            resolved(self.config, registered, store) if resource is None else inputs_of(resource, registered, store)
        )
        request = RegisterResourceRequest(
            type=self.type,
            name=self.name,
            parent=parent,
            custom=True,
            object=to_struct(inputs),
            version=self.version,
            dependencies=sorted(registered[key].urn for key in self.needs if key != self.provider),
            propertyDependencies={
                name: RegisterResourceRequest.PropertyDependencies(urns=_urns(value, registered))
                for name, value in (self.config if resource is None else resource.attributes).items()
            },
            acceptSecrets=True,
            supportsPartialValues=True,
            supportsResultReporting=True,
        )
        if self.provider:
            provider = registered[self.provider]
            request.provider = f"{provider.urn}::{provider.id}"
        for option, value in self.options.items():
            _OPTIONS[option](request, value, registered)
        return request


def _urns(value: Any, registered: Mapping[str, Registered]) -> list[str]:
    return sorted({registered[each.id].urn for each in references_of(value) if not each.is_secret})


_Set = Callable[[RegisterResourceRequest, Any, Mapping[str, Registered]], None]


def _protect(request: RegisterResourceRequest, value: Any, _: Mapping[str, Registered]) -> None:
    request.protect = value


def _retain_on_delete(request: RegisterResourceRequest, value: Any, _: Mapping[str, Registered]) -> None:
    request.retainOnDelete = value


def _delete_before_replace(request: RegisterResourceRequest, value: Any, _: Mapping[str, Registered]) -> None:
    request.deleteBeforeReplace = value
    request.deleteBeforeReplaceDefined = True


def _ignore_changes(request: RegisterResourceRequest, value: Any, _: Mapping[str, Registered]) -> None:
    request.ignoreChanges.extend(value)


def _replace_on_changes(request: RegisterResourceRequest, value: Any, _: Mapping[str, Registered]) -> None:
    request.replaceOnChanges.extend(value)


def _additional_secret_outputs(request: RegisterResourceRequest, value: Any, _: Mapping[str, Registered]) -> None:
    request.additionalSecretOutputs.extend(value)


def _aliases(request: RegisterResourceRequest, value: Any, _: Mapping[str, Registered]) -> None:
    request.aliases.extend(alias_pb2.Alias(spec=alias_pb2.Alias.Spec(name=former)) for former in value)


def _import(request: RegisterResourceRequest, value: Any, _: Mapping[str, Registered]) -> None:
    request.importId = value


def _custom_timeouts(request: RegisterResourceRequest, value: Any, _: Mapping[str, Registered]) -> None:
    request.customTimeouts.CopyFrom(RegisterResourceRequest.CustomTimeouts(**value))


def _deleted_with(request: RegisterResourceRequest, value: Any, registered: Mapping[str, Registered]) -> None:
    request.deletedWith = registered[value].urn


_OPTIONS: Mapping[str, _Set] = {
    "protect": _protect,
    "retainOnDelete": _retain_on_delete,
    "deleteBeforeReplace": _delete_before_replace,
    "ignoreChanges": _ignore_changes,
    "replaceOnChanges": _replace_on_changes,
    "additionalSecretOutputs": _additional_secret_outputs,
    "aliases": _aliases,
    "import": _import,
    "customTimeouts": _custom_timeouts,
    "deletedWith": _deleted_with,
}
"""Pulumi's resource options by their wire names; ``aliases`` are former ids, ``deletedWith`` is an id."""

_OPTION_TYPES: Mapping[str, tuple[type, ...]] = {
    "protect": (bool,),
    "retainOnDelete": (bool,),
    "deleteBeforeReplace": (bool,),
    "import": (str,),
    "deletedWith": (str,),
    "customTimeouts": (Mapping,),
}


def registrations(
    spec: Spec, target: Target, cluster: str = "", adopt: frozenset[str] = _NONE, made: frozenset[str] = _NONE
) -> tuple[Registration, ...]:
    """Everything that ``spec`` has, what others need first; ``cluster`` identifies that of the target, where it is one.

    ``adopt`` are the ids of objects that may be there already, ``made`` of the Namespaces that stacks have made. Raises
    EngineError for a package without a provider, an unknown resource option, a reference or dependency that leads
    nowhere, and a cycle.
    """
    spec = unawaited(spec) if cluster else spec
    packages = sorted({resource.package for resource in spec.resources})
    providers = {package: _provider(package, spec, target, cluster) for package in packages}
    adopt = adopt | {resource.id for resource in spec.resources if resource.type == NAMESPACE} if cluster else _NONE
    if adopt:
        providers[_ADOPTING] = _adopting(providers[KUBERNETES])
    nodes = [*providers.values()]
    defined = definitions(spec) if cluster else {}
    for resource in spec.resources:
        provider = providers[_ADOPTING if resource.id in adopt else resource.package]
        needs = defined.get(resource.type, frozenset())
        nodes.append(_resource(given(resource, made=resource.id in made) if cluster else resource, provider, needs))
    known = {node.key: node for node in nodes}
    for node in nodes:
        for need in sorted(node.needs - known.keys()):
            raise EngineError(f"it depends on '{need}', which the Spec does not have", where=node.key)
    try:
        order = tuple(TopologicalSorter({node.key: sorted(node.needs) for node in nodes}).static_order())
    except CycleError as error:
        raise EngineError("resources depend on each other: " + " -> ".join(reversed(error.args[1]))) from None
    return tuple(known[key] for key in order)


def _resource(resource: SpecResource, provider: Registration, definitions: frozenset[str]) -> Registration:
    for option, value in resource.options.items():
        if option not in _OPTIONS:
            raise EngineError(
                f"the resource option '{option}' is not known", where=resource.id, hint=did_you_mean(option, _OPTIONS)
            )
        if not isinstance(value, _OPTION_TYPES.get(option, (list, tuple))):
            raise EngineError(f"the resource option '{option}' cannot be {value!r}", where=resource.id)
    needs = {reference.id for reference in resource.references() if not reference.is_secret}
    needs |= {provider.key, *resource.depends_on, *definitions}
    if "deletedWith" in resource.options:
        needs.add(resource.options["deletedWith"])
    return Registration(
        key=resource.id,
        type=resource.type,
        name=resource.id,
        provider=provider.key,
        version=provider.version,
        needs=frozenset(needs),
        options=resource.options,
        resource=resource,
    )


def _adopting(provider: Registration) -> Registration:
    """The provider of what may be there already, and takes its fields from whoever has them.

    Both are settings of a provider, not of a resource. An object that is created by any other is an error where it is
    there. The next run has what was adopted under the usual provider: that is another one for the same cluster, which
    is no change of the object.
    """
    config = {**provider.config, "upsertExistingObjects": "true", "enablePatchForce": "true"}
    return replace(provider, key=PROVIDER_TYPE + _ADOPTING, name=_ADOPTING, config=config)


def _provider(package: str, spec: Spec, target: Target, cluster: str) -> Registration:
    if package == KUSION:
        provider = Provider(kusion_provider.VERSION)
    elif package == KUBERNETES and target.kind == "manifests":
        version = spec.providers[package].version if package in spec.providers else ""
        provider = Provider(version, {manifests.DIRECTORY: target.directory})
    elif package in spec.providers:
        provider = spec.providers[package]
        if package == KUBERNETES and cluster:
            provider = Provider(provider.version, {**PROVIDER, **provider.config, "clusterIdentifier": cluster})
    else:
        raise EngineError(
            f"the Spec says no version of the provider '{package}'",
            hint=f"install the distribution 'pulumi-{package}': its version is the provider's",
        )
    needs = {reference.id for reference in references_of(provider.config) if not reference.is_secret}
    key = PROVIDER_TYPE + package
    return Registration(key, key, package, "", provider.version, frozenset(needs), config=provider.config)
