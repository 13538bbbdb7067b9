"""The Spec: what should exist, as plain data. The single source of truth between compiling and applying.

Its stored form is JSON in RFC 8785 canonical form, whose SHA-256 is the digest. No clock, random, environment or
secret in it; references to other resources and to the secret store stand in its strings (see ``model.reference``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import rfc8785

from kusion_dsl.errors import SpecError
from kusion_dsl.model.reference import Reference, references_of

Json = dict[str, Any]

KUBERNETES = "kubernetes"
KUSION = "kusion"


@dataclass(frozen=True)
class SpecResource:
    """One resource.

    - ``id``: ``group/version:Kind[:namespace]:name`` for Kubernetes objects, ``type token:name`` for all others
    - ``type``: a Pulumi type token, ``kubernetes:apps/v1:Deployment`` or ``aws:rds/instance:Instance``
    - ``attributes``: the provider's inputs in the wire's camelCase; for Kubernetes exactly the manifest
    - ``depends_on``: ids that must exist before it, sorted
    - ``options``: Pulumi's resource options by their wire names (``protect``, ``retainOnDelete``, ``ignoreChanges``)
    - ``workload``: whether it is what an application runs
    - ``health``: when it is well, as the workspace says: the ancestor's rule under ``health.kcl``
    """

    id: str
    type: str
    attributes: Mapping[str, Any]
    depends_on: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    workload: bool = False
    health: Mapping[str, str] = field(default_factory=dict)

    @property
    def package(self) -> str:
        """The provider package of its type: ``kubernetes``, ``aws``, ``kusion``."""
        return self.type.split(":", 1)[0]

    @property
    def is_kubernetes_secret(self) -> bool:
        """Whether it is a Kubernetes Secret, all of whose data is secret."""
        return self.type == "kubernetes:core/v1:Secret"

    @property
    def secret_fields(self) -> tuple[str, ...]:
        """The fields all of whose values are secret."""
        return ("data", "stringData") if self.is_kubernetes_secret else ()

    def references(self) -> tuple[Reference, ...]:
        """Every reference in its attributes."""
        return self._references

    @cached_property
    def _references(self) -> tuple[Reference, ...]:
        return references_of(self.attributes)

    def to_json(self) -> Json:
        """The stored form; empty parts are left out."""
        document: Json = {"id": self.id, "type": self.type, "attributes": dict(self.attributes)}
        if self.depends_on:
            document["dependsOn"] = list(self.depends_on)
        if self.options:
            document["options"] = dict(self.options)
        if self.workload:
            document["workload"] = True
        if self.health:
            document["health"] = dict(self.health)
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> SpecResource:
        """The inverse of :meth:`to_json`. Raises KeyError for a missing part."""
        return cls(
            id=document["id"],
            type=document["type"],
            attributes=document["attributes"],
            depends_on=tuple(document.get("dependsOn", ())),
            options=document.get("options", {}),
            workload=document.get("workload", False),
            health=document.get("health", {}),
        )


@dataclass(frozen=True)
class Provider:
    """A provider package: the plugin's version, and its configuration, in which credentials are references."""

    version: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        """The stored form."""
        return {"version": self.version, **({"config": dict(self.config)} if self.config else {})}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Provider:
        """The inverse of :meth:`to_json`."""
        return cls(document["version"], document.get("config", {}))


@dataclass(frozen=True)
class Spec:
    """What should exist: resources in a stable order, dependencies first, and what is needed to make them."""

    resources: tuple[SpecResource, ...] = ()
    providers: Mapping[str, Provider] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    secret_store: Mapping[str, Any] | None = None

    def __getitem__(self, id: str) -> SpecResource:
        return self._by_id[id]

    def get(self, id: str) -> SpecResource | None:
        """The resource with an id, if there is one."""
        return self._by_id.get(id)

    def __contains__(self, id: object) -> bool:
        return id in self._by_id

    def ordered(self, ids: Iterable[str]) -> list[str]:
        """``ids`` in order of the resources; those that it does not have come last, sorted."""
        places = {resource.id: place for place, resource in enumerate(self.resources)}
        return sorted(ids, key=lambda id: (places.get(id, len(places)), id))

    @cached_property
    def _by_id(self) -> Mapping[str, SpecResource]:
        return {resource.id: resource for resource in self.resources}

    @cached_property
    def digest(self) -> str:
        """``sha256:<hex>`` of the canonical form."""
        return digest_of(self.to_json())

    def to_json(self) -> Json:
        """The stored form, the same keys always there."""
        return {
            "resources": [resource.to_json() for resource in self.resources],
            "providers": {name: provider.to_json() for name, provider in sorted(self.providers.items())},
            "context": dict(self.context),
            "secretStore": dict(self.secret_store) if self.secret_store is not None else None,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Spec:
        """The inverse of :meth:`to_json`. Raises SpecError for anything else."""
        try:
            return cls(
                resources=tuple(SpecResource.from_json(resource) for resource in document["resources"]),
                providers={name: Provider.from_json(each) for name, each in document["providers"].items()},
                context=document["context"],
                secret_store=document["secretStore"],
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise SpecError(f"this is not a Spec: {error!r}") from None


def canonical(document: Any) -> bytes:
    """The RFC 8785 form. Raises SpecError for what JSON cannot hold exactly: NaN, infinities, integers over 2^53."""
    try:
        return rfc8785.dumps(document)
    except rfc8785.CanonicalizationError as error:
        raise SpecError(f"a value cannot be stored exactly: {error}", hint="write large numbers as strings") from None


def digest_of(document: Any) -> str:
    """``sha256:<hex>`` of the canonical form of a JSON-like value."""
    return f"sha256:{hashlib.sha256(canonical(document)).hexdigest()}"


def kubernetes_id(attributes: Mapping[str, Any]) -> str:
    """The ancestor's id of a Kubernetes object: ``apiVersion:kind[:namespace]:name``."""
    metadata = attributes["metadata"]
    namespace = metadata.get("namespace")
    parts = [attributes["apiVersion"], attributes["kind"], *([namespace] if namespace else []), metadata["name"]]
    return ":".join(parts)


def kubernetes_type(api_version: str, kind: str) -> str:
    """The Pulumi token of a Kubernetes kind; the core group is spelled out."""
    group_version = api_version if "/" in api_version else f"core/{api_version}"
    return f"{KUBERNETES}:{group_version}:{kind}"
