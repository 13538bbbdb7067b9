"""A provider of things that can be told to fail, to stop half-way, and to lose what it made."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from kusion_dsl.engine.provider import Provider, diff_response, fail
from kusion_dsl.engine.values import differences, from_struct, revealed, to_struct
from kusion_dsl.errors import EngineError

TYPE = "things:index:Thing"


def _name(urn: str) -> str:
    return str(urn.rpartition("::")[2])


class Things(Provider):
    """Things with the inputs ``value``; ``kind``, which replaces; and ``first``: whether the old one then goes first.

    ``live`` are the objects by id; ``failing`` has ``verb name`` for calls that fail; ``called`` is told each call
    before anything is done (``create name``) and after it (``made name``, ``updated``, ``deleted``), and may raise
    EngineError, which fails the call where it is.
    """

    version = "1.0.0"

    def __init__(self, called: Callable[[str], None] = lambda call: None) -> None:
        self.live: dict[str, dict[str, Any]] = {}
        self.failing: set[str] = set()
        self.called = called
        self._made = 0
        self._lock = threading.Lock()

    def Check(self, request: Any, context: Any) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> provider_pb2.DiffResponse:
        new = from_struct(request.news)
        changed = dict(differences(from_struct(request.old_inputs), new))
        changed.pop(("first",), None)
        response = diff_response(changed, frozenset({("kind",)}))
        response.deleteBeforeReplace = bool(new.get("first"))
        return response

    def Create(self, request: Any, context: Any) -> provider_pb2.CreateResponse:
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        self._at("create", request, context)
        inputs = from_struct(request.properties)
        with self._lock:
            self._made += 1
            id = f"{_name(request.urn)}-{self._made}"
        self.live[id] = {**inputs, "id": id}
        self._at("made", request, context)
        return provider_pb2.CreateResponse(id=id, properties=to_struct(self.live[id]))

    def Read(self, request: Any, context: Any) -> provider_pb2.ReadResponse:
        live = self.live.get(request.id)
        if live is None:
            return provider_pb2.ReadResponse()
        inputs = {key: value for key, value in live.items() if key != "id"}
        return provider_pb2.ReadResponse(id=request.id, properties=to_struct(live), inputs=to_struct(inputs))

    def Update(self, request: Any, context: Any) -> provider_pb2.UpdateResponse:
        if not request.preview:
            self._at("update", request, context)
            self.live[request.id] = {**from_struct(request.news), "id": request.id}
            self._at("updated", request, context)
        return provider_pb2.UpdateResponse(properties=to_struct({**from_struct(request.news), "id": request.id}))

    def Delete(self, request: Any, context: Any) -> empty_pb2.Empty:
        self._at("delete", request, context)
        self.live.pop(request.id, None)
        self._at("deleted", request, context)
        return empty_pb2.Empty()

    def _at(self, verb: str, request: Any, context: Any) -> None:
        call = f"{verb} {_name(request.urn)}"
        try:
            self.called(call)
            if call in self.failing:
                raise EngineError(f"told to fail: {call}")
        except EngineError as error:
            fail(context, error)

    def drift(self, prefix: str, value: str) -> None:
        """Somebody changes every thing of this name."""
        for id, live in self.live.items():
            if id.startswith(f"{prefix}-"):
                self.live[id] = {**live, "value": value}

    def vanish(self, prefix: str) -> None:
        """Somebody removes every thing of this name."""
        for id in [id for id in self.live if id.startswith(f"{prefix}-")]:
            del self.live[id]

    def values(self) -> list[tuple[str, Any]]:
        """Name and value of every thing that exists, sorted."""
        return sorted((id.rpartition("-")[0], revealed(live.get("value"))) for id, live in self.live.items())
