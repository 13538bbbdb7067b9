"""A compiled Spec against what the installed SDKs and schemas say about its resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from kusion_dsl.checks.cache import SchemaCache
from kusion_dsl.checks.kubernetes import KubernetesSchemas
from kusion_dsl.checks.schema import Schema, mismatches
from kusion_dsl.checks.sdk import Sdk
from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.errors import CompileError, Problem
from kusion_dsl.model.spec import KUBERNETES, SpecResource


def check_spec(compiled: Compiled, cache: SchemaCache) -> None:
    """Raise CompileError for what a provider or Kubernetes would refuse: all of it, and who put it there.

    A resource is checked where its provider's Pulumi SDK is installed, a Kubernetes object where kubernetes-validate
    is (extra ``validate``) and the kind is Kubernetes' own. Where they are not, nothing is said.
    """
    installed = _Installed(cache)
    problems = [problem for each in compiled.spec.resources for problem in _problems(each, compiled, installed)]
    if problems:
        raise CompileError.of(problems)


class _Installed:
    """The schemas that this machine has."""

    def __init__(self, cache: SchemaCache) -> None:
        self._cache = cache
        self._sdks: dict[str, Sdk | None] = {}

    @cached_property
    def _kubernetes(self) -> KubernetesSchemas | None:
        return KubernetesSchemas.installed()

    def schema(self, resource: SpecResource) -> Schema | None:
        """What the attributes of a resource must look like, if that is known. Raises CompileError for unknown types."""
        kubernetes = resource.package == KUBERNETES
        try:
            return self._of_kind(resource.attributes) if kubernetes else self._of_token(resource)
        except (OSError, ValueError, KeyError, SyntaxError) as error:
            distribution = "kubernetes-validate" if kubernetes else f"pulumi-{resource.package}"
            raise CompileError(
                f"the installed {distribution} cannot be read: {type(error).__name__}: {error}",
                hint=f"repair it: pip install --force-reinstall {distribution}",
            ) from error

    def _of_kind(self, manifest: Mapping[str, Any]) -> Schema | None:
        found = self._kubernetes
        if found is None:
            return None
        version, kind = str(manifest.get("apiVersion")), str(manifest.get("kind"))
        source = f"kubernetes-{found.release}-{found.version}"
        return self._cache.recall(source, f"{version}:{kind}", lambda: found.schema(version, kind))

    def _of_token(self, resource: SpecResource) -> Schema | None:
        if resource.package not in self._sdks:
            self._sdks[resource.package] = Sdk.installed(resource.package)
        sdk = self._sdks[resource.package]
        if sdk is None:
            return None
        return self._cache.recall(f"{sdk.name}-{sdk.version}", resource.type, lambda: sdk.schema(resource.type))


def _problems(resource: SpecResource, compiled: Compiled, installed: _Installed) -> Iterator[Problem]:
    try:
        schema = installed.schema(resource)
        found = tuple(mismatches(resource.attributes, schema)) if schema is not None else ()
    except CompileError as error:
        from kusion_dsl.checks.report import unknown_type

        yield from unknown_type(error, resource, compiled.provenance)
        return
    for mismatch in found:
        from kusion_dsl.checks.report import misfit

        yield misfit(mismatch, resource, compiled.provenance)
