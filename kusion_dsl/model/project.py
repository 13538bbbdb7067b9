"""Projects and stacks: ``project.yaml``, ``stack.yaml``."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from kusion_dsl.model.names import label_problem


class Document(BaseModel):
    """What people write into a YAML file: camelCase, strict about unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, defer_build=True
    )


def _checked_name(name: str) -> str:
    problem = label_problem(name)
    if problem:
        raise ValueError(f"the name {problem}")
    return name


Name = Annotated[str, AfterValidator(_checked_name)]
"""A DNS label: it becomes a part of the names of resources; a dot would break the name of the Pulumi stack."""


class KubernetesNamespace(Document):
    """The namespace for everything a stack makes."""

    namespace: Name


class NamespaceExtension(Document):
    """Puts everything into a namespace other than the project's name."""

    kind: Literal["kubernetesNamespace"]
    kubernetes_namespace: KubernetesNamespace


class Project(Document):
    """``project.yaml``."""

    name: Name
    """Part of the names of all resources, and the namespace unless an extension says otherwise."""
    description: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    extensions: tuple[NamespaceExtension, ...] = ()


class Stack(Document):
    """``stack.yaml``."""

    name: Name
    """Part of the names of all resources."""
    description: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    workspace: str = ""
    """The workspace, unless ``--workspace`` says otherwise."""
    extensions: tuple[NamespaceExtension, ...] = ()


def namespace_of(project: Project, stack: Stack) -> str:
    """The namespace of a stack: the stack's extension, else the project's, else the project's name."""
    for extension in (*stack.extensions, *project.extensions):
        return extension.kubernetes_namespace.namespace
    return project.name
