"""Kubernetes Secrets that a workload declares."""

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from kusion_dsl import Secret
from kusion_dsl.module import Component, Context, Resource, derived, has_token

_KEY = re.compile(r"[-A-Za-z0-9_.]{1,253}")
_REFERENCE = "ref://"
_KEYS: Mapping[str, tuple[str, ...]] = {
    "basic": ("username", "password"),
    "token": ("token",),
    "certificate": ("tls.crt", "tls.key"),
}
_GENERATED: Mapping[str, tuple[str, ...]] = {"basic": ("username", "password"), "token": ("token",)}
_TYPES = {"basic": "kubernetes.io/basic-auth", "certificate": "kubernetes.io/tls"}
_GENERATED_LENGTH = 54


def _key(name: str) -> str:
    if not _KEY.fullmatch(name) or name in (".", ".."):
        raise ValueError(f"'{name}' is no key of a Secret: use letters, digits, '-', '_' and '.'")
    return name


def _value(text: str) -> str:
    """``ref://PATH/KEY?version=V`` is a value of the secret store, everything else is itself."""
    if not text.startswith(_REFERENCE):
        return text
    parts = urlsplit(text)
    name, _, key = f"{parts.netloc}{parts.path}".rstrip("/").rpartition("/")
    version = dict(parse_qsl(parts.query)).get("version", "")
    if not key:
        raise ValueError(f"'{text}' names no secret: write ref://NAME, or ref://NAME/KEY?version=VERSION")
    return str(Secret(name, key=key, version=version) if name else Secret(key, version=version))


class SecretSpec(Component):
    """A Kubernetes Secret beside the workload; ``secret_ref(name, key=...)`` reads it in ``env`` and ``files``."""

    type: Literal["basic", "token", "opaque", "certificate", "external"] = "opaque"
    """``basic``: ``username`` and ``password``, made at random where missing. ``token``: ``token``, made at random where
    missing. ``certificate``: ``tls.crt`` and ``tls.key``. ``opaque``: any keys. ``external``: any keys, each a value of
    the workspace's secret store."""
    data: Mapping[Annotated[str, AfterValidator(_key)], Annotated[str, AfterValidator(_value)]] = Field(
        default_factory=dict[str, str], validate_default=True
    )
    """Values by key: ``Secret("name", key="...")``, or ``ref://name/key``, from the workspace's secret store; or
    literal text, which anybody can read in the source, and of which the compiler warns."""
    immutable: bool = False
    """Whether Kubernetes refuses to change it."""

    @field_validator("data")
    @classmethod
    def _keys_fit(cls, data: Mapping[str, str], info: ValidationInfo) -> Mapping[str, str]:
        kind = info.data.get("type", "opaque")
        known = _KEYS.get(kind, tuple(data))
        unknown = [key for key in data if key not in known]
        if unknown:
            raise ValueError(f"a secret of type '{kind}' has no {unknown[0]}, only {' and '.join(known)}")
        missing = [key for key in known if key not in data and key not in _GENERATED.get(kind, ())]
        if missing:
            raise ValueError(f"a secret of type '{kind}' needs {' and '.join(missing)}")
        literal = [key for key, value in data.items() if not has_token(value)]
        if kind == "external" and literal:
            raise ValueError(
                f'{literal[0]} is not in a secret store: write Secret("name", key="..."), or ref://name/key'
            )
        return data


def secret_resources(name: str, spec: SecretSpec, ctx: Context) -> Iterator[Resource]:
    """The Kubernetes Secret ``name``, and a random password for each value that is to be made.

    A random value is made once and kept in the state; generating again never changes it.
    """
    generated = [key for key in _GENERATED.get(spec.type, ()) if not spec.data.get(key)]
    given = {key: value for key, value in spec.data.items() if key not in generated}
    late = {key: value for key, value in given.items() if has_token(value)}
    for key in generated:
        attributes = {"length": _GENERATED_LENGTH, "special": False}
        password = Resource("kusion:index:RandomPassword", f"{ctx.app_name}-{name}-{key}", attributes)
        yield password
        late[key] = password["result"]
    yield Resource.manifest(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": ctx.metadata(name),
            "type": _TYPES.get(spec.type, "Opaque"),
            "immutable": spec.immutable,
            "data": {key: derived(_base64(value), value) for key, value in given.items() if key not in late} or None,
            "stringData": late or None,
        }
    )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
