"""Keys as objects of a bucket, whoever keeps it: all that is asked of it is creation on condition.

Each operation may be repeated without harm, and is, for a while, when the store is overloaded or the connection
breaks. Of a creation whose answer was lost nobody knows whether it was done; so every object carries who wrote it,
and is looked at. It carries the digest of its content too: an answer that is not what was written is noticed.
"""

from __future__ import annotations

import hashlib
import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError

from kusion_dsl.errors import DamagedError, StorageError
from kusion_dsl.storage.clock import Clock, SystemClock
from kusion_dsl.storage.failure import Advice, Failure
from kusion_dsl.storage.keys import folder, segments

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Bucket

_Answer = TypeVar("_Answer")

PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 3.2)
"""Seconds before each repetition, at most; the least is half of it, so that many who failed do not meet again."""
PATIENCE = 10.0
"""Seconds after which nothing is repeated any more. A lease that was just seen to be held, though not renewed for two
thirds of the time that it lives, still lives for so long: what is written under it is not repeated beyond its end."""

_WRITER, _DIGEST = "kusionwriter", "kusionsha256"  # letters and digits: Azure takes no others
_PROBE = ".kusion/v1/exclusive"
"""An object that is there once it was seen that the store lets only one of many create one. It is never listed."""


class _AlteredError(Exception):
    """What was read is not what was written."""


class ObjectStore:
    """A :class:`~kusion_dsl.storage.store.Store` in a bucket.

    - ``open_bucket``: gives the bucket, as obstore has it; called when it is first used, and may raise StorageError
    - ``url``: the backend's URL; ``shown``: the same for people, without parameters
    - ``advice``: what the codes of this kind of store mean; one that comes with a 404 says that more is missing than
      the key
    - ``pauses``: seconds between tries, by ``clock``
    """

    def __init__(
        self,
        open_bucket: Callable[[], Bucket],
        url: str,
        shown: str,
        advice: Mapping[str, Advice],
        clock: Clock | None = None,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._open_bucket = open_bucket
        self._url = url
        self._shown = shown.rstrip("/")
        self._advice = advice
        self._clock = clock or SystemClock()
        self._pauses = pauses
        self._exclusive = False

    @property
    def url(self) -> str:
        """The URL, as it was given."""
        return self._url

    def place(self, key: str) -> str:
        """The URL of the object."""
        return f"{self._shown}/{key}"

    def get(self, key: str) -> bytes | None:
        """The content of the object, None if there is none. Raises DamagedError if it is not what was written."""
        path = self._path(key)

        def read() -> bytes | None:
            try:
                found = obstore.get(self._bucket, path)
            except FileNotFoundError as error:
                self._check_is_missing(error)
                return None
            content = bytes(found.bytes())
            digest = found.attributes.get(_DIGEST)
            if digest is not None and digest != _digest(content):
                raise _AlteredError
            return content

        return self._tried("cannot be read", key, read)

    def put(self, key: str, data: bytes) -> None:
        """Write the object, over what is there."""
        path = self._path(key)
        attributes = {_DIGEST: _digest(data)}
        self._tried(
            "cannot be written",
            key,
            lambda: obstore.put(self._bucket, path, data, attributes=attributes, use_multipart=False),
        )

    def put_new(self, key: str, data: bytes) -> bool:
        """Write the object if there is none. Raises StorageError for a store in which several could do that."""
        path = self._path(key)
        self._check_exclusive()
        return self._create("cannot be written", path, data)

    def list(self, prefix: str) -> tuple[str, ...]:
        """All keys that begin with ``prefix``."""
        above = "/".join(folder(prefix, self._shown))

        def found() -> tuple[str, ...]:
            pages = obstore.list(self._bucket, prefix=above or None)
            keys = (meta["path"] for page in pages for meta in page)
            return tuple(sorted(key for key in keys if key.startswith(prefix) and key != _PROBE))

        return self._tried("cannot be listed", prefix, found)

    def delete(self, *keys: str) -> None:
        """Remove the objects, several at a time."""
        paths = [self._path(key) for key in keys]

        def remove() -> None:
            try:
                obstore.delete(self._bucket, paths)
            except FileNotFoundError as error:
                self._check_is_missing(error)

        if keys:
            self._tried("cannot be removed", keys[0], remove)

    @cached_property
    def _bucket(self) -> Bucket:
        return self._open_bucket()

    def _path(self, key: str) -> str:
        return "/".join(segments(key, self._shown))

    def _create(self, what: str, path: str, data: bytes) -> bool:
        """Create an object; whether this call did."""
        writer = secrets.token_hex(16)
        attributes = {_WRITER: writer, _DIGEST: _digest(data)}

        def create() -> bool:
            try:
                obstore.put(self._bucket, path, data, attributes=attributes, mode="create", use_multipart=False)
            except AlreadyExistsError:
                there = self._writer(path)
                if there is None:  # removed since, or refused because of somebody who did not succeed either
                    raise
                return there == writer  # then an earlier try of ours was done
            return True

        return self._tried(what, path, create)

    def _writer(self, path: str) -> str | None:
        """Who created an object; empty if it does not say, None if there is none."""
        try:
            return obstore.get(self._bucket, path, options={"head": True}).attributes.get(_WRITER, "")
        except FileNotFoundError:
            return None

    def _check_exclusive(self) -> None:
        """See once that the store refuses to create what is there: some take the condition and do not know it."""
        if self._exclusive:
            return
        what = "it cannot be seen whether two runs are kept apart here"
        if self._create(what, _PROBE, b"") and self._create(what, _PROBE, b""):
            raise StorageError(
                "this store creates objects that are there already, so two runs cannot be kept apart",
                where=self._shown,
                hint="choose a store that honours If-None-Match",
            )
        self._exclusive = True

    def _check_is_missing(self, error: FileNotFoundError) -> None:
        """Raise the error again if it is not the key that is missing: no bucket must not look like an empty one."""
        if Failure.of(error, self._advice).code in self._advice:
            raise error

    def _tried(self, what: str, key: str, act: Callable[[], _Answer]) -> _Answer:
        begun, pauses, altered = self._clock.monotonic(), iter(self._pauses), False
        while True:
            try:
                return act()
            except _AlteredError:
                passing, altered, told = not altered, True, self._altered(key)
            except (BaseError, FileNotFoundError) as error:
                failure = Failure.of(error, self._advice)
                passing, told = failure.advice.passing, failure.told(what, self.place(key))
            pause = next(pauses, None) if passing else None
            if pause is None or self._clock.monotonic() - begun > PATIENCE:
                raise told
            self._clock.sleep(random.uniform(pause / 2, pause))

    def _altered(self, key: str) -> StorageError:
        hint = "restore this object from an older version or a copy"
        return DamagedError("this is not what was written there", where=self.place(key), hint=hint)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
