"""What can go wrong between a client and an API server: a proxy that does it on demand."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

from tests.cluster.control_plane import ControlPlane

READS = frozenset({"GET"})
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
DEPLOYMENTS = r"/deployments\b(?!.*dryRun)"
NAMESPACES = r"/namespaces/[^/?]+(\?(?!.*dryRun)|$)"
"""Requests for Deployments, and for Namespaces themselves, but for dry runs."""

_REASONS = {401: "Unauthorized", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable"}
_TIMEOUT = 60.0  # seconds that the API server has to answer
_PIECE = 65536

Act = int | Literal["reset", "reset after", "stall", "stall after"]
"""A code to answer with; or the connection is reset, or nothing is answered, before the API server hears of a request or
after it has done what it was asked for."""


@dataclass
class Fault:
    """What becomes of requests: of those with one of ``methods`` whose path with its query fits the pattern ``path``.

    The first ``spared`` of them pass, the next ``times`` are hit, then all pass again. ``retry_after`` is in seconds,
    None for an answer that does not say it. ``met`` counts the requests that were hit, ``happened`` tells of the first.
    """

    act: Act
    methods: frozenset[str] = READS | WRITES
    path: str = ""
    times: int = 1
    spared: int = 0
    retry_after: int | None = None
    met: int = field(default=0, init=False)
    happened: threading.Event = field(default_factory=threading.Event, init=False)

    def hits(self, method: str, path: str) -> bool:
        """Whether it happens to a request, which is counted."""
        if method not in self.methods or not re.search(self.path, path) or self.met >= self.times:
            return False
        if self.spared:
            self.spared -= 1
            return False
        self.met += 1
        return True


@dataclass
class Proxy:
    """A proxy in front of a control plane, at the address in ``kubeconfig``; what it does is in ``faults``.

    It has the certificate of the API server, so that a client need not know of it.
    """

    kubeconfig: Path
    server: str
    trust: ssl.SSLContext
    faults: list[Fault] = field(default_factory=list)
    _choosing: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)

    def fault(self, method: str, path: str) -> Fault | None:
        """What is to happen to a request."""
        with self._choosing:
            return next((each for each in self.faults if each.hits(method, path)), None)

    def add(self, fault: Fault) -> Fault:
        """Let something go wrong from now on."""
        self.faults.append(fault)
        return fault

    def stall(self) -> None:
        """Return when the proxy ends."""
        self._over.wait()

    def end(self) -> None:
        """Let go of every request that has no answer."""
        self._over.set()


@contextmanager
def proxied(plane: ControlPlane, directory: Path) -> Iterator[Proxy]:
    """A proxy in front of ``plane`` until the end of the block; its kubeconfig lies in ``directory``."""
    certificates = plane.directory / "certificates"
    trust = ssl.create_default_context(cafile=str(certificates / "apiserver.crt"))
    text = plane.kubeconfig.read_text(encoding="utf-8")
    [line] = [each for each in text.splitlines() if each.strip().startswith("server: ")]
    address = line.partition("server: ")[2]
    proxy = Proxy(directory / "proxied.kubeconfig", address, trust)
    server = _Server(proxy, certificates)
    proxy.kubeconfig.touch(mode=0o600)
    proxy.kubeconfig.write_text(text.replace(address, f"https://127.0.0.1:{server.server_port}"), encoding="utf-8")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield proxy
    finally:
        proxy.end()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    """Takes connections; each is a thread, in which its handshake is done, too."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, proxy: Proxy, certificates: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(certificates / "apiserver.crt", certificates / "apiserver.key")

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        wrapped = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return wrapped, address

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no event."""


class _Handler(BaseHTTPRequestHandler):
    """One connection: a request, and what becomes of it."""

    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: standard error is the test's."""

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.proxy.fault(self.command, self.path)
        match fault.act if fault else None:
            case None:
                self._pass_on(body)
            case int(code):
                self._refuse(code, fault.retry_after if fault else None)
            case act:
                self._break_off(body, act, fault)

    def _break_off(self, body: bytes, act: str, fault: Fault | None) -> None:
        if act.endswith("after"):
            self._ask(body).read()
        if fault:
            fault.happened.set()
        if act.startswith("stall"):
            self.server.proxy.stall()
        self._reset()

    def _ask(self, body: bytes) -> HTTPResponse:
        proxy = self.server.proxy
        kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        request = urllib.request.Request(proxy.server + self.path, body or None, kept, method=self.command)
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=proxy.trust), _Faithful())
        answer: HTTPResponse = opener.open(request, timeout=_TIMEOUT)
        return answer

    def _pass_on(self, body: bytes) -> None:
        try:
            answer = self._ask(body)
        except OSError:  # the API server is gone: so is what leads to it
            self._reset()
            return
        with answer:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                    self.send_header(name, value)
            self._end_headers()
            with suppress(OSError):  # of the two ends of a watch either may go first
                while piece := answer.read1(_PIECE):
                    self.wfile.write(piece)

    def _refuse(self, code: int, retry_after: int | None) -> None:
        """Answer as an API server does (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/)."""
        reason = _REASONS[code]
        status: Mapping[str, object] = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "message": {401: "Unauthorized", 429: "too many requests, please try again later"}.get(
                code, "Internal error occurred: made to fail"
            ),
            "reason": reason,
            "code": code,
        }
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        if retry_after is not None:
            self.send_header("Retry-After", str(retry_after))
        self._end_headers()
        self.wfile.write(json.dumps(status).encode())

    def _end_headers(self) -> None:
        """Every answer ends with its connection."""
        self.send_header("Connection", "close")
        self.close_connection = True
        self.end_headers()

    def _reset(self) -> None:
        """End the connection as one whose other end has died: RST instead of FIN."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())


class _Faithful(urllib.request.HTTPErrorProcessor):
    """Gives every answer as it is, failures and redirections included."""

    def http_response(self, request: urllib.request.Request, response: HTTPResponse) -> HTTPResponse:
        return response

    https_response = http_response
