"""The ancestor's Spec in our terms: ids, types, references, names of attributes.

Source: the table in the README of the vectors.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from kusion_dsl.model.reference import Reference, escape, parse_path
from kusion_dsl.model.spec import kubernetes_type
from tests.conformance.cases import VectorsError
from tests.conformance.naming import Naming

_TYPES: Mapping[str, str] = {
    "hashicorp:random:random_password": "kusion:index:RandomPassword",
    "hashicorp:aws:aws_db_instance": "aws:rds/instance:Instance",
    "hashicorp:aws:aws_security_group": "aws:ec2/securityGroup:SecurityGroup",
    "hashicorp:aws:aws_opensearch_domain": "aws:opensearch/domain:Domain",
    "aliyun:alicloud:alicloud_db_instance": "alicloud:rds/instance:Instance",
    "aliyun:alicloud:alicloud_db_connection": "alicloud:rds/connection:Connection",
    "aliyun:alicloud:alicloud_rds_account": "alicloud:rds/account:Account",
}
_PLURALS: Mapping[tuple[str, str], str] = {
    ("alicloud:rds/instance:Instance", "serverlessConfig"): "serverlessConfigs",
}
"""Attributes whose names the Pulumi provider puts into the plural: blocks that Terraform may repeat."""

_REFERENCE = "$kusion_path."
_SECRET = "ref://"


@dataclass(frozen=True)
class Expected:
    """A resource that the ancestor generated; ``imported`` is the cloud's id of one that it imports."""

    id: str
    type: str
    attributes: Mapping[str, Any]
    depends_on: tuple[str, ...] = ()
    workload: bool = False
    health: Mapping[str, Any] = field(default_factory=dict)
    imported: str = ""


@dataclass(frozen=True)
class ExpectedSpec:
    """A Spec of the ancestor."""

    resources: tuple[Expected, ...]
    context: Mapping[str, Any]
    secret_store: Mapping[str, Any] | None


def translate(spec: Mapping[str, Any], naming: Naming) -> ExpectedSpec:
    """Translate ``spec.yaml``; ``naming`` knows the names that are others with us. Raises VectorsError."""
    resources = tuple(_resource(each, naming) for each in spec.get("resources") or ())
    return ExpectedSpec(resources, spec.get("context") or {}, spec.get("secretStore"))


def _resource(document: Mapping[str, Any], naming: Naming) -> Expected:
    extensions = document.get("extensions") or {}
    id, type = _identity(document)
    rename = naming.of(id, type)
    attributes = _attributes(type, document.get("attributes") or {})
    return Expected(
        id=rename(id),
        type=type,
        attributes=_mapped(attributes, rename),
        depends_on=tuple(dict.fromkeys(rename(_id(each)) for each in document.get("dependsOn") or ())),
        workload=bool(extensions.get("kusion.io/is-workload")),
        health=extensions.get("healthPolicy") or {},
        imported=extensions.get("kusionstack.io/import-id", ""),
    )


def _identity(document: Mapping[str, Any]) -> tuple[str, str]:
    id = _id(document["id"])
    if document["type"] == "Kubernetes":
        attributes = document["attributes"]
        return id, kubernetes_type(attributes["apiVersion"], attributes["kind"])
    return id, id.rpartition(":")[0]


def _id(id: str) -> str:
    """Our id for one of the ancestor's: Kubernetes objects have the same."""
    kind, _, name = id.rpartition(":")
    if kind in _TYPES:
        return f"{_TYPES[kind]}:{name}"
    if kind.startswith(("hashicorp:", "aliyun:")):
        raise VectorsError(f"there is no translation of the type {kind}")
    return id


def _attributes(type: str, attributes: Mapping[str, Any]) -> Any:
    if type.startswith("kubernetes:"):
        attributes = _with_stored_secrets(attributes) if type.endswith(":Secret") else attributes
        return _mapped(attributes, _text)
    return _mapped(_camel(type, attributes), _text)


def _text(text: str) -> str:
    """A string of the ancestor in our grammar: a reference, or literal text."""
    if text.startswith(_REFERENCE):
        id, _, path = text.removeprefix(_REFERENCE).partition(".")
        return str(Reference(_id(id), parse_path(camel(path))))
    return escape(text)


def _with_stored_secrets(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values of the secret store, which the ancestor keeps as the base64 of their address, as references."""
    data = {key: _stored(value) for key, value in (manifest.get("data") or {}).items()}
    late = {key: value for key, value in data.items() if isinstance(value, Reference)}
    if not late:
        return manifest
    kept = {key: value for key, value in data.items() if key not in late}
    return {**manifest, "data": kept, "stringData": {**(manifest.get("stringData") or {}), **late}}


def _stored(value: Any) -> Any:
    """``ref://PATH/KEY?version=V``: the last segment of the path is the key, all before it the name."""
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, TypeError, UnicodeDecodeError):
        return value
    if not text.startswith(_SECRET):
        return value
    address = urlsplit(text)
    name, _, key = f"{address.netloc}{address.path}".rpartition("/")
    version = dict(parse_qsl(address.query)).get("version", "")
    suffix = f"?version={quote(version, safe='')}" if version else ""
    return Reference(f"{_SECRET}{quote(name or key)}{suffix}", (key,) if name else ())


def camel(name: str) -> str:
    """``vpc_security_group_ids`` as ``vpcSecurityGroupIds``."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


def _camel(type: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        renamed = {camel(key): _camel(type, item) for key, item in value.items()}
        return {_PLURALS.get((type, key), key): item for key, item in renamed.items()}
    if isinstance(value, list):
        return [_camel(type, item) for item in value]
    return value


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """``value`` with every string in it changed, and references as text; keys stay."""
    if isinstance(value, Reference):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _mapped(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    return change(value) if isinstance(value, str) else value
