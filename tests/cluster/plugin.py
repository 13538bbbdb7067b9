"""Pulumi's engine as the plugin ``kubernetes`` sees it: a client of its protocol, and what the plugin tells meanwhile."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc, status_pb2

from kusion_dsl.engine.values import from_struct, revealed, to_struct

Object = dict[str, Any]
PATIENCE = 120.0
"""Seconds that a call may take."""


class State(NamedTuple):
    """What Pulumi remembers of an object: its id, its inputs, and all that the plugin has answered."""

    id: str
    inputs: Object
    outputs: Object


class Told(NamedTuple):
    """A message of the plugin: ``passing`` if it is shown only until the next one."""

    severity: str
    text: str
    passing: bool


class RefusedError(Exception):
    """What the plugin has refused. ``reasons`` and ``state`` are there where the object exists and does not work."""

    def __init__(self, error: grpc.RpcError, inputs: Object) -> None:
        super().__init__(str(error.details()))
        self.reasons: list[str] = []
        self.state: State | None = None
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                self._take(value, inputs)

    def _take(self, details: bytes, inputs: Object) -> None:
        status, failed = status_pb2.Status(), provider_pb2.ErrorResourceInitFailed()
        status.ParseFromString(details)
        if status.details and status.details[0].Unpack(failed):
            self.reasons = list(failed.reasons)
            known = revealed(from_struct(failed.inputs)) if failed.HasField("inputs") else inputs
            self.state = State(failed.id, known, revealed(from_struct(failed.properties)))


class _Engine(engine_pb2_grpc.EngineServicer):
    def __init__(self) -> None:
        self.told: list[Told] = []

    def Log(self, request: Any, context: Any) -> empty_pb2.Empty:
        severity = engine_pb2.LogSeverity.Name(request.severity).lower()
        self.told.append(Told(severity, request.message, request.ephemeral))
        return empty_pb2.Empty()


class Plugin:
    """A plugin that runs; every method that changes something takes ``preview`` and raises RefusedError."""

    def __init__(self, stub: Any, engine: _Engine) -> None:
        self._stub = stub
        self._engine = engine

    @property
    def told(self) -> list[Told]:
        """What it has told so far."""
        return list(self._engine.told)

    @property
    def said(self) -> list[str]:
        """The texts of what it has told so far."""
        return [each.text for each in self._engine.told]

    def create(self, obj: Object, *, timeout: float = 0, preview: bool = False) -> State:
        """Create an object."""
        request = provider_pb2.CreateRequest(urn=_urn(obj), properties=to_struct(obj), timeout=timeout, preview=preview)
        answer = self._call("Create", request, obj)
        return State(answer.id, obj, revealed(from_struct(answer.properties)))

    def update(
        self, old: State, obj: Object, *, ignored: tuple[str, ...] = (), timeout: float = 0, preview: bool = False
    ) -> State:
        """Make another object of it. Pulumi puts old inputs where ``ignored`` are; that is up to the caller here."""
        request = provider_pb2.UpdateRequest(
            id=old.id,
            urn=_urn(obj),
            olds=to_struct(old.outputs),
            old_inputs=to_struct(old.inputs),
            news=to_struct(obj),
            ignoreChanges=ignored,
            timeout=timeout,
            preview=preview,
        )
        answer = self._call("Update", request, obj)
        return State(old.id, obj, revealed(from_struct(answer.properties)))

    def diff(self, old: State, obj: Object) -> Any:
        """What an update would be, as Pulumi is told."""
        request = provider_pb2.DiffRequest(
            id=old.id,
            urn=_urn(obj),
            olds=to_struct(old.outputs),
            old_inputs=to_struct(old.inputs),
            news=to_struct(obj),
        )
        return self._call("Diff", request, obj)

    def read(self, known: State, obj: Object) -> State | None:
        """The object as it is live, None where it is gone; ``known`` without inputs and outputs is an import."""
        request = provider_pb2.ReadRequest(
            id=known.id, urn=_urn(obj), properties=to_struct(known.outputs), inputs=to_struct(known.inputs)
        )
        answer = self._call("Read", request, obj)
        if not answer.id:
            return None
        return State(answer.id, revealed(from_struct(answer.inputs)), revealed(from_struct(answer.properties)))

    def delete(self, old: State, *, timeout: float = 0) -> None:
        """Delete an object."""
        request = provider_pb2.DeleteRequest(
            id=old.id,
            urn=_urn(old.inputs),
            properties=to_struct(old.outputs),
            old_inputs=to_struct(old.inputs),
            timeout=timeout,
        )
        self._call("Delete", request, old.inputs)

    def replaced_by(self, old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
        """The settings because of which everything would be replaced."""
        urn = "urn:pulumi:dev::shop::pulumi:providers:kubernetes::kubernetes"
        request = provider_pb2.DiffRequest(urn=urn, olds=to_struct(old), old_inputs=to_struct(old), news=to_struct(new))
        return list(self._call("DiffConfig", request, {}).replaces)

    def cancel(self) -> None:
        """End all waiting."""
        self._stub.Cancel(empty_pb2.Empty(), timeout=PATIENCE)

    def _call(self, name: str, request: Any, inputs: Object) -> Any:
        try:
            return getattr(self._stub, name)(request, timeout=PATIENCE)
        except grpc.RpcError as error:
            raise RefusedError(error, inputs) from None


@contextmanager
def started(executable: Path, kubeconfig: Path, home: Path, settings: Mapping[str, str]) -> Iterator[Plugin]:
    """A plugin that has the configuration ``settings``, until the end of the block."""
    engine = _Engine()
    server = grpc.server(ThreadPoolExecutor(4))
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(kubeconfig)}
    with subprocess.Popen([executable, address], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            reader = threading.Thread(target=process.stdout.read, daemon=True)
            reader.start()
            channel = grpc.insecure_channel(
                f"127.0.0.1:{port}", [("grpc.max_receive_message_length", 400 * 1024 * 1024)]
            )
            with channel:
                stub = provider_pb2_grpc.ResourceProviderStub(channel)
                variables = {f"kubernetes:config:{key}": value for key, value in settings.items()}
                request = provider_pb2.ConfigureRequest(
                    variables=variables, args=to_struct(settings), acceptSecrets=True, acceptResources=True
                )
                stub.Configure(request, timeout=PATIENCE)
                yield Plugin(stub, engine)
        finally:
            process.kill()
            server.stop(None).wait()


def _urn(obj: Object) -> str:
    group_version = obj["apiVersion"] if "/" in obj["apiVersion"] else f"core/{obj['apiVersion']}"
    name = obj["metadata"]["name"]
    return f"urn:pulumi:dev::shop::kubernetes:{group_version}:{obj['kind']}::{name}"
