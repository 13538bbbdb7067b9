"""Secrets whose values all come from the secret store become ExternalSecrets, where the workspace says so.

An ExternalSecret names the values; an operator in the cluster fetches them and makes the Secret of them
(https://external-secrets.io/latest/api/externalsecret/). No value is read here, or while applying. Text with values in
it (``postgres://app:${ref://db#password}@host``) becomes a template. A Secret with any other value (one made at random,
one that stands in a source) cannot be made by the operator: it stays a Secret, with a warning, and so does one of whose
values another resource is made.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kusion_dsl.compiler.generation import Draft, origins_of
from kusion_dsl.errors import CompileError, Position, Problem
from kusion_dsl.model.external_secrets import ExternalStore
from kusion_dsl.model.generation import Resource
from kusion_dsl.model.provenance import Deferred
from kusion_dsl.model.reference import Path, Reference, address_of, escape, format_path, parse, references_of
from kusion_dsl.model.spec import SpecResource, kubernetes_id, kubernetes_type

API_VERSION = "external-secrets.io/v1"
KIND = "ExternalSecret"


def externalize(
    resources: Sequence[SpecResource], drafts: dict[str, Draft], store: ExternalStore
) -> tuple[list[SpecResource], list[Problem]]:
    """``resources`` with ExternalSecrets in place of the Secrets that ``store`` has all values of, and warnings.

    Their drafts take the place of the Secrets' in ``drafts``. Raises CompileError where there is such an ExternalSecret
    already.
    """
    used = {reference.id for each in resources for reference in each.references()}
    staying: list[str] = []
    renamed: dict[str, str] = {}
    found: list[SpecResource] = []
    for each in resources:
        if not each.is_kubernetes_secret:
            found.append(each)
            continue
        obstacle = _obstacle(each, drafts[each.id], is_used=each.id in used)
        if obstacle is not None:
            staying.append(obstacle)
            found.append(each)
            continue
        external = _external(each, store)
        _replace(drafts, each.id, external)
        renamed[each.id] = external.id
        found.append(external)
    needing = [replace(each, depends_on=tuple(renamed.get(id, id) for id in each.depends_on)) for each in found]
    return needing, list(_warning(staying))


def _warning(staying: list[str]) -> Iterator[Problem]:
    if staying:
        yield Problem(
            "Secrets with values that are not in the secret store stay files, which are not to be committed",
            hint="keep these values in the store, or apply the directory of Secrets by hand: kubectl apply -k",
            details=tuple(sorted(staying)),
        )


def _obstacle(secret: SpecResource, draft: Draft, *, is_used: bool) -> str | None:
    """Why a Secret cannot be made by the operator, with the place; None where it can."""
    if is_used:
        return f"{draft.where}: {secret.id}: another resource takes a value of it"
    values = _values(secret.attributes)
    for path, value in values:
        if not _is_in_store(path, value):
            return f"{_where(draft, path)}: {secret.id}: {format_path(path)}"
    return None if values else f"{draft.where}: {secret.id}: it has no values"


def _where(draft: Draft, path: Path) -> Position | str:
    places = (origin().position for origin in origins_of(draft).get(path, ()))
    return next((place for place in places if place), draft.where)


def _values(attributes: Mapping[str, Any]) -> list[tuple[Path, Any]]:
    """The values by their paths, in order of their keys; of two with one key Kubernetes takes that of ``stringData``."""
    found: dict[str, tuple[Path, Any]] = {}
    for field in ("data", "stringData"):
        data = attributes.get(field)
        if isinstance(data, Mapping):
            found.update({key: ((field, key), value) for key, value in data.items()})
    return [found[key] for key in sorted(found)]


def _is_in_store(path: Path, value: Any) -> bool:
    """Whether it is a value of the store, or text with such values in it; ``data`` is encoded, so not in parts."""
    pieces = parse(value) if isinstance(value, str) else ()
    references = [each for each in pieces if isinstance(each, Reference)]
    if not references or not all(each.is_secret for each in references):
        return False
    return len(pieces) == 1 or path[0] == "stringData"


def _external(secret: SpecResource, store: ExternalStore) -> SpecResource:
    """The ExternalSecret of which an operator makes ``secret``."""
    made = secret.attributes
    values = _values(made)
    is_plain = all(len(parse(value)) == 1 for _, value in values)
    data, template = (_plain(values), {}) if is_plain else _templated(values)
    target = {
        "name": made["metadata"]["name"],
        "creationPolicy": "Owner",
        "template": {**_blueprint(made), **template},
        **({"immutable": True} if made.get("immutable") else {}),
    }
    attributes = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": dict(made["metadata"]),
        "spec": {
            "refreshInterval": store.refresh_interval,
            "secretStoreRef": {"name": store.name, "kind": store.kind},
            "target": target,
            "data": data,
        },
    }
    return replace(secret, id=kubernetes_id(attributes), type=kubernetes_type(API_VERSION, KIND), attributes=attributes)


def _blueprint(secret: Mapping[str, Any]) -> dict[str, Any]:
    """What the Secret has beside its values."""
    given = secret["metadata"]
    metadata = {
        part: {key: _literal(value) for key, value in given[part].items()}
        for part in ("labels", "annotations")
        if given.get(part)
    }
    return {
        "engineVersion": "v2",
        "type": secret.get("type", "Opaque"),
        **({"metadata": metadata} if metadata else {}),
    }


def _literal(text: str) -> str:
    """A template for ``text`` as it is."""
    return text.replace("{{", '{{ "{{" }}')


def _plain(values: Sequence[tuple[Path, str]]) -> list[dict[str, Any]]:
    """The values as they are, under their own keys."""
    return [
        _fetched(str(path[1]), reference, encoded=path[0] == "data")
        for path, value in values
        for reference in references_of(value)
    ]


def _templated(values: Sequence[tuple[Path, str]]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The values under numbers, each once, and the texts that are made with them: Go templates."""
    fetched: dict[tuple[Reference, bool], str] = {}
    texts: dict[str, str] = {}
    for path, value in values:
        encoded = path[0] == "data"
        text = ""
        for piece in parse(value):
            if isinstance(piece, Reference):
                name = fetched.setdefault((piece, encoded), f"value-{len(fetched) + 1}")
                text += f"{{{{ index . {json.dumps(name)} }}}}"
            else:
                text += _literal(piece)
        texts[str(path[1])] = escape(text)
    data = [_fetched(name, reference, encoded=encoded) for (reference, encoded), name in fetched.items()]
    return data, {"data": texts}


def _fetched(key: str, reference: Reference, *, encoded: bool) -> dict[str, Any]:
    name, property, version = address_of(reference)
    remote = {"key": name, "property": property, "version": version, "decodingStrategy": "Base64" if encoded else ""}
    return {"secretKey": key, "remoteRef": {field: escape(value) for field, value in remote.items() if value}}


def _replace(drafts: dict[str, Draft], secret: str, external: SpecResource) -> None:
    """Let the draft of the ExternalSecret take the place of the Secret's."""
    draft = drafts.pop(secret)
    if external.id in drafts:
        raise CompileError(
            f"{external.id} is made twice: of {secret}, and by {drafts[external.id].producer or 'the stack'}",
            where=draft.where,
            hint="remove one of them",
        )
    made = Resource.manifest(external.attributes)
    drafts[external.id] = Draft(made, dict(external.attributes), draft.producer, _origins(draft, external))


def _origins(draft: Draft, external: SpecResource) -> dict[Path, tuple[Deferred, ...]]:
    """Who put there what the ExternalSecret says: who had put it into the Secret."""
    spec = external.attributes["spec"]
    places: dict[str, Path] = {each["secretKey"]: ("spec", "data", number) for number, each in enumerate(spec["data"])}
    texts = spec["target"]["template"].get("data", {})
    places.update((key, ("spec", "target", "template", "data", key)) for key in texts)
    moved: dict[Path, tuple[Deferred, ...]] = {}
    for path, origins in origins_of(draft).items():
        match path:
            case ("data" | "stringData", str() as key):
                moved[places[key]] = origins
            case ("type",):
                moved["spec", "target", "template", "type"] = origins
            case () | ("metadata", *_):
                moved[path] = origins
    return moved
