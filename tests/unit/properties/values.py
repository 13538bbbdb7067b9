"""Values of a schema's fields, by the types that the schema declares: valid ones, and any.

A model says what its fields are; so it says what to try, and a field that is added is tried from then on. What is text
or a number is drawn from a stock of things that people write, of which a *valid* value is one that the field takes.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import reject
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from kusion_dsl import Secret, secret_ref
from kusion_dsl.errors import KusionError
from kusion_dsl.module import Component

NAMES = ("a", "web", "web-2", "x" * 63, "team", "acme.example/team", "app.kubernetes.io/name", "tls.crt", "KEY", "_K")
TEXTS = ("", " ", "a b", "é", "\u0000", "${x}", "$${x}", "$(WEB)", "{{ x }}", "a\nb", "x" * 300, "null", "true", "0o17")
PATHS = (
    "/",
    "/etc",
    "/etc/app/a.conf",
    "/etc/app/b.conf",
    "/data",
    "etc/app",
    "../x",
    "/healthz?full=1",
    "0644",
    "0400",
)
PLACES = (
    "nginx:1.29",
    "ghcr.io/acme/shop@sha256:1",
    "example.com",
    "*.example.com",
    "http://a:80/b",
    "tcp://a",
    "10.0.0.0/8",
)
AMOUNTS = (
    "1",
    "500m",
    "250m-1",
    "64Mi",
    "64Mi-1Gi",
    "1.5Gi",
    "1e3",
    "25%",
    "30s",
    "5m",
    "cpu",
    "memory",
    "nvidia.com/gpu",
)
TIMES = ("0 3 * * *", "@daily", "@every 90m", "61 * * * *", "Europe/Berlin")
SECURITY = ("RuntimeDefault", "NET_BIND_SERVICE", "ALL", "restricted")
VERSIONS = ("16", "14.0", "16-alpine", "8.0", "latest")
TOKENS = (Secret("stripe", key="api-key"), secret_ref("github", key="token"), f"a{Secret('stripe')}b")
NUMBERS = (-1, 0, 1, 2, 30, 80, 443, 8080, 65535, 65536, 1 << 40)
STOCK: tuple[Any, ...] = (
    *NAMES, *TEXTS, *PATHS, *PLACES, *AMOUNTS, *TIMES, *SECURITY, *VERSIONS, *TOKENS, *NUMBERS, 0.5, True, False,
)  # fmt: skip
TEXT = st.sampled_from(TEXTS) | st.text(max_size=5)
JUNK = st.sampled_from((*STOCK, None, [], {}, ["a"], {"a": 1})) | st.text(max_size=5) | st.integers()

_TRIES = 4


@st.composite
def component(draw: st.DrawFn, model: type[Component], depth: int = 5) -> Component:
    """A valid component. Not every choice of fields that are right by themselves goes together: some are drawn again."""
    for _ in range(_TRIES):
        try:
            return model(**draw(fields(model, valid=True, depth=depth)))
        except KusionError:
            continue
    reject()


@cache
def fields(model: type[Component], *, valid: bool, depth: int = 5) -> st.SearchStrategy[dict[str, Any]]:
    """The arguments of a component; unless ``valid``, some are not what the field takes, or of no field."""
    hints = get_type_hints(model, include_extras=True)
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    known = {name: _value(hints[name], valid, depth) for name in model.model_fields}
    optional = {name: each for name, each in known.items() if name not in required and depth > 0}
    needed = {name: known[name] for name in required}
    if valid:
        return st.fixed_dictionaries(needed, optional=optional)
    return st.dictionaries(st.sampled_from((*known, "nme")), JUNK, max_size=2).flatmap(
        lambda wrong: st.fixed_dictionaries(needed, optional=optional).map(lambda right: {**right, **wrong})
    )


def _value(annotation: Any, valid: bool, depth: int) -> st.SearchStrategy[Any]:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _leaf(annotation, valid) if _is_leaf(inner[0]) else _value(inner[0], valid, depth)
    if _is_leaf(annotation):
        return _leaf(annotation, valid)
    if origin in (Union, types.UnionType):
        return st.one_of([_value(each, valid, depth) for each in inner])
    if isinstance(annotation, type) and issubclass(annotation, Component):
        return (
            component(annotation, depth - 1)
            if valid
            else st.deferred(lambda: fields(annotation, valid=False, depth=depth - 1))
        )
    if isinstance(origin, type) and issubclass(origin, Mapping):
        keys = _value(inner[0], True, depth)
        return st.dictionaries(keys if valid else keys | TEXT, _value(inner[1], valid, depth), max_size=2)
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return st.lists(_value(inner[0], valid, depth), max_size=2)
    raise TypeError(f"there are no values for {annotation}: add them here")


def _is_leaf(annotation: Any) -> bool:
    return annotation in (str, int, float, bool, secret_ref, None, type(None)) or get_origin(annotation) is Literal


def _leaf(annotation: Any, valid: bool) -> st.SearchStrategy[Any]:
    if annotation in (None, type(None)):
        return st.none()
    good = _accepted(repr(annotation), annotation)
    return st.sampled_from(good) if valid else st.sampled_from(good) | JUNK


_TAKEN: dict[str, list[Any]] = {}


def _accepted(key: str, annotation: Any) -> list[Any]:
    """What of the stock a field takes; it must be something, or the field is never tried."""
    if key not in _TAKEN:
        adapter = TypeAdapter[Any](annotation)
        literal = get_args(annotation) if get_origin(annotation) is Literal else ()
        _TAKEN[key] = [each for each in (*literal, *STOCK) if _takes(adapter, each)]
    if not _TAKEN[key]:
        raise TypeError(f"nothing of the stock is a value of {annotation}: add something here")
    return _TAKEN[key]


def _takes(adapter: TypeAdapter[Any], value: Any) -> bool:
    try:
        adapter.validate_python(value, strict=not isinstance(value, float))
    except ValidationError:
        return False
    return True
