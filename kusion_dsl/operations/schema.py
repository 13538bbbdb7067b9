"""JSON Schemas of the YAML files that people write, for editors to check and complete them.

Draft 2020-12 (https://json-schema.org/draft/2020-12), as the YAML server of editors reads it
(https://github.com/redhat-developer/yaml-language-server). What no schema can say, like how selectors overlap, is left
to ``kusion workspace create``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from kusion_dsl.compiler.inputs import InstalledModule
from kusion_dsl.compiler.policy import block_model
from kusion_dsl.discovery.documentation import field_docs
from kusion_dsl.discovery.modules import module_entries
from kusion_dsl.errors import ModuleError, Problem
from kusion_dsl.model.component import Component
from kusion_dsl.model.external_secrets import SECRETS, STORE_KINDS
from kusion_dsl.model.project import Project, Stack
from kusion_dsl.model.selector import SELECTORS
from kusion_dsl.model.target import KEYS
from kusion_dsl.model.workspace import DEFAULT_BLOCK, Block, ModulePolicy, WorkspaceConfig
from kusion_dsl.module import PlatformConfig, shared_fields

Json = dict[str, Any]

KINDS = ("project", "stack", "workspace")
"""The files that there are schemas of: project.yaml, stack.yaml, and workspaces."""


_STORE_FIELDS: Json = {
    "name": {"type": "string", "description": "The name of the store's object."},
    "kind": {"enum": list(STORE_KINDS), "description": "Whether it is the namespace's or the cluster's."},
    "refreshInterval": {"type": "string", "description": "How often values are fetched: 1h, 90s."},
}


class Schema(NamedTuple):
    """A JSON Schema, and warnings about modules that could not be asked."""

    document: Json
    warnings: tuple[Problem, ...] = ()


class _Documented(GenerateJsonSchema):
    """Describes fields by what stands behind them in the source, and gives none a title."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        described = super().model_schema(schema)
        docs = field_docs(schema["cls"])
        for name, field in schema["cls"].model_fields.items():
            described.get("properties", {}).get(field.alias or name, {}).update(_description(docs.get(name)))
        return described

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _description(text: str | None) -> Json:
    return {"description": text} if text else {}


def schema_of(kind: str) -> Schema:
    """The schema of a file of one of :data:`KINDS`; of workspaces with what each installed module's platform side says."""
    if kind == "workspace":
        return _workspace()
    model: type[BaseModel] = Project if kind == "project" else Stack
    [root], defined = _schemas([model])
    return Schema(_document(root, defined))


def _document(root: Json, defined: Json) -> Json:
    return {"$schema": _Documented.schema_dialect, **root, "$defs": defined}


def _schemas(models: Sequence[type[BaseModel]]) -> tuple[list[Json], Json]:
    """The schemas of ``models``, and what they refer to in ``$defs`` by name."""
    references, definitions = models_json_schema(
        [(model, "validation") for model in models], by_alias=True, schema_generator=_Documented
    )
    names = [str(references[(model, "validation")]["$ref"]).rpartition("/")[2] for model in models]
    defined: Json = dict(definitions["$defs"])
    return [defined[name] for name in names], {name: each for name, each in defined.items() if name not in names}


def _workspace() -> Schema:
    modules: dict[str, InstalledModule] = {}
    warnings: list[Problem] = []
    for entry in module_entries():
        try:
            modules[entry.name] = entry.load()
        except ModuleError as error:
            warnings += error.problems
    blocks = [_block(each) for each in modules.values()]
    [root, policy, common, *own], defined = _schemas([WorkspaceConfig, ModulePolicy, Block, *blocks])
    described: Json = {}
    for each, block, fields in zip(modules.values(), blocks, own, strict=True):
        fields = _with_shared_docs(fields, block, each.module.intent)
        described[each.name] = {"description": each.module.summary, **_policy(policy, common, fields)}
    root["properties"]["modules"]["properties"] = described
    root["properties"]["context"]["properties"] = {"target": _target()}
    return Schema(_document(root, {**defined, "ModulePolicy": policy, "Block": common}), tuple(warnings))


def _target() -> Json:
    """``context.target``, which no model describes: a kind, or a mapping of what each kind takes."""
    store = {"type": "object", "required": ["name"], "additionalProperties": False, "properties": _STORE_FIELDS}
    described: Json = {
        "directory": {"type": "string", "description": "Where the files go, relative to the project."},
        "secrets": {"enum": list(SECRETS), "description": "What becomes of Secrets: files, or ExternalSecrets."},
        "store": {"description": "The store that the operator of ExternalSecrets reads.", **store},
        "kubeconfig": {"type": "string", "description": "A path, ref://NAME, or in-cluster."},
        "context": {
            "type": "string",
            "description": "A context of the kubeconfig; the current one where none is given.",
        },
        "identifier": {"type": "string", "description": "Which cluster it is; asked for where it is not given."},
        "timeout": {"type": "string", "description": "How long each object has to come up: 5m, 90s."},
    }
    mappings = [
        {
            "type": "object",
            "required": ["kind"] if kind == "cluster" else [],
            "properties": {"kind": {"const": kind}, **{key: described[key] for key in keys if key != "kind"}},
            "additionalProperties": False,
        }
        for kind, keys in KEYS.items()
    ]
    return {"description": "Where Kubernetes objects go.", "anyOf": [{"enum": list(KEYS)}, *mappings]}


def _block(installed: InstalledModule) -> type[BaseModel]:
    intent: type[Component] = installed.module.intent
    platform: type[PlatformConfig] = installed.module.platform
    return block_model(intent, platform)


def _with_shared_docs(own: Json, block: type[BaseModel], intent: type[Component]) -> Json:
    """The fields of a block that are the developer's, too, as the developer's model describes them, and who wins."""
    docs = field_docs(intent)
    for name, precedence in shared_fields(intent).items():
        text = f"{docs.get(name, '')} Developers may set it, too: {precedence.value}."
        own["properties"][block.model_fields[name].alias or name].update(_description(text.strip()))
    return own


def _policy(policy: Json, common: Json, own: Json) -> Json:
    """What stands under a module's name: ``configs`` with its own fields beside those that every module has.

    A block need not have what is required: ``default`` and the blocks that select an application are taken together.
    """
    fields = {**own["properties"], **common["properties"]}
    selectors = {name: {**fields.pop(name), "minItems": 1} for name in SELECTORS.values()}
    default = {"type": ["object", "null"], "properties": fields, "additionalProperties": False}
    selecting = {
        "type": "object",
        "properties": {**selectors, **fields},
        "anyOf": [{"required": [name]} for name in selectors],
        "minProperties": 2,
        "additionalProperties": False,
    }
    configs = {
        "type": "object",
        "description": policy["properties"]["configs"]["description"],
        "properties": {DEFAULT_BLOCK: default},
        "additionalProperties": selecting,
    }
    return {
        "type": "object",
        "properties": {**policy["properties"], "configs": configs},
        "additionalProperties": False,
    }
