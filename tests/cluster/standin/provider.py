"""The provider: Pulumi's protocol on the one side, the API server on the other."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Mapping
from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, status_pb2

from kusion_dsl.engine.provider import Provider, check_response, diff_response, fail
from kusion_dsl.engine.resolution import with_secret_data
from kusion_dsl.engine.values import UNKNOWN, Secret, differences, from_struct, revealed, to_struct
from kusion_dsl.errors import KusionError
from tests.cluster.standin.api import NO_MATCH, Api, ApiError, Object
from tests.cluster.standin.looks import is_read_with_a_look, look_at
from tests.cluster.standin.shape import pruned, readable, replacing
from tests.cluster.standin.waiting import (
    NotReadyError,
    Say,
    Waiting,
    annotation,
    is_true,
    wait_until_gone,
    wait_until_ready,
)
from tests.cluster.standin.writing import Writer

_MANAGER = "__fieldManager"
_OF_THE_SERVER = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid")
_ANNOTATIONS_OF_OTHERS = ("deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration")
_IDENTIFIER = "clusterIdentifier"
_VARIABLES = {
    "enableConfigMapMutable": "ENABLE_CONFIGMAP_MUTABLE",
    "enablePatchForce": "ENABLE_PATCH_FORCE",
    "enableSecretMutable": "ENABLE_SECRET_MUTABLE",
    "upsertExistingObjects": "UPSERT_EXISTING_OBJECTS",
}


class KubernetesProvider(Provider):
    """The package ``kubernetes``; ``engine`` is the address of Pulumi's engine, which is told what is waited for."""

    def __init__(self, version: str, engine: str) -> None:
        self.version = version
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(engine))
        self._cancelled = threading.Event()
        self._api: Api | None = None
        self._config: Mapping[str, Any] = {}
        self._unreachable = ""

    def DiffConfig(self, request: Any, context: Any) -> provider_pb2.DiffResponse:
        """Another cluster is another provider; how it is reached, and an identifier that is new, is not."""
        paths = dict(differences(from_struct(request.old_inputs), from_struct(request.news)))
        paths.pop(("version",), None)
        replaced = {(_IDENTIFIER,)} if paths.get((_IDENTIFIER,)) == "update" else set()
        return diff_response(paths, frozenset(replaced))

    def Configure(self, request: Any, context: Any) -> provider_pb2.ConfigureResponse:
        """Take the configuration; a cluster that is not reached is the error of whatever needs it."""
        self._config = revealed(from_struct(request.args))
        try:
            self._api = Api(str(self._config.get("kubeconfig", "")), str(self._config.get("context", "")))
            self._api.reach()
        except (KusionError, OSError) as error:
            self._unreachable = f"unable to load schema information from the API server: {error}"
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
        mutable = {kind for kind in ("ConfigMap", "Secret") if self._is_on(f"enable{kind}Mutable")}
        response = diff_response(dict(differences(old, new)), replacing(_type(request), revealed(old), mutable))
        response.deleteBeforeReplace = bool(response.replaces) and _id(revealed(old)) == _id(revealed(new))
        return response

    def Create(self, request: Any, context: Any) -> provider_pb2.CreateResponse:
        """Create what is not there yet, and wait for it. A preview tells little: see :meth:`Writer.create`."""
        obj = from_struct(request.properties)
        if request.preview and (_has_unknown(obj) or self._unreachable):
            return provider_pb2.CreateResponse(properties=request.properties)
        wanted, say = revealed(obj), self._say(request.urn)
        manager = _manager(wanted, {})
        try:
            live = self._writer.create(wanted, manager, say, dry_run=request.preview)
        except ApiError as error:
            what = f'resource "{request.urn}" was not successfully created by the Kubernetes API server: {error}'
            fail(context, ApiError(error.code, what))
        if live is None:
            return provider_pb2.CreateResponse(properties=request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=to_struct(_state(live, obj, manager)))
        try:
            live = wait_until_ready(self._waiting(request, say), live)
        except (ApiError, NotReadyError) as error:
            what = f'resource "{request.urn}" was successfully created, but the Kubernetes API server reported that it '
            what += f"failed to fully initialize or become live: {error}"
            _fail_initialized(context, _state(_live(error, live), obj, manager), None, what, error)
        return provider_pb2.CreateResponse(id=_id(live), properties=to_struct(_state(live, obj, manager)))

    def Read(self, request: Any, context: Any) -> provider_pb2.ReadResponse:
        """The live object, and of it what the inputs speak of; all that is not the server's where there are none.

        One that has not come up is an error that Pulumi notes in the state, where there are inputs.
        """
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
        state = _state(live, old, _manager(revealed(old), from_struct(request.properties)))
        if old and is_read_with_a_look(live) and not is_true(annotation(revealed(old), "skipAwait")):
            look = look_at(self._opened, live)
            if look.pending and not look.settles:
                what = f"Resource '{name}' was created but failed to initialize"
                _fail_initialized(context, state, inputs, what, NotReadyError(live, what, look.reasons))
        return provider_pb2.ReadResponse(id=request.id, properties=to_struct(state), inputs=to_struct(inputs))

    def Update(self, request: Any, context: Any) -> provider_pb2.UpdateResponse:
        """Apply, and wait. Whatever goes wrong, the state has the new inputs, and that they are not live."""
        obj = from_struct(request.news)
        if request.preview and (_has_unknown(obj) or self._unreachable):
            return provider_pb2.UpdateResponse(properties=request.news)
        wanted, olds = revealed(obj), from_struct(request.olds)
        manager = _manager(wanted, olds)
        try:
            live = self._writer.update(wanted, manager, request.ignoreChanges, dry_run=request.preview)
            if not request.preview:
                self._writer.relinquish(wanted, str(olds.get(_MANAGER) or manager), manager)
                live = wait_until_ready(self._waiting(request, self._say(request.urn)), live)
        except (ApiError, NotReadyError) as error:
            if request.preview and isinstance(error, ApiError) and (error.code == 403 or error.reason == NO_MATCH):
                return provider_pb2.UpdateResponse(properties=request.news)
            found = self._found(request, context, error)
            what = f'the Kubernetes API server reported that "{_id(found)}" failed to fully initialize or become live: '
            _fail_initialized(context, _state(found, obj, manager), None, f"{what}{error}", error)
        return provider_pb2.UpdateResponse(properties=to_struct(_state(live, obj, manager)))

    def Delete(self, request: Any, context: Any) -> empty_pb2.Empty:
        """Delete, and wait until it is gone."""
        identity, old = _identity(request), from_struct(request.old_inputs)
        inputs = revealed(old)
        policy = (annotation(inputs, "deletionPropagationPolicy") or "foreground").capitalize()
        say = self._say(request.urn)
        try:
            live = self._opened.get(*identity)
            if live is not None:
                self._opened.delete(*identity, policy)
                wait_until_gone(self._waiting(request, say), live, inputs)
        except ApiError as error:
            fail(context, error)
        except NotReadyError as error:
            finalizers = ", ".join(error.live["metadata"].get("finalizers") or ())
            self._log(request.urn, "warning", f"finalizers might be preventing deletion ({finalizers})")
            manager = _manager(inputs, from_struct(request.properties))
            _fail_initialized(context, _state(error.live, old, manager), None, str(error), error)
        say("info", "")
        return empty_pb2.Empty()

    @property
    def _opened(self) -> Api:
        if self._api is None or self._unreachable:
            raise ApiError(0, f"configured Kubernetes cluster is unreachable: {self._unreachable}")
        return self._api

    @property
    def _writer(self) -> Writer:
        upserts, forces = self._is_on("upsertExistingObjects"), self._is_on("enablePatchForce")
        return Writer(self._opened, upserts, forces, self._cancelled.wait)

    def _is_on(self, setting: str) -> bool:
        """What the configuration says, else the variable ``PULUMI_K8S_...`` of the same name."""
        return is_true(self._config.get(setting, os.environ.get(f"PULUMI_K8S_{_VARIABLES[setting]}")))

    def _waiting(self, request: Any, say: Say) -> Waiting:
        return Waiting(self._opened, request.timeout, say, self._cancelled.is_set)

    def _found(self, request: Any, context: Any, error: ApiError | NotReadyError) -> Object:
        """The object that an update has failed with, whether it has changed it or not."""
        if isinstance(error, NotReadyError):
            return error.live
        why = "it is gone"
        try:
            if live := self._opened.get(*_identity(request)):
                return live
        except ApiError as unread:
            why = str(unread)
        what = f'update of resource "{request.urn}" failed: {error}\nunable to get cluster state: {why}'
        fail(context, ApiError(error.code, what))

    def _say(self, urn: str) -> Say:
        """What is told while it is waited: each text once, and until the next one comes."""
        told = {""}

        def say(severity: str, text: str) -> None:
            if text not in told or (not text and told != {""}):
                told.add(text)
                self._log(urn, severity, text, ephemeral=True)

        return say

    def _log(self, urn: str, severity: str, text: str, *, ephemeral: bool = False) -> None:
        level = engine_pb2.WARNING if severity == "warning" else engine_pb2.INFO
        request = engine_pb2.LogRequest(severity=level, message=text, urn=urn, ephemeral=ephemeral)
        self._engine.Log(request, timeout=10)


def _fail_initialized(
    context: Any, state: Mapping[str, Any], inputs: Mapping[str, Any] | None, what: str, error: Exception
) -> NoReturn:
    """End a call with Pulumi's error for what exists and does not work.

    It travels as google.rpc.Status in the trailing metadata, as
    https://github.com/pulumi/pulumi/blob/master/sdk/python/lib/pulumi/provider/server.py sends its own.
    """
    details = error.details if isinstance(error, NotReadyError) else ()
    detail = provider_pb2.ErrorResourceInitFailed(
        id=_id(revealed(state)),
        properties=to_struct(state),
        inputs=None if inputs is None else to_struct(inputs),
        reasons=[what, *details],
    )
    packed = any_pb2.Any()
    packed.Pack(detail)
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=what, details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, what)
    raise AssertionError("abort raises")


def _live(error: Exception, live: Object) -> Object:
    return error.live if isinstance(error, NotReadyError) else live


def _manager(wanted: Mapping[str, Any], state: Mapping[str, Any]) -> str:
    """Whose the fields are: as the object says, as they were, or a new name."""
    known = annotation(wanted, "patchFieldManager") or str(state.get(_MANAGER) or "")
    return known or f"pulumi-kubernetes-{secrets.token_hex(4)}"


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
    if annotations := metadata.get("annotations"):
        kept = {key: value for key, value in annotations.items() if key not in _ANNOTATIONS_OF_OTHERS}
        metadata["annotations"] = kept
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": metadata}


def _has_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_unknown(item) for item in value)
    return value is UNKNOWN or (isinstance(value, Secret) and _has_unknown(value.value))
