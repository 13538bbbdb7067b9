"""Secrets in environments: what must not be readable in a workload is lifted into a Secret.

In a container's environment a string with a secret in it becomes a key of a generated Kubernetes Secret, and the
variable a ``secretKeyRef``; a ``secret_ref`` becomes one as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kusion_dsl.compiler.generation import Draft
from kusion_dsl.compiler.outputs import Wiring
from kusion_dsl.compiler.tracing import plain
from kusion_dsl.errors import CompileError
from kusion_dsl.model import pod
from kusion_dsl.model.app import Application
from kusion_dsl.model.generation import Resource
from kusion_dsl.model.names import shorten
from kusion_dsl.model.provenance import Traced, mark
from kusion_dsl.model.token import has_token


def lift_secrets(draft: Draft, application: Application, wiring: Wiring) -> Draft | None:
    """Lift what is secret in the environments of ``draft``'s containers; the generated Secret, if one is needed."""
    data: dict[str, Any] = {}
    metadata = draft.attributes.get("metadata", {})
    name = shorten(f"{plain(metadata.get('name', ''))}-env")
    for _, container in pod.containers(draft.resource.type, draft.attributes):
        entries = container.get("env")
        if isinstance(entries, list):
            container["env"] = [_lifted(each, container, name, data, draft, application, wiring) for each in entries]
    if not data:
        return None
    namespace = {"namespace": metadata["namespace"]} if "namespace" in metadata else {}
    labels = {"labels": dict(metadata["labels"])} if "labels" in metadata else {}
    secret = Resource.manifest(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, **namespace, **labels},
            "type": "Opaque",
            "stringData": data,
        }
    )
    return Draft(secret, dict(secret.attributes), draft.producer, {(): draft.origins.get((), ())})


def _lifted(
    entry: Any,
    container: Mapping[str, Any],
    secret: str,
    data: dict[str, Any],
    draft: Draft,
    application: Application,
    wiring: Wiring,
) -> Any:
    value = entry.get("value") if isinstance(entry, Mapping) else None
    if not has_token(value):
        return entry
    assert isinstance(value, str)
    if not isinstance(container.get("name"), str) or not isinstance(entry.get("name"), str):
        raise CompileError(
            f"a variable or a container of {draft.id} has no name", where=draft.where, hint="give it a name"
        )
    try:
        text = wiring.text(value, application)
    except CompileError as error:
        raise error.at(draft.where) from None
    if text.secret_key is not None:
        return _from_secret(entry, value, text.secret_key.secret, text.secret_key.key)
    if text.secret:
        key = f"{plain(container['name'])}.{plain(entry['name'])}"
        data[key] = value
        return _from_secret(entry, value, secret, key)
    return entry


def _from_secret(entry: Mapping[str, Any], value: str, secret: str, key: str) -> dict[str, Any]:
    """The variable as a reference to a key of a Secret; who wrote its value has written that."""
    origin = value.origin if isinstance(value, Traced) else None
    reference = {"name": mark(secret, origin), "key": mark(key, origin)}
    return {"name": entry["name"], "valueFrom": {"secretKeyRef": reference}}
