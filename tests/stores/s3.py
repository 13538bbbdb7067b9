"""An S3 on loopback: moto's, which can be told to fail as a real one does, and counts what is asked of it."""

from __future__ import annotations

import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

_numbers = count(1)
_Answer = Callable[..., Any]
_Application = Callable[[dict[str, Any], _Answer], Iterable[bytes]]
Fault = Callable[["Exchange"], Iterable[bytes]]
"""What happens to a request, instead of the plain answer."""


@dataclass
class Exchange:
    """One request, the server behind it, and the way to answer."""

    environment: dict[str, Any]
    answer: _Answer
    application: _Application

    @property
    def method(self) -> str:
        return str(self.environment["REQUEST_METHOD"])

    @property
    def key(self) -> str:
        """The bucket and the key."""
        return str(self.environment["PATH_INFO"]).lstrip("/")

    def done(self) -> tuple[str, list[tuple[str, str]], bytes]:
        """Let it be done; the status, the headers and the body that would be answered."""
        said: list[Any] = []
        body = b"".join(self.application(self.environment, lambda *given: said.extend(given)))
        return said[0], said[1], body

    def drop(self) -> Iterable[bytes]:
        """Close the connection without a word."""
        connection = self.environment["werkzeug.socket"]
        connection.shutdown(socket.SHUT_RDWR)
        return []


def answering(status: str, code: str, extra: str = "", within: str = "") -> Fault:
    """An error, as S3 says it (STS within an ErrorResponse), for what is not done."""

    def fault(exchange: Exchange) -> Iterable[bytes]:
        error = f"<Error><Code>{code}</Code><Message>no</Message>{extra}</Error>"
        body = f"<?xml version='1.0'?>{f'<{within}>{error}</{within}>' if within else error}".encode()
        exchange.answer(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]

    return fault


def dropped_before(exchange: Exchange) -> Iterable[bytes]:
    """The connection breaks, and nothing is done."""
    return exchange.drop()


def dropped_after(exchange: Exchange) -> Iterable[bytes]:
    """It is done, and the connection breaks before the answer."""
    exchange.done()
    return exchange.drop()


def failed_after(exchange: Exchange) -> Iterable[bytes]:
    """It is done, and 500 is answered."""
    exchange.done()
    return answering("500 Internal Server Error", "InternalError")(exchange)


def truncated(exchange: Exchange) -> Iterable[bytes]:
    """Half of the body arrives, then the connection breaks."""
    status, headers, body = exchange.done()
    exchange.answer(status, headers)
    return [body[: len(body) // 2]]


def halved(exchange: Exchange) -> Iterable[bytes]:
    """Half of the body arrives, and is said to be all of it."""
    status, headers, body = exchange.done()
    half = body[: len(body) // 2]
    kept = [(name, value) for name, value in headers if name.lower() not in ("content-length", "etag")]
    exchange.answer(status, [*kept, ("Content-Length", str(len(half))), ("ETag", '"0"')])
    return [half]


def unconditional(exchange: Exchange) -> Iterable[bytes]:
    """A store that does not know If-None-Match."""
    exchange.environment.pop("HTTP_IF_NONE_MATCH", None)
    return exchange.application(exchange.environment, exchange.answer)


_RECORD = re.compile(r"/state/.*/\d{8}\.\d+\.json")


class Asked(NamedTuple):
    """A request: its method, its bucket and key, its headers, by their names in lower case, and its query."""

    method: str
    key: str
    headers: Mapping[str, str]
    query: str = ""

    @property
    def is_record(self) -> bool:
        """Whether it is about a record of the journal of a run."""
        return _RECORD.search(self.key) is not None

    @property
    def access_key(self) -> str:
        """The id of the key that signed it, empty if none did."""
        return self.headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]


@dataclass
class S3:
    """A running server. ``fail`` puts faults before the next requests that fit; ``seen`` has every request."""

    port: int
    seen: list[Asked] = field(default_factory=list)
    delay: float = 0.0
    _faults: list[tuple[str, str, int, Fault]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def bucket(self) -> str:
        """Make a new bucket; its name."""
        name = f"bucket-{next(_numbers)}"
        with urlopen(Request(f"{self.endpoint}/{name}", method="PUT")) as answer:
            assert answer.status == 200
        return name

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def url(self, place: str) -> str:
        """The backend URL of a bucket, or of a folder in it."""
        return f"s3://{place}?region=eu-central-1&endpoint={self.endpoint}&use_path_style=true"

    def fail(self, fault: Fault, *, method: str = "", key: str = "", times: int = 1) -> None:
        """Let the next so many requests fail whose method is this one and whose bucket and key end so."""
        with self._lock:
            self._faults.append((method, key, times, fault))

    def fail_from(self, fault: Fault, key: str, when: Callable[[], bool] = lambda: True) -> None:
        """Let every request fail from the first writing on whose key has this part, and that comes at such a moment."""

        def begin(exchange: Exchange) -> Iterable[bytes]:
            if key not in exchange.key or not when():
                return exchange.application(exchange.environment, exchange.answer)
            self.heal()
            self.fail(fault, times=1_000_000)
            return fault(exchange)

        self.fail(begin, method="PUT", times=1_000_000)

    def heal(self) -> None:
        """Fail no more."""
        with self._lock:
            self._faults.clear()

    def requests(self, method: str, key: str) -> int:
        """How often something was asked of a key."""
        return sum(1 for each in self.seen if each.method == method and each.key.endswith(key))

    def _fault(self, method: str, key: str) -> Fault | None:
        with self._lock:
            for number, (wanted, ending, left, fault) in enumerate(self._faults):
                if wanted in ("", method) and key.endswith(ending):
                    self._faults[number : number + 1] = [(wanted, ending, left - 1, fault)] if left > 1 else []
                    return fault
        return None

    def serve(self, application: _Application, environment: dict[str, Any], answer: _Answer) -> Iterable[bytes]:
        """Answer a request, or fail."""
        exchange = Exchange(environment, answer, application)
        names = (name for name in environment if name.startswith("HTTP_"))
        headers = {name.removeprefix("HTTP_").replace("_", "-").lower(): environment[name] for name in names}
        self.seen.append(Asked(exchange.method, exchange.key, headers, environment.get("QUERY_STRING", "")))
        time.sleep(self.delay)
        fault = self._fault(exchange.method, exchange.key)
        return fault(exchange) if fault else application(environment, answer)


@contextmanager
def running_s3(tls: ssl.SSLContext | None = None) -> Iterator[S3]:
    """An S3 that is there for the duration."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)  # a connection that is dropped on purpose is no news
    moto: Any = DomainDispatcherApplication(create_backend_app)
    server = make_server(
        "127.0.0.1",
        0,
        lambda environment, answer: s3.serve(moto, environment, answer),
        threaded=True,
        ssl_context=tls,
    )
    s3 = S3(server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield s3
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
