"""What our own Pulumi providers share: the parts of the protocol that are the same for each, and how they are served.

Protocol: https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto. They run in our process; the CLI
attaches to them through ``PULUMI_DEBUG_PROVIDERS``, so there is no plugin to install.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from kusion_dsl.engine.values import Difference, differences, from_struct, to_struct
from kusion_dsl.errors import KusionError
from kusion_dsl.model.reference import Path, format_path

_CHANNEL = [("grpc.max_receive_message_length", 400 * 1024 * 1024)]
"""What the engine itself accepts; gRPC's own limit of 4 MB is less than a large ConfigMap with its old state."""
_THREADS = 16

_Kind = provider_pb2.PropertyDiff.Kind
_KINDS: Mapping[tuple[Difference, bool], _Kind.ValueType] = {
    ("add", False): _Kind.ADD,
    ("add", True): _Kind.ADD_REPLACE,
    ("delete", False): _Kind.DELETE,
    ("delete", True): _Kind.DELETE_REPLACE,
    ("update", False): _Kind.UPDATE,
    ("update", True): _Kind.UPDATE_REPLACE,
}


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """A provider without configuration; subclasses say what their resources are.

    What a subclass raises as a KusionError becomes the error of the resource.
    """

    version: str = ""

    def Handshake(self, request: Any, context: Any) -> provider_pb2.ProviderHandshakeResponse:
        """Secrets are taken marked."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=False)

    def Attach(self, request: Any, context: Any) -> empty_pb2.Empty:
        """The engine's address, which we do not need."""
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:
        """The version."""
        return plugin_pb2.PluginInfo(version=self.version)

    def GetSchema(self, request: Any, context: Any) -> provider_pb2.GetSchemaResponse:
        """No schema: nothing is generated from it."""
        return provider_pb2.GetSchemaResponse(schema="{}")

    def CheckConfig(self, request: Any, context: Any) -> provider_pb2.CheckResponse:
        """The configuration as it is."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> provider_pb2.DiffResponse:
        """A changed configuration replaces neither the provider nor its resources."""
        paths = differences(from_struct(request.old_inputs), from_struct(request.news))
        return diff_response({path: difference for path, difference in paths if path != ("version",)})

    def Configure(self, request: Any, context: Any) -> provider_pb2.ConfigureResponse:
        """Secrets come marked; a preview calls Create and Update too."""
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=False)

    def Cancel(self, request: Any, context: Any) -> empty_pb2.Empty:
        """Nothing takes long enough to be cancelled."""
        return empty_pb2.Empty()


def check_response(inputs: Mapping[str, Any], failures: Mapping[Path, str]) -> provider_pb2.CheckResponse:
    """The checked inputs, and what is wrong with them by path."""
    return provider_pb2.CheckResponse(
        inputs=to_struct(inputs),
        failures=[
            provider_pb2.CheckFailure(property=format_path(path), reason=reason) for path, reason in failures.items()
        ],
    )


def diff_response(
    changed: Mapping[Path, Difference], replace: frozenset[Path] = frozenset()
) -> provider_pb2.DiffResponse:
    """The differences by path; one at or below a path in ``replace`` replaces the resource."""
    detailed = {}
    replaces = []
    for path, difference in changed.items():
        replacing = any(path[: len(each)] == each for each in replace)
        detailed[format_path(path)] = provider_pb2.PropertyDiff(kind=_KINDS[difference, replacing], inputDiff=True)
        if replacing:
            replaces.append(format_path(path))
    changes = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=changes,
        diffs=sorted({str(path[0]) for path in changed if path}),
        replaces=replaces,
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )


def fail(context: Any, error: KusionError | OSError) -> NoReturn:
    """End a call with ``error``."""
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
    raise AssertionError("abort raises")


@contextmanager
def served(provider: Provider) -> Iterator[int]:
    """Serve ``provider`` on a free loopback port, which is given; until the end of the block."""
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=_CHANNEL)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


@contextmanager
def attached(providers: Mapping[str, Provider]) -> Iterator[str]:
    """Serve providers by package; gives the value of ``PULUMI_DEBUG_PROVIDERS``."""
    with ExitStack() as stack:
        yield ",".join(f"{package}:{stack.enter_context(served(each))}" for package, each in providers.items())
