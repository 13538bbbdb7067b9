"""A large language model behind a proxy that the application asks."""

from __future__ import annotations

from typing import Any

from kusion_dsl.module import CompileError, Context, Generated, Outputs, Patch, Resource, has_token, module
from kusion_inference.ollama import IMAGE, MODELS, PORT, command
from kusion_inference.schema import Inference, InferencePlatform

_PROXY_IMAGE = "kangy126/proxy"
_PROXY_PORT = 5000


@module
def inference(inference: Inference, platform: InferencePlatform, ctx: Context) -> Generated:
    """A server of the model, a proxy before it, a Service for each, and an environment variable with the proxy's."""
    _check_known(inference)
    yield _deployment("ollama", _server(inference), ctx, volumes=[{"name": _VOLUME, "emptyDir": {}}])
    yield _service("ollama", PORT, ctx)
    yield _deployment("proxy", _proxy(inference, _name("ollama", "service", ctx)), ctx)
    yield _service("proxy", _PROXY_PORT, ctx)
    host = _name("proxy", "service", ctx)
    if ctx.workload is not None:
        yield Patch(environment={ctx.variable("INFERENCE_URL"): host})
    yield Outputs(host=host, url=f"http://{host}")


def _check_known(inference: Inference) -> None:
    """What comes to stand in a command must be known now: what is filled in later could not be quoted for the shell."""
    for field in ("model", "system", "template"):
        if has_token(getattr(inference, field)):
            raise CompileError(
                f"{field} has an output or a secret in it, which is not known yet",
                hint="write the text itself, or give it from outside with an option",
            )


_VOLUME = "ollama-infer-storage"


def _server(inference: Inference) -> dict[str, Any]:
    return {
        "name": "ollama-infer-container",
        "image": IMAGE,
        "command": command(inference),
        "ports": [{"name": "ollama-port", "containerPort": PORT}],
        "volumeMounts": [{"name": _VOLUME, "mountPath": MODELS}],
    }


def _proxy(inference: Inference, server: str) -> dict[str, Any]:
    return {
        "name": "proxy-infer-container",
        "image": _PROXY_IMAGE,
        "ports": [{"name": "proxy-port", "containerPort": _PROXY_PORT}],
        "env": [{"name": "MODEL", "value": inference.model}, {"name": "FRAMEWORK_URL", "value": server}],
    }


def _name(part: str, kind: str, ctx: Context) -> str:
    return ctx.name(part, "infer", kind)


def _labels(part: str, ctx: Context) -> dict[str, str]:
    """What selects the pods: not the application's labels, by which its own Services select."""
    return {"accessory": ctx.name(part)}


def _deployment(part: str, container: dict[str, Any], ctx: Context, **pod: Any) -> Resource:
    labels = _labels(part, ctx)
    return Resource.manifest(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": ctx.metadata(_name(part, "deployment", ctx)),
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container], **pod}},
            },
        }
    )


def _service(part: str, port: int, ctx: Context) -> Resource:
    labels = _labels(part, ctx)
    return Resource.manifest(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": ctx.metadata(_name(part, "service", ctx), labels=labels),
            "spec": {"type": "ClusterIP", "selector": labels, "ports": [{"port": 80, "targetPort": port}]},
        }
    )
