"""The provider that takes ``kubernetes:*`` when the target is a directory: one YAML file per object, no cluster.

Its directory is the input ``renderYamlToDirectory``, under which the real provider
(https://www.pulumi.com/registry/packages/kubernetes/api-docs/provider/) would render too: a plain ``pulumi`` that
takes over the state never touches a cluster. *Live* is what the files say.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from kusion_dsl.engine.manifest_files import Identity, ManifestFiles
from kusion_dsl.engine.provider import Provider, check_response, diff_response, fail
from kusion_dsl.engine.resolution import with_secret_data
from kusion_dsl.engine.values import UNKNOWN, differences, from_struct, revealed, secrets_in, to_struct
from kusion_dsl.errors import EngineError
from kusion_dsl.model.reference import Path as PropertyPath
from kusion_dsl.model.spec import kubernetes_type

DIRECTORY = "renderYamlToDirectory"
_NAMES: frozenset[PropertyPath] = frozenset({("metadata", "name"), ("metadata", "namespace")})


class ManifestsProvider(Provider):
    """Serves the package ``kubernetes``; a relative directory is taken relative to ``base``."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._files: ManifestFiles | None = None

    def Configure(self, request: Any, context: Any) -> provider_pb2.ConfigureResponse:
        """Take the directory."""
        written = revealed(from_struct(request.args)).get(DIRECTORY)
        if not isinstance(written, str) or not written:
            hint = "destroy the stack with its former target first, then apply with the new one"
            fail(context, EngineError("the state of this stack is of objects in a cluster, not in files", hint=hint))
        self._files = ManifestFiles(Path(os.path.normpath(self._base / written)))
        return super().Configure(request, context)

    def Check(self, request: Any, context: Any) -> provider_pb2.CheckResponse:
        """The object as it is, and what is wrong with it."""
        obj = from_struct(request.news)
        return check_response(obj, problems_of(_type_of(request.urn), obj))

    def Diff(self, request: Any, context: Any) -> provider_pb2.DiffResponse:
        """The differences by path; another name or namespace is another object."""
        new = from_struct(request.news)
        changed = dict(differences(from_struct(request.old_inputs), new))
        renamed = _identity(_type_of(request.urn), new).id != request.id
        return diff_response(changed, _NAMES if renamed else frozenset())

    def Create(self, request: Any, context: Any) -> provider_pb2.CreateResponse:
        """Write a new object's file; a preview tells whether that could be."""
        obj = from_struct(request.properties)
        identity = _identity(_type_of(request.urn), obj)
        act = self._opened.check_free if request.preview else self._opened.create
        try:
            act(identity, revealed(obj))
        except (EngineError, OSError) as error:
            fail(context, error)
        return provider_pb2.CreateResponse(id=identity.id, properties=request.properties)

    def Read(self, request: Any, context: Any) -> provider_pb2.ReadResponse:
        """What the file says; without one the object is gone."""
        identity = Identity.of_resource(_type_of(request.urn), request.id)
        try:
            obj = self._opened.read(identity)
        except EngineError as error:
            fail(context, error)
        if obj is None:
            return provider_pb2.ReadResponse()
        live = to_struct(with_secret_data(obj) if identity.is_secret else obj)
        return provider_pb2.ReadResponse(id=request.id, properties=live, inputs=live)

    def Update(self, request: Any, context: Any) -> provider_pb2.UpdateResponse:
        """Write a known object's file."""
        if not request.preview:
            identity = Identity.of_resource(_type_of(request.urn), request.id)
            try:
                self._opened.update(identity, revealed(from_struct(request.news)))
            except (EngineError, OSError) as error:
                fail(context, error)
        return provider_pb2.UpdateResponse(properties=request.news)

    def Delete(self, request: Any, context: Any) -> empty_pb2.Empty:
        """Remove the object's file; it may be gone already."""
        try:
            self._opened.delete(Identity.of_resource(_type_of(request.urn), request.id))
        except (EngineError, OSError) as error:
            fail(context, error)
        return empty_pb2.Empty()

    @property
    def _opened(self) -> ManifestFiles:
        assert self._files is not None, "the engine configures a provider before it uses it"
        return self._files


def _type_of(urn: str) -> str:
    return urn.split("::", 3)[2]


def _identity(type_token: str, obj: Mapping[str, Any]) -> Identity:
    metadata = obj["metadata"]
    namespace, name = (str(metadata.get(key) or "") for key in ("namespace", "name"))
    return Identity.of_resource(type_token, f"{namespace}/{name}" if namespace else name)


def problems_of(type_token: str, obj: Mapping[str, Any]) -> dict[PropertyPath, str]:
    """What is wrong with the inputs of an object, by path."""
    problems: dict[PropertyPath, str] = {}
    given = revealed({key: obj.get(key) for key in ("apiVersion", "kind", "metadata")})
    if UNKNOWN not in given.values():
        expected = kubernetes_type(str(given["apiVersion"]), str(given["kind"]))
        if expected != type_token:
            problems[("kind",)] = f"apiVersion and kind make it a {expected}, but its type is {type_token}"
    metadata = given["metadata"]
    if not isinstance(metadata, Mapping):
        problems[("metadata",)] = "an object needs metadata with a name"
    elif metadata.get("name") is not UNKNOWN and not _is_name(metadata.get("name")):
        problems[("metadata", "name")] = "an object needs a name"
    if type_token != kubernetes_type("v1", "Secret"):
        for path, _ in secrets_in(obj):
            problems[path] = "a secret value would be readable here; put it into a Secret and refer to that"
    return problems


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and bool(name)
