"""The moments of a run at which it can be killed, and which of them are tried.

A *boundary* is before or after something that is done. Those between which nothing is done that outlives us, such as
the end of one write and the beginning of the next, are one *moment*.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import FrameType, FunctionType
from typing import Literal, NamedTuple, cast

from kusion_dsl.engine.kusion_provider import KusionProvider
from kusion_dsl.engine.manifest_files import ManifestFiles
from kusion_dsl.engine.service.protocol import Request
from kusion_dsl.engine.service.routes import Service
from kusion_dsl.storage.file import FileStore
from tests.crash.boundaries import Boundary, boundaries, file_of
from tests.integration.crash.cli_files import CliFiles

Kind = Literal["protocol", "CLI", "other"]
Victim = Literal["us", "the CLI", "both"]
VICTIMS: tuple[Victim, ...] = ("us", "the CLI", "both")
EVERY = 10
"""Of the moments that are not the state protocol's, one in how many is tried."""

_CALLS = (FileStore.put, FileStore.put_new, FileStore.delete, Service.__call__)
_DEEDS = (
    ManifestFiles.create,
    ManifestFiles.update,
    ManifestFiles.delete,
    KusionProvider.Create,
    KusionProvider.Delete,
)
"""What the providers do; the moment after is the one at which the answer is lost."""

_REQUEST = Service.__call__.__qualname__
_STATE = (".kusion/v1/state/", ".pulumi/")
_LEASE = ".kusion/v1/leases/"
_CHANGING = ("POST update", "POST destroy", "POST ID", "PATCH journalentries", "POST complete")
"""The requests that change the state, or end that."""

_NAMES = (
    (re.compile(r"\.[0-9]+\.[0-9a-f]{16}\.tmp$"), ".tmp"),
    (re.compile(r"-[0-9]+-[a-z0-9_]{8}$"), ""),
    (re.compile(r"^[0-9]+@.*"), "RUN"),
)
"""What is another name in each run, and what it is called here."""


class Seen(NamedTuple):
    """A boundary as a run came to it: what it is, the how manieth of that name, and in which thread.

    ``kind`` tells why it is tried, ``alive`` whether the CLI ran then, where anybody has looked.
    """

    name: str
    occurrence: int
    thread: int
    kind: Kind
    alive: bool = False

    @property
    def call(self) -> str:
        """What it is before or after."""
        return self.name.partition(" ")[2]

    def is_moment_of(self, former: Seen) -> bool:
        """Whether nothing was done since the one that came before. A request alone, with no write in it, does nothing."""
        passed = former.name.startswith("before") and self.name.startswith("after") and former.call == self.call
        return self.thread == former.thread and (not passed or self.call.startswith(_REQUEST))


class Kill(NamedTuple):
    """When whom."""

    name: str
    occurrence: int
    victim: Victim

    def __str__(self) -> str:
        return f"{self.victim} killed {self.name} ({self.occurrence})"


@contextmanager
def seen(home: Path, at: Callable[[Seen], None]) -> Iterator[None]:
    """Tell ``at`` every boundary of what runs within the block with its files in ``home``, while it stands there."""
    lock = threading.RLock()
    occurrences: Counter[str] = Counter()
    leased = False

    def come_to(name: str, kind: Kind) -> None:
        with lock:
            occurrences[name] += 1
            at(Seen(name, occurrences[name], threading.get_ident(), kind))

    files = CliFiles(lambda name: come_to(f"after write {name} (the CLI)", "CLI"))

    def boundary(_: int, boundary: Boundary) -> None:
        nonlocal leased
        if boundary.by == "_write_to_self":  # how an event loop wakes itself up
            return
        if boundary.by == "mkdtemp" and boundary.moment == "after":
            for directory in (home / "runs").iterdir():
                files.watch(directory)
        leased = leased or boundary.file.startswith(_LEASE)
        come_to(str(boundary), "protocol" if leased and _is_protocol(boundary) else "other")

    with boundaries(boundary, cast("tuple[FunctionType, ...]", (*_CALLS, *_DEEDS)), _about):
        yield


def _is_protocol(boundary: Boundary) -> bool:
    if boundary.call.startswith("FileStore."):
        return boundary.file.startswith(_STATE)
    return boundary.call == _REQUEST and boundary.file in _CHANGING


def _about(frame: FrameType) -> str:
    """What a function works on: a request, an object, a key, a file."""
    here, caller = frame.f_locals, frame
    for _ in range(3):
        handler = caller.f_locals.get("self")
        if isinstance(handler, BaseHTTPRequestHandler):
            return _request(handler.command, handler.path)
        caller = caller.f_back or caller
    request = here.get("request")
    if isinstance(request, Request):
        return _request(request.method, request.path)
    urn = getattr(request, "urn", "")
    if urn:
        return str(urn).rpartition("::")[2]
    if "identity" in here:
        return str(here["identity"].file_name)
    keys = here.get("keys") or (here.get("key"),)
    name = keys[0] if isinstance(keys[0], str) else file_of(frame)
    for pattern, replacement in _NAMES:
        name = pattern.sub(replacement, name)
    return name


def _request(method: str, path: str) -> str:
    return f"{method} {re.sub('^[0-9a-f]{16}$', 'ID', path.partition('?')[0].rpartition('/')[2])}"


def moments(trace: Sequence[Seen]) -> list[list[Seen]]:
    """The boundaries, those of one moment together."""
    found: list[list[Seen]] = []
    for each in trace:
        if found and each.is_moment_of(found[-1][-1]):
            found[-1].append(each)
        else:
            found.append([each])
    return found


def selected(trace: Sequence[Seen], *, everybody: bool) -> list[Kill]:
    """What is tried: all moments of the state protocol, every tenth other one, and one victim after the other.

    With ``everybody`` each of the victims at each moment of the state protocol.
    """
    kills: list[Kill] = []
    for number, moment in enumerate(moments(trace)):
        here = next((each for each in moment if each.kind != "other"), moment[0])
        victims = VICTIMS if here.alive else VICTIMS[:1]
        if here.kind == "other" and number % EVERY:
            continue
        if not everybody or here.kind != "protocol":
            victims = (victims[len(kills) % len(victims)],)
        kills += [Kill(here.name, here.occurrence, victim) for victim in victims]
    return kills
