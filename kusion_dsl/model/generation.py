"""What a module gives back: resources, patches of what others made, and the values of its outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kusion_dsl.errors import CompileError
from kusion_dsl.model.component import Workload
from kusion_dsl.model.names import kebab, shorten
from kusion_dsl.model.spec import Provider, kubernetes_id, kubernetes_type
from kusion_dsl.model.token import ReferenceToken

_ANY_PROVIDER = Provider()


@dataclass(frozen=True)
class Resource:
    """Something that should exist.

    ``type`` is a Pulumi type token, ``name`` the resource's name, ``attributes`` the provider's inputs. ``options``
    are Pulumi's resource options by their wire names, ``depends_on`` resources that must come first without being
    referred to. ``secret_outputs`` are the outputs that are secret. ``workload=True`` marks what the application
    runs; exactly one resource of a workload module has it.

    ``provider`` is what the module knows about the type's provider: the version it was written for, which is used
    where no SDK of the provider is installed that says one, and the settings that it must have beside those of the
    workspace's context. Resources of one stack share a provider, so their settings must not contradict each other.

    ``resource["address"]`` is an output of it, to be used wherever a string goes; nested ones are written as a path,
    ``service["status.loadBalancer.ingress[0].hostname"]``.
    """

    type: str
    name: str
    attributes: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    depends_on: Sequence[Resource] = ()
    secret_outputs: tuple[str, ...] = ()
    workload: bool = False
    provider: Provider = _ANY_PROVIDER

    @classmethod
    def manifest(cls, manifest: Mapping[str, Any], *, workload: bool = False) -> Resource:
        """A Kubernetes object: ``apiVersion``, ``kind``, ``metadata.name`` and the rest, exactly as in a manifest."""
        token = kubernetes_type(manifest["apiVersion"], manifest["kind"])
        return cls(token, manifest["metadata"]["name"], manifest, workload=workload)

    @property
    def id(self) -> str:
        """The id it has in the Spec."""
        if self.type.startswith("kubernetes:"):
            return kubernetes_id(self.attributes)
        return f"{self.type}:{self.name}"

    def __getitem__(self, path: str) -> str:
        return str(ReferenceToken(self.id, path))


@dataclass(frozen=True)
class Patch:
    """A change to the workload of the application, or to another resource.

    - ``environment``: variables for every container of the workload, before the author's own, in this order; a value
      may be an output or a ``secret_ref``. A variable of the same name that the author set wins.
    - ``labels``, ``annotations``: for the workload object and its pods; a key that exists with another value is an
      error if a module set it, and stays as it is if the author did
    - ``service_labels``: the same for the Services of the application that lead to the workload's pods
    - ``json``: RFC 6902 operations, ``merge``: a mapping merged into the attributes (lists of objects with a ``name``
      by that name, None removes); both for ``target``, which is the workload unless an id is given
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    service_labels: Mapping[str, str] = field(default_factory=dict)
    json: Sequence[Mapping[str, Any]] = ()
    merge: Mapping[str, Any] = field(default_factory=dict)
    target: str = ""


@dataclass(frozen=True)
class Unavailable:
    """In place of an output's value: why there is none here, and what to do. Whoever uses the output is told so."""

    why: str
    hint: str


class Outputs:
    """The values of the outputs that the component's schema declares, all of them and no others."""

    def __init__(self, **values: str | int | float | bool | Unavailable) -> None:
        self.values: Mapping[str, str | int | float | bool | Unavailable] = values


Files = Callable[[str], Mapping[str, str]]
"""Reads what lies beside an application; see :class:`Context`."""


def no_files(path: str) -> Mapping[str, str]:
    """Reads nothing: what an application has that does not come from a directory. Raises CompileError."""
    raise CompileError(f"there is no file '{path}': this application has no directory", hint="give the files by code")


@dataclass(frozen=True)
class Context:
    """Where a component is generated: everything its names and labels are made of.

    ``accessory`` is the name the developer gave the component, in kebab-case (``workload`` for the workload).
    ``default_name`` is the module's own name; under it names are the ancestor's. ``settings`` is the workspace's
    ``context``. ``workload`` is the application's workload, completed with what the developer left to the platform;
    ``workload_resource`` is what the workload's module made of it, before anything is patched: its ``type`` tells a
    Deployment from a CollaSet, whoever chose. Both are None for the workload itself, and where there is none.

    ``files("manifests")`` gives the texts of a file, or of all ``.yaml``, ``.yml`` and ``.json`` files below a
    directory, by their paths as messages show them, in order of these. A path is relative to the stack's directory and
    stays within the project's. Raises CompileError where it does not, and where there is nothing.
    """

    project: str
    stack: str
    app: str
    accessory: str
    default_name: str
    namespace: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    workload: Workload | None = None
    workload_resource: Resource | None = None
    files: Files = no_files

    @property
    def app_name(self) -> str:
        """``<project>-<stack>-<app>``, which is unique where the namespace is the project's."""
        return f"{self.project}-{self.stack}-{self.app}"

    @property
    def labels(self) -> dict[str, str]:
        """The labels that select the application's pods
        (https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/)."""
        return {"app.kubernetes.io/name": self.app, "app.kubernetes.io/part-of": self.project}

    def name(self, *suffix: str, longest: int = 63) -> str:
        """A unique name: the application's, the accessory's unless it has the module's own name, and ``suffix``.

        Shortened with a digest to ``longest`` characters, 63 being what a DNS label holds.
        """
        return shorten("-".join([self.app_name, *self._own_name, *suffix]), longest)

    def variable(self, name: str) -> str:
        """A unique environment variable: ``name``, with the accessory's behind it unless that is the module's own."""
        return "_".join([name, *(part.upper().replace("-", "_") for part in self._own_name)])

    @property
    def _own_name(self) -> list[str]:
        return [] if self.accessory in (kebab(self.default_name), "workload") else [self.accessory]

    def metadata(self, name: str, **more: Any) -> dict[str, Any]:
        """The ``metadata`` of a namespaced object of the application; empty parts are left out."""
        return {"name": name, "namespace": self.namespace, **{key: value for key, value in more.items() if value}}
