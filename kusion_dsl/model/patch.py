"""Patches that people write: what modules do not offer a field for, on any resource that they make."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from kusion_dsl.model.component import Component
from kusion_dsl.model.selector import Glob, Selecting

_OPERANDS: Mapping[str, str] = {
    "add": "value",
    "replace": "value",
    "test": "value",
    "remove": "",
    "move": "from",
    "copy": "from",
}


def _json(value: Any) -> Any:
    match value:
        case None | str() | bool() | int() | float():
            return value
        case Mapping():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise ValueError(f"the key {key!r} is no text")
                _json(item)
        case list() | tuple():
            for item in value:
                _json(item)
        case _:
            raise ValueError(f"a value of the type {type(value).__name__} has no place in a resource")
    return value


def _operation(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check one operation. Source: https://www.rfc-editor.org/rfc/rfc6902#section-4."""
    kind, path = operation.get("op"), operation.get("path")
    if not isinstance(kind, str) or kind not in _OPERANDS:
        raise ValueError(f"the op is {kind!r}, none of {', '.join(_OPERANDS)}")
    if not isinstance(path, str) or not path.startswith("/"):
        raise ValueError(f"the path is {path!r}, not like '/spec/template/spec/hostNetwork'")
    operand = _OPERANDS[kind]
    unknown = sorted(set(operation) - {"op", "path", operand})
    if unknown:
        raise ValueError(f"'{kind}' takes no '{unknown[0]}'")
    if operand and operand not in operation:
        raise ValueError(f"'{kind}' needs a '{operand}'")
    if operand == "from" and not str(operation["from"]).startswith("/"):
        raise ValueError(f"the from is {operation['from']!r}, not like '/spec/template'")
    return operation


Json = Annotated[Mapping[str, Any], AfterValidator(_json)]


class ResourcePatch(BaseModel):
    """Which resources are changed, and how: what patches of applications and of workspaces have in common."""

    model_config = ConfigDict(defer_build=True)

    kind: Glob | None = None
    """The kind of the resources: ``Deployment``, or the last part of a cloud resource's type, or the whole type
    (``aws:rds/instance:Instance``); or a glob."""
    name: Glob | None = None
    """Their name, as it stands in the Spec; or a glob."""
    accessory: Glob | None = None
    """The name of the accessory that they come from, ``workload`` for the workload's; or a glob."""
    merge: Json = Field(default_factory=dict[str, Any])
    """Merged key by key, lists of containers, variables, volumes and ports item by item; None removes."""
    json_patch: Sequence[Annotated[Json, AfterValidator(_operation)]] = ()
    """RFC 6902 operations, in this order, after the merge."""

    @model_validator(mode="after")
    def _is_about_something(self) -> Self:
        if not self.target:
            raise ValueError("say which resources it changes: by kind, by name or by accessory")
        if not self.merge and not self.json_patch:
            raise ValueError("say what it changes: by merge, by a JSON patch, or both")
        return self

    @property
    def target(self) -> Mapping[str, str]:
        """The parts by which resources are chosen, of those that are given."""
        every = {"kind": self.kind, "name": self.name, "accessory": self.accessory}
        return {field: glob for field, glob in every.items() if glob is not None}

    def fits(self, type: str, name: str, accessory: str) -> bool:
        """Whether it changes a resource of a type (a Pulumi token) and a name that comes from an accessory."""
        known = {"kind": (kind_of(type), type), "name": (name,), "accessory": (accessory,)}
        return all(any(fnmatchcase(text, glob) for text in known[field]) for field, glob in self.target.items())


def kind_of(type: str) -> str:
    """The kind of a resource: the last part of its type."""
    return type.rpartition(":")[2]


class patch(Component, ResourcePatch):
    """A change to resources of the application, for what no field of a component says.

    ``patches = [patch(kind="Deployment", merge={"spec": {"template": {"spec": {"hostNetwork": True}}}})]`` in an
    application changes what its modules and the workspace made; it may not make another object of one (``apiVersion``,
    ``kind``, name and namespace stay). One that fits no resource is an error.
    """


class WorkspacePatch(Selecting, ResourcePatch):
    """A change to resources of every application that it selects, after the modules' and before the application's."""
