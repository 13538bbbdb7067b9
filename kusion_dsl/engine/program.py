"""The inline program: registers a Spec over Pulumi's resource monitor, everything as soon as what it needs is there.

It makes no ``pulumi.Resource`` objects: a chain of a thousand resources would exceed Python's recursion limit in the
SDK, and a Spec is already what the monitor wants (type token, inputs, dependencies).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import grpc
import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime import is_dry_run
from pulumi.runtime.proto import engine_pb2, resource_pb2
from pulumi.runtime.settings import get_engine, get_monitor, get_root_resource

from kusion_dsl.engine.registration import Registration
from kusion_dsl.engine.resolution import Registered
from kusion_dsl.engine.values import from_struct, secrets_in, texts_in
from kusion_dsl.errors import KusionError
from kusion_dsl.model.masking import Mask
from kusion_dsl.model.reference import Reference


class Program:
    """Run by the Automation API, once per operation; ``mask`` learns every secret that comes back."""

    def __init__(self, graph: Sequence[Registration], store: Mapping[Reference, str], mask: Mask) -> None:
        self._graph = graph
        self._store = store
        self._mask = mask

    async def __call__(self) -> None:
        """Register everything. Raises RunError for what has no value; then Pulumi deletes nothing."""
        _hush(get_engine())
        monitor = get_monitor()
        root = get_root_resource()
        assert monitor is not None and root is not None, "the Automation API sets both up"
        execution = _Execution(monitor, str(await root.urn.future()), self._store, self._mask)
        await execution.run(self._graph)


def _hush(engine: Any) -> None:
    """Let the SDK's log reach Pulumi only where it matters, and only while Pulumi is there.

    The SDK logs a dozen debug messages, each a call that is waited for, and lets what one raises escape: a CLI that
    ended early (a preview with an error, an interrupt) would leave a traceback on the user's screen.
    """
    log = engine.Log

    def tolerant(request: engine_pb2.LogRequest) -> empty_pb2.Empty:
        if request.severity != engine_pb2.DEBUG:
            with suppress(grpc.RpcError):
                log(request)
        return empty_pb2.Empty()

    engine.Log = tolerant


class _Execution:
    """One execution of the program against one monitor."""

    def __init__(self, monitor: Any, parent: str, store: Mapping[Reference, str], mask: Mask) -> None:
        self._monitor = monitor
        self._parent = parent
        self._store = store
        self._mask = mask
        self._registered: dict[str, Registered] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def run(self, graph: Sequence[Registration]) -> None:
        for node in graph:
            self._tasks[node.key] = asyncio.create_task(self._register(node))
        ends = await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        failures = list(dict.fromkeys(end for end in ends if isinstance(end, BaseException)))
        told = [failure for failure in failures if isinstance(failure, KusionError)]
        for failure in failures:
            if failure not in told:
                raise failure
        if told:
            raise pulumi.RunError("\n".join(self._mask.text(str(failure)) for failure in told))

    async def _register(self, node: Registration) -> None:
        for need in sorted(node.needs):
            await self._tasks[need]
        try:
            request = node.request(self._parent, self._registered, self._store)
        except KusionError as error:
            raise error.at(node.key) from None
        answer = await asyncio.get_running_loop().run_in_executor(None, self._monitor.RegisterResource, request)
        outputs = from_struct(answer.object)
        if node.resource is None or not node.resource.is_kubernetes_secret:
            # all data of a Kubernetes Secret counts as secret, user and host names too; what is comes from elsewhere
            self._mask.add(*(text for _, hidden in secrets_in(outputs) for text in texts_in(hidden)))
        succeeded = answer.result == resource_pb2.SUCCESS and not answer.unknown
        self._registered[node.key] = Registered(answer.urn, answer.id, outputs, succeeded and not is_dry_run())
