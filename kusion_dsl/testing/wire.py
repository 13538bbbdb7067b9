"""What is wrong with a resource for those who receive it: JSON, and what Kubernetes takes for a name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from kusion_dsl.model.kubernetes import DnsLabel, Labels, ObjectName
from kusion_dsl.model.names import MAX_LABEL
from kusion_dsl.model.reference import Path, format_path

_LABELS = ("labels", "matchLabels")
_NAMED_BY_LABEL = ("containers", "initContainers", "volumes", "ports")
_LONGEST: Mapping[str, int] = {
    "Namespace": MAX_LABEL,
    "Service": MAX_LABEL,
    "Job": MAX_LABEL,
    "CronJob": 52,
    "StatefulSet": 52,
}
"""How long the names of kinds may be whose names become labels, DNS labels, or parts of these: a Job's and a CronJob's
(https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/), a StatefulSet's, which stands with a hash of ten
characters behind it in a label of its pods (https://github.com/kubernetes/kubernetes/issues/64023)."""


def json_problems(value: Any, path: Path = ()) -> Iterator[str]:
    """What in ``value`` no JSON document can hold."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                yield f"the key {key!r} in {_at(path)} is no text"
            yield from json_problems(item, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from json_problems(item, (*path, index))
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{_at(path)} is {value}, which is no JSON"
    elif value is not None and not isinstance(value, str | int | float):
        yield f"{_at(path)} is of the type {type(value).__name__}, which is no JSON"


def name_problems(type: str, attributes: Mapping[str, Any]) -> Iterator[str]:
    """Names and labels in a Kubernetes object that Kubernetes would refuse; nothing for other types."""
    if not type.startswith("kubernetes:"):
        return
    name, longest = attributes["metadata"]["name"], _LONGEST.get(attributes["kind"])
    yield from _invalid(ObjectName, name, "metadata.name")
    if longest is not None and len(name) > longest:
        yield f"metadata.name has {len(name)} characters, and a {attributes['kind']} may have {longest}: {name}"
    yield from _nested(attributes, ())


def _nested(value: Any, path: Path) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            place = (*path, key)
            if key in _LABELS and isinstance(item, Mapping):
                yield from _invalid(Labels, item, _at(place))
            elif key in _NAMED_BY_LABEL and isinstance(item, Sequence):
                yield from _named(item, place)
            yield from _nested(item, place)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _nested(item, (*path, index))


def _named(items: Sequence[Any], path: Path) -> Iterator[str]:
    for index, item in enumerate(items):
        if isinstance(item, Mapping) and "name" in item:
            yield from _invalid(DnsLabel, item["name"], _at((*path, index, "name")))


def _invalid(kind: Any, value: Any, place: str) -> Iterator[str]:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            yield f"{place}: {each['msg'].removeprefix('Value error, ')}"


def _at(path: Path) -> str:
    return format_path(path) or "the whole"
