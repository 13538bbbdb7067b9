"""What a program of a story calls: resources registered one call at a time.

Not the SDK's resources: those leave coroutines and an unclosed event loop behind when the CLI is killed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_engine, get_monitor, get_root_resource

from kusion_dsl.engine.values import from_struct, to_struct
from tests.integration.oracle.things import TYPE


@dataclass(frozen=True)
class Made:
    """A resource that is registered."""

    urn: str
    id: str


class Registrar:
    """Registers resources of one run, and reads some."""

    def __init__(self, monitor: Any, root: str) -> None:
        self._monitor = monitor
        self._root = root

    def thing(self, name: str, *needs: Made, options: dict[str, Any] | None = None, **inputs: Any) -> Made:
        """Register a thing; ``options`` are fields of the request. Raises RunError if it failed."""
        return self._register(TYPE, name, needs, inputs, {"custom": True, **(options or {})})

    def group(self, name: str, *needs: Made, options: dict[str, Any] | None = None, **inputs: Any) -> Made:
        """Register a component with one thing in it."""
        group = self._register("things:index:Group", name, needs, {}, options or {})
        member = self.thing("member", options={"parent": group.urn}, **inputs)
        outputs = to_struct({"member": member.urn})
        self._monitor.RegisterResourceOutputs(
            resource_pb2.RegisterResourceOutputsRequest(urn=group.urn, outputs=outputs)
        )
        return group

    def read(self, name: str, id: str) -> Made:
        """Read a thing that somebody else made."""
        request = resource_pb2.ReadResourceRequest(type=TYPE, name=name, id=id, parent=self._root, acceptSecrets=True)
        return Made(self._monitor.ReadResource(request).urn, id)

    def things(self, *names: str, needs: tuple[Made, ...] = (), **inputs: Any) -> list[Made]:
        """Register several at a time. Raises RunError after all of them, if one failed."""
        with ThreadPoolExecutor() as pool:
            calls = [pool.submit(self.thing, name, *needs, **inputs) for name in names]
        return [call.result() for call in calls]

    def _register(
        self, type: str, name: str, needs: tuple[Made, ...], inputs: dict[str, Any], options: dict[str, Any]
    ) -> Made:
        urns = [each.urn for each in needs]
        by_property = resource_pb2.RegisterResourceRequest.PropertyDependencies(urns=urns)
        request = resource_pb2.RegisterResourceRequest(
            type=type,
            name=name,
            object=to_struct(inputs),
            dependencies=urns,
            propertyDependencies={"net": by_property} if "net" in inputs else {},
            acceptSecrets=True,
            supportsResultReporting=True,
            **{"parent": self._root, **options},
        )
        answer = self._monitor.RegisterResource(request)
        if answer.result != resource_pb2.SUCCESS:
            raise pulumi.RunError(f"{name} failed")
        return Made(answer.urn, from_struct(answer.object).get("id") or answer.id)


Program = Callable[[Registrar], None]


def inline(program: Program) -> Callable[[], Awaitable[None]]:
    """The program as the Automation API runs it."""

    async def run() -> None:
        # the SDK's handler would stop the loop when the CLI is gone, and never close it
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        engine: Any = get_engine()
        engine.Log = lambda request: empty_pb2.Empty()  # a call that would raise when the CLI is gone
        root = get_root_resource()
        assert root is not None
        registrar = Registrar(get_monitor(), str(await root.urn.future()))
        await asyncio.to_thread(program, registrar)

    return run
