"""A policy of a cluster, and a mutation: admission webhooks that are served from the test."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.cluster.control_plane import ControlPlane

Judge = Callable[[Mapping[str, Any]], str]
"""What is wrong with a request (its ``object``, and whether it is a ``dryRun``); empty where nothing is.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request"""

Mutate = Callable[[Mapping[str, Any]], list[Mapping[str, Any]]]
"""The JSON patch (RFC 6902) of an object."""

_Respond = Callable[[Mapping[str, Any]], Mapping[str, Any]]

_PATIENCE = 60.0
_PROBE = ("create", "deployment", "probe", "--image=nothing", "--dry-run=server")


def policy(plane: ControlPlane, namespace: str, judge: Judge, *, code: int = 400) -> AbstractContextManager[str]:
    """A policy on Deployments that are created and updated in a namespace, until the end of the block; gives its name.

    ``code`` is that of a refusal: without one the API server takes 400, and some policy engines say 403.
    """

    def respond(request: Mapping[str, Any]) -> Mapping[str, Any]:
        wrong = judge(request)
        return {"allowed": not wrong, **({"status": {"message": wrong, "code": code}} if wrong else {})}

    return _webhook(plane, namespace, "ValidatingWebhookConfiguration", respond)


def mutation(plane: ControlPlane, namespace: str, mutate: Mutate) -> AbstractContextManager[str]:
    """Something that changes Deployments that are created and updated in a namespace, until the end of the block."""

    def respond(request: Mapping[str, Any]) -> Mapping[str, Any]:
        patch = base64.b64encode(json.dumps(mutate(request["object"])).encode()).decode()
        return {"allowed": True, "patchType": "JSONPatch", "patch": patch}

    return _webhook(plane, namespace, "MutatingWebhookConfiguration", respond)


def let_it_die(plane: ControlPlane, namespace: str, name: str) -> None:
    """Let nothing answer any more where the API server asks the policy ``name``."""
    nowhere = [{"op": "replace", "path": "/webhooks/0/clientConfig/url", "value": "https://127.0.0.1:1/"}]
    plane.kubectl("patch", "validatingwebhookconfiguration", name, "--type=json", "-p", json.dumps(nowhere))
    _until(plane, namespace, lambda said: "failed calling webhook" in said)


def _until(plane: ControlPlane, namespace: str, condition: Callable[[str], bool]) -> None:
    """Try something out until the API server has taken note of what it was told."""
    deadline = time.monotonic() + _PATIENCE
    said = ""
    while not condition(said):
        assert time.monotonic() < deadline, f"the API server takes no note: {said}"
        try:
            plane.kubectl(*_PROBE, "-n", namespace)
        except RuntimeError as error:
            said = str(error)


@contextmanager
def _webhook(plane: ControlPlane, namespace: str, kind: str, respond: _Respond) -> Iterator[str]:
    certificates = plane.directory / "certificates"
    server = _Server(respond)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificates / "apiserver.crt", certificates / "apiserver.key")
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    name = f"policy.{namespace}.example.com"
    trusted = base64.b64encode((certificates / "apiserver.crt").read_bytes()).decode()
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": name,
                "clientConfig": {"url": f"https://127.0.0.1:{server.server_port}/", "caBundle": trusted},
                "rules": [
                    {
                        "apiGroups": ["apps"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["deployments"],
                    }
                ],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "timeoutSeconds": 5,
            }
        ],
    }
    plane.kubectl("apply", "-f", "-", text=json.dumps(configuration))
    try:
        _until(plane, namespace, lambda said: server.asked)
        yield name
    finally:
        plane.kubectl("delete", kind.lower(), name)
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, respond: _Respond) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.respond = respond
        self.asked = False


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: standard error is the test's."""

    def do_POST(self) -> None:
        """Answer one request."""
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked = True
        response = {"uid": review["request"]["uid"], **self.server.respond(review["request"])}
        body = json.dumps({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
