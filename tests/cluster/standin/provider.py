"""The provider: Pulumi's protocol on the one side, the API server on the other."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, status_pb2

from kusion_dsl.engine.provider import Provider, check_response, diff_response, fail
from kusion_dsl.engine.resolution import with_secret_data
from kusion_dsl.engine.values import UNKNOWN, Secret, differences, from_struct, revealed, to_struct
from kusion_dsl.errors import KusionError
from tests.cluster.standin.api import Api, ApiError, Object
from tests.cluster.standin.shape import pruned, readable, replacing
from tests.cluster.standin.waiting import NotReadyError, annotation, wait_until_gone, wait_until_ready

_MANAGER = "__fieldManager"
_OF_THE_SERVER = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid")


class KubernetesProvider(Provider):
    """The package ``kubernetes``; ``engine`` is the address of Pulumi's engine, which is told what is waited for."""

    def __init__(self, version: str, engine: str) -> None:
        self.version = version
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(engine))
        self._cancelled = threading.Event()
        self._api: Api | None = None
        self._config: Mapping[str, Any] = {}
        self._replaced: set[str] = set()

    def DiffConfig(self, request: Any, context: Any) -> provider_pb2.DiffResponse:
        """Another cluster is another provider; how it is reached is not."""
        paths = dict(differences(from_struct(request.old_inputs), from_struct(request.news)))
        paths.pop(("version",), None)
        return diff_response(paths, frozenset({("clusterIdentifier",)}))

    def Configure(self, request: Any, context: Any) -> provider_pb2.ConfigureResponse:
        """Take the configuration; nothing is asked of the API server yet."""
        self._config = revealed(from_struct(request.args))
        try:
            self._api = Api(str(self._config.get("kubeconfig", "")), str(self._config.get("context", "")))
        except (KusionError, OSError) as error:
            fail(context, error if isinstance(error, KusionError) else KusionError(str(error)))
        return super().Configure(request, context)

    def Cancel(self, request: Any, context: Any) -> empty_pb2.Empty:
        """End all waiting."""
        self._cancelled.set()
        return empty_pb2.Empty()

    def Check(self, request: Any, context: Any) -> provider_pb2.CheckResponse:
        """The object as it is."""
        return check_response(from_struct(request.news), {})

    def Diff(self, request: Any, context: Any) -> provider_pb2.DiffResponse:
        """The inputs beside those of the state; what replaces an object deletes it first, as its name is taken."""
        old, new = from_struct(request.old_inputs), from_struct(request.news)
        response = diff_response(dict(differences(old, new)), replacing(_type(request), revealed(old)))
        response.deleteBeforeReplace = True
        if response.replaces:
            self._replaced.add(request.urn)
        return response

    def Create(self, request: Any, context: Any) -> provider_pb2.CreateResponse:
        """Apply what is not there yet, and wait for it."""
        obj = from_struct(request.properties)
        if request.preview and (_has_unknown(obj) or request.urn in self._replaced):  # the old one is still there
            return provider_pb2.CreateResponse(properties=request.properties)
        wanted = revealed(obj)
        manager = annotation(wanted, "patchFieldManager") or f"pulumi-kubernetes-{secrets.token_hex(4)}"
        try:
            live = self._create(wanted, manager, dry_run=request.preview)
        except ApiError as error:
            if request.preview and error.code == 404:  # its namespace, or its kind, comes with the same run
                return provider_pb2.CreateResponse(properties=request.properties)
            fail(context, error)
        if request.preview:
            return provider_pb2.CreateResponse(properties=to_struct(_state(live, obj, manager)))
        live = self._ready(request, context, live, obj, manager)
        return provider_pb2.CreateResponse(id=_id(live), properties=to_struct(_state(live, obj, manager)))

    def Read(self, request: Any, context: Any) -> provider_pb2.ReadResponse:
        """The live object, and of it what the inputs speak of; all that is not the server's where there are none."""
        group_version, kind, namespace, name = _identity(request)
        try:
            live = self._opened.get(group_version, kind, namespace, name)
        except ApiError as error:
            fail(context, error)
        if live is None:
            return provider_pb2.ReadResponse()
        old = from_struct(request.inputs)
        live = readable(live, revealed(old))
        inputs = _marked(pruned(live, revealed(old)) if old else _importable(live), old)
        manager = str(from_struct(request.properties).get(_MANAGER, ""))
        return provider_pb2.ReadResponse(
            id=request.id, properties=to_struct(_state(live, old, manager)), inputs=to_struct(inputs)
        )

    def Update(self, request: Any, context: Any) -> provider_pb2.UpdateResponse:
        """Apply, and wait."""
        obj = from_struct(request.news)
        if request.preview and _has_unknown(obj):
            return provider_pb2.UpdateResponse(properties=request.news)
        wanted = revealed(obj)
        known = str(from_struct(request.olds).get(_MANAGER, ""))
        manager = annotation(wanted, "patchFieldManager") or known or f"pulumi-kubernetes-{secrets.token_hex(4)}"
        try:
            live = self._opened.apply(wanted, manager, force=self._forces(wanted), dry_run=request.preview)
        except ApiError as error:
            fail(context, error)
        if not request.preview:
            live = self._ready(request, context, live, obj, manager)
        return provider_pb2.UpdateResponse(properties=to_struct(_state(live, obj, manager)))

    def Delete(self, request: Any, context: Any) -> empty_pb2.Empty:
        """Delete, and wait until it is gone."""
        identity = _identity(request)
        policy = annotation(revealed(from_struct(request.old_inputs)), "deletionPropagationPolicy") or "foreground"
        try:
            live = self._opened.get(*identity)
            if live is not None:
                self._opened.delete(*identity, policy.capitalize())
                wait_until_gone(self._opened, live, request.timeout, self._say(request.urn))
        except (KusionError, NotReadyError) as error:
            fail(context, error if isinstance(error, KusionError) else KusionError(str(error)))
        return empty_pb2.Empty()

    @property
    def _opened(self) -> Api:
        assert self._api is not None, "the engine configures a provider before it uses it"
        return self._api

    def _create(self, wanted: Object, manager: str, *, dry_run: bool) -> Object:
        metadata = wanted["metadata"]
        identity = (wanted["apiVersion"], wanted["kind"], str(metadata.get("namespace") or ""), metadata["name"])
        if not _is_true(self._config.get("upsertExistingObjects")) and self._opened.get(*identity) is not None:
            raise ApiError(409, f"resource {_id(wanted)} was not successfully created by the Kubernetes API server: "
                                f"{wanted['kind']} \"{metadata['name']}\" already exists")  # fmt: skip
        return self._opened.apply(wanted, manager, force=self._forces(wanted), dry_run=dry_run)

    def _forces(self, wanted: Object) -> bool:
        return _is_true(self._config.get("enablePatchForce")) or _is_true(annotation(wanted, "patchForce"))

    def _ready(self, request: Any, context: Any, live: Object, inputs: Mapping[str, Any], manager: str) -> Object:
        """Wait. What does not come up exists all the same, and is told so that Pulumi takes it into its state."""
        try:
            return wait_until_ready(self._opened, live, request.timeout, self._say(request.urn), self._cancelled.is_set)
        except ApiError as error:
            _fail_initialized(context, live, inputs, manager, [str(error)])
        except NotReadyError as error:
            _fail_initialized(context, error.live, inputs, manager, error.reasons)

    def _say(self, urn: str) -> Callable[[str], None]:
        def say(text: str) -> None:
            self._engine.Log(
                engine_pb2.LogRequest(severity=engine_pb2.INFO, message=text, urn=urn, ephemeral=True), timeout=10
            )

        return say


def _fail_initialized(
    context: Any, live: Object, inputs: Mapping[str, Any], manager: str, reasons: list[str]
) -> NoReturn:
    """End a call with Pulumi's error for what exists and does not work.

    It travels as google.rpc.Status in the trailing metadata, as
    https://github.com/pulumi/pulumi/blob/master/sdk/python/lib/pulumi/provider/server.py sends its own.
    """
    detail = provider_pb2.ErrorResourceInitFailed(
        id=_id(live), properties=to_struct(_state(live, inputs, manager)), inputs=to_struct(inputs), reasons=reasons
    )
    packed = any_pb2.Any()
    packed.Pack(detail)
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=reasons[0], details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, reasons[0])
    raise AssertionError("abort raises")


def _type(request: Any) -> str:
    return str(request.urn).split("::", 3)[2]


def _identity(request: Any) -> tuple[str, str, str, str]:
    """Group and version, kind, namespace and name, from the type token and the id."""
    _, group_version, kind = _type(request).split(":", 2)
    namespace, _, name = str(request.id).rpartition("/")
    return group_version.removeprefix("core/"), kind, namespace, name


def _id(obj: Mapping[str, Any]) -> str:
    namespace = obj["metadata"].get("namespace")
    return f"{namespace}/{obj['metadata']['name']}" if namespace else str(obj["metadata"]["name"])


def _state(live: Object, inputs: Mapping[str, Any], manager: str) -> dict[str, Any]:
    return {**_marked(live, inputs), _MANAGER: manager}


def _marked(obj: Object, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """``obj`` with everything secret that is so in ``inputs``, and the data of every Secret."""
    marked = {key: Secret(value) if isinstance(inputs.get(key), Secret) else value for key, value in obj.items()}
    return with_secret_data(marked) if obj.get("kind") == "Secret" else marked


def _importable(live: Object) -> Object:
    metadata = {key: value for key, value in live["metadata"].items() if key not in _OF_THE_SERVER}
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": metadata}


def _has_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_unknown(item) for item in value)
    return value is UNKNOWN or (isinstance(value, Secret) and _has_unknown(value.value))


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"
