"""The one stack that is served, and the one update of it that this run makes."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any

from kusion_dsl.engine.journal.entry import Entry, parse_entries
from kusion_dsl.engine.service import protocol
from kusion_dsl.engine.service.protocol import Refusal
from kusion_dsl.errors import KusionError
from kusion_dsl.model.identity import StackRef

Append = Callable[[bytes], None]
"""Writes one batch of the journal; durable when it returns. Raises KusionError."""


class ServedStack:
    """What the CLI is told about the stack, and what it tells.

    - ``served``: the state that the run begins with, as ``stack export`` has it; None for a stack that is to be created
    - ``append``: None for a run that only previews, which may write nothing

    ``token`` opens it, for this run. ``failure`` is why an entry could not be written; ``plain`` tells that this CLI does
    not journal. Thread-safe.
    """

    def __init__(self, ref: StackRef, served: Mapping[str, Any] | None, append: Append | None) -> None:
        self.ref = ref
        self.token = secrets.token_urlsafe(32)
        self.failure: KusionError | None = None
        self.plain = False
        self._entries: dict[int, Entry] = {}
        self._closed = False
        self._served = served
        self._append = append
        self._update = ""
        self._begun = False
        self._lock = threading.Lock()

    @property
    def exists(self) -> bool:
        """Whether the CLI need not create it first."""
        return self._served is not None

    def create(self, state: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Create the stack; ``state`` is what it begins with: nothing but the name of its key."""
        if self.exists:
            raise Refusal(409, "the stack already exists")
        self._served = state or {"version": 3, "deployment": {}}
        return {}

    def export(self) -> Mapping[str, Any]:
        """The state that the run begins with. Indices in the journal are into its resources."""
        if self._served is None:
            raise Refusal(404, "there is no such stack")
        return self._served

    def create_update(self) -> Mapping[str, Any]:
        """Make an update; the last one made counts."""
        with self._lock:
            self._update, self._begun = secrets.token_hex(8), False
            return protocol.created_document(self._update)

    def begin_update(self, update: str, journal_version: Any) -> Mapping[str, Any]:
        """Begin an update, once. A CLI that would write whole states instead of a journal is sent away."""
        self._check(update)
        with self._lock:
            if self._begun:
                raise Refusal(409, "the update was begun already")
            if self._append is not None and journal_version != protocol.JOURNAL_VERSION:
                self.plain = True
                raise Refusal(400, "this CLI keeps no journal that is understood here")
            self._begun = True
        return protocol.begun_document(self.token)

    def renew(self, update: str, lost: bool) -> Mapping[str, Any]:
        """Go on for a while longer, unless the stack is ``lost`` to somebody else; then the CLI ends the update."""
        self._check(update)
        if lost:
            raise Refusal(403, "this run has lost the stack")
        return protocol.renewed_document(self.token)

    def journal(self, update: str, body: bytes) -> Mapping[str, Any]:
        """Take a batch: it is durable when this returns. One that was taken already is not taken twice."""
        self._check(update)
        if self._append is None:
            raise Refusal(400, "a preview writes nothing")
        try:
            entries = parse_entries(body)
        except KusionError as error:
            raise self._failed(error, 400) from None
        with self._lock:
            if self.failure is not None:  # what comes after a gap must not be acknowledged
                raise Refusal(403, str(self.failure))
            if self._closed:
                raise Refusal(403, "the run has ended")
            if all(entry.sequence in self._entries for entry in entries):
                return {}
            try:
                self._append(body)
            except KusionError as error:
                raise self._failed(error, 403) from None
            self._entries.update((entry.sequence, entry) for entry in entries)
        return {}

    def close(self) -> tuple[Entry, ...]:
        """Take nothing more; everything that was written."""
        with self._lock:
            self._closed = True
            return tuple(self._entries.values())

    def check_update(self, update: str) -> Mapping[str, Any]:
        """An answer without content, to what is told about a known update."""
        self._check(update)
        return {}

    def _failed(self, error: KusionError, status: int) -> Refusal:
        self.failure = self.failure or error
        return Refusal(status, str(error))

    def _check(self, update: str) -> None:
        if not update or update != self._update:
            raise Refusal(404, "there is no such update")
