"""Requests to an API server that does not answer as it should."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kusion_dsl.engine.cluster.connection import Connection
from kusion_dsl.engine.cluster.kubeconfig import Access
from kusion_dsl.errors import EngineError

RESET = "reset"
CUT_OFF = "cut off"
AT_ONCE = {"Retry-After": "0"}

Reply = str | tuple[int, dict[str, str]]


class Server(ThreadingHTTPServer):
    """Gives one reply after the other, the last one for ever; ``asked`` counts."""

    daemon_threads = True

    def __init__(self, replies: Sequence[Reply]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies = list(replies)
        self.asked = 0


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: standard error is the test's."""

    def do_GET(self) -> None:
        self.server.asked += 1
        replies = self.server.replies
        match replies.pop(0) if len(replies) > 1 else replies[0]:
            case str(way):
                self._break_off(way)
            case (code, headers):
                self.send_response(code)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b'{"message": "said"}')

    def _break_off(self, way: str) -> None:
        if way == CUT_OFF:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"{")
            return
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())


@contextmanager
def serving(*replies: Reply) -> Iterator[tuple[Connection, Server]]:
    """A way to a server with such replies."""
    server = Server(replies)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Connection(Access("a test", {"server": f"http://127.0.0.1:{server.server_port}"}, {})), server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("replies", "code", "asked"),
    [
        ([(200, {})], 200, 1),
        ([(429, AT_ONCE), (503, AT_ONCE), (200, {})], 200, 3),
        ([RESET, (200, {})], 200, 2),
        ([(429, {})], 429, 1),
        ([(503, {"Retry-After": "Fri, 31 Dec 2026 23:59:59 GMT"})], 503, 1),
        ([(404, AT_ONCE)], 404, 1),
        ([(503, AT_ONCE)], 503, 10),
    ],
    ids=["well", "told when", "reset", "not told when", "told a date", "no use", "for ever"],
)
def test_what_may_pass_is_asked_again(replies: list[Reply], code: int, asked: int) -> None:
    with serving(*replies) as (connection, server):
        answer = connection.ask("/version")

    assert (answer.code, answer.message, server.asked) == (code, "said", asked)


def test_an_answer_that_is_cut_off_is_an_error() -> None:
    with serving(CUT_OFF) as (connection, server), pytest.raises(EngineError, match="cannot be reached") as raised:
        connection.ask("/version")

    assert server.asked == 1 and f"127.0.0.1:{server.server_port}" in str(raised.value)


def test_refused_credentials_are_an_error() -> None:
    with serving((401, {})) as (connection, _), pytest.raises(EngineError, match="does not take these credentials"):
        connection.ask("/version")
