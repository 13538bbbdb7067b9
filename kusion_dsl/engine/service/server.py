"""The service over HTTP, on a free loopback port, for whoever has the token."""

from __future__ import annotations

import gzip
import hmac
import json
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from kusion_dsl.engine.service.protocol import Answer, Refusal, Request

_HOST = "127.0.0.1"
_POLL = 0.02
"""Seconds between two looks whether the server is to end."""

Respond = Callable[[Request], Answer]


@dataclass(frozen=True)
class Address:
    """Where the service is, and what opens it."""

    url: str
    token: str = field(repr=False)


@contextmanager
def served(respond: Respond, token: str) -> Iterator[Address]:
    """Serve what ``respond`` answers until the end of the block. It is called from several threads at a time."""
    server = _Server(respond, token)
    thread = threading.Thread(target=server.serve_forever, args=(_POLL,), name="state service", daemon=True)
    thread.start()
    try:
        yield Address(f"http://{_HOST}:{server.server_port}", token)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, respond: Respond, token: str) -> None:
        super().__init__((_HOST, 0), _Handler)
        self.respond = respond
        self.authorizations = tuple(f"{scheme} {token}".encode() for scheme in ("token", "update-token"))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A CLI that ended in the middle of a call is no event; what was not answered was not acknowledged."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet for head and body
    server: _Server

    def _serve(self) -> None:
        try:
            self._authorize()
            request = Request(self.command, urlsplit(self.path).path, self._body())
            answer = self.server.respond(request)
        except Refusal as refusal:
            answer = refusal.answer
        self._send(answer)

    do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = _serve

    def _authorize(self) -> None:
        given = self.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not any(hmac.compare_digest(given, each) for each in self.server.authorizations):
            self.close_connection = True  # the body of a stranger is not read
            raise Refusal(401, "Unauthorized")

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            raise Refusal(411, "the length of the body is not known")
        body = self.rfile.read(int(length))
        if self.headers.get("Content-Encoding") != "gzip":
            return body
        try:
            return gzip.decompress(body)
        except (OSError, EOFError, zlib.error) as error:
            raise Refusal(400, f"the body is not compressed as it says: {error}") from None

    def _send(self, answer: Answer) -> None:
        body = json.dumps(answer.document).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the run's own events tell what happens."""
