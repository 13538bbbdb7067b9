"""References in a Spec's attributes become values: of resources that are registered, and of the secret store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kusion_dsl.engine.values import UNKNOWN, Secret
from kusion_dsl.errors import EngineError
from kusion_dsl.model.reference import Path, Reference, format_path, references_of, resolve
from kusion_dsl.model.spec import Spec, SpecResource


@dataclass(frozen=True)
class Registered:
    """What Pulumi answered to a registration.

    ``id`` is empty while it is not known; ``complete`` says whether ``outputs`` are all there will be: not in a
    preview, and not where the resource failed.
    """

    urn: str
    id: str
    outputs: Mapping[str, Any]
    complete: bool

    def at(self, path: Path, wanted: Reference) -> Any:
        """The output at ``path``, secret if anything on the way is. Raises EngineError where there is none."""
        if path == ("urn",):
            return self.urn
        if path == ("id",):
            return self.id or UNKNOWN
        value: Any = self.outputs
        secret = False
        for segment in path:
            value, secret = _opened(value, secret)
            if value is UNKNOWN:
                break
            value = self._step(value, segment, wanted)
        value, secret = _opened(value, secret)
        return Secret(value) if secret else value

    def _step(self, value: Any, segment: str | int, wanted: Reference) -> Any:
        if isinstance(value, Mapping) and segment in value:
            return value[segment]
        if isinstance(value, list) and isinstance(segment, int) and segment < len(value):
            return value[segment]
        if not self.complete:
            return UNKNOWN
        raise EngineError(
            f"it has no output '{format_path(wanted.path)}'",
            where=wanted.id,
            hint="a resource that refers to it cannot be made; the outputs it has: " + ", ".join(sorted(self.outputs)),
        )


def _opened(value: Any, secret: bool) -> tuple[Any, bool]:
    while isinstance(value, Secret):
        value, secret = value.value, True
    return value, secret


def store_values(spec: Spec, secret: Callable[[Reference], str]) -> dict[Reference, str]:
    """The value of every ``ref://`` in ``spec``, each asked for once. Raises what ``secret`` raises."""
    holders: list[Mapping[str, Any]] = [resource.attributes for resource in spec.resources]
    holders += [provider.config for provider in spec.providers.values()]
    wanted = {reference for holder in holders for reference in references_of(holder) if reference.is_secret}
    return {reference: secret(reference) for reference in sorted(wanted, key=str)}


def resolved(value: Any, registered: Mapping[str, Registered], store: Mapping[Reference, str]) -> Any:
    """``value`` with every reference replaced; text with a secret in it is secret, with an unknown in it unknown."""

    def lookup(reference: Reference) -> Any:
        if reference.is_secret:
            return Secret(store[reference])
        return registered[reference.id].at(reference.path, reference)

    return resolve(value, lookup, _join)


def _join(parts: Sequence[Any]) -> Any:
    opened = [_opened(part, False) for part in parts]
    unknown = any(value is UNKNOWN for value, _ in opened)
    text = UNKNOWN if unknown else "".join(_text(value) for value, _ in opened)
    return Secret(text) if any(secret for _, secret in opened) else text


def _text(value: Any) -> str:
    """A value in the middle of text, as it is written in JSON, strings bare."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
    raise EngineError(
        f"a value of type {_kind(value)} cannot stand in the middle of text",
        hint="refer to one of its fields, or use the reference alone",
    )


def _kind(value: Any) -> str:
    return "null" if value is None else "list" if isinstance(value, list) else "mapping"


_SECRET_FIELDS = ("data", "stringData")


def inputs_of(resource: SpecResource, registered: Mapping[str, Registered], store: Mapping[Reference, str]) -> Any:
    """The inputs to register ``resource`` with. Every value in a Kubernetes Secret's data is secret."""
    inputs = resolved(resource.attributes, registered, store)
    return with_secret_data(inputs) if resource.is_kubernetes_secret else inputs


def with_secret_data(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A Kubernetes Secret with each value of its ``data`` and ``stringData`` marked secret."""
    marked = dict(inputs)
    for field in _SECRET_FIELDS:
        data = marked.get(field)
        if isinstance(data, Mapping):
            marked[field] = {key: value if isinstance(value, Secret) else Secret(value) for key, value in data.items()}
        elif data is not None and not isinstance(data, Secret):
            marked[field] = Secret(data)
    return marked
