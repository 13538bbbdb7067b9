"""Pulumi's service as far as a CLI needs it, to record the journals of real runs."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]
_LEASE = {"token": "lease", "tokenExpiration": 4102444800, "version": 1, "journalVersion": 1}


@dataclass
class Service:
    """One stack: ``export`` is what the CLI is served, ``entries`` what it has sent since, in order of arrival."""

    export: dict[str, Any] = field(default_factory=lambda: {"version": 3, "deployment": {}})
    entries: list[dict[str, Any]] = field(default_factory=list)
    exists: bool = False

    def get(self, path: list[str]) -> Answer:
        match path:
            case ["capabilities"]:
                schema = {"capability": "deployment-schema-version", "version": 1, "configuration": {"version": 4}}
                return 200, {"capabilities": [schema]}
            case ["user"]:
                organization = {"githubLogin": "organization", "name": "organization"}
                return 200, {"id": "1", **organization, "organizations": [organization], "identities": []}
            case ["user", "organizations", "default"]:
                return 200, {"GitHubLogin": "organization"}
            case ["stacks", organization, project, stack] if self.exists:
                names = {"orgName": organization, "projectName": project, "stackName": stack}
                return 200, {"id": stack, **names, "activeUpdate": "", "tags": {}, "version": 1}
            case ["stacks", _, _, _, "export"]:
                return 200, self.export
        return 404, {"code": 404, "message": "Not Found"}

    def post(self, path: list[str], body: Mapping[str, Any]) -> Answer:
        match path:
            case ["stacks", _, _]:
                self.exists = True
                return 200, {}
            case ["stacks", _, _, _, "preview" | "update" | "refresh" | "destroy"]:
                return 200, {"updateID": "run", "requiredPolicies": [], "messages": [], "aiSettings": {}}
            case ["stacks", _, _, _, _, "run"] | ["stacks", _, _, _, _, "run", "renew_lease"]:
                return 200, _LEASE
            case ["stacks", _, _, _, _, "run", "journalentries"]:
                self.entries += body["entries"]
        return 200, {}


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(service.get(self._path()))

        def do_POST(self) -> None:
            self._answer(service.post(self._path(), self._body()))

        do_PATCH = do_POST

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing is logged."""

        def _path(self) -> list[str]:
            return self.path.partition("?")[0].removeprefix("/api/").split("/")

        def _body(self) -> Any:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            return json.loads(body or b"{}")

        def _answer(self, answer: Answer) -> None:
            status, value = answer
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


@contextmanager
def served(service: Service) -> Iterator[str]:
    """Serve it on a free loopback port; its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(service))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
