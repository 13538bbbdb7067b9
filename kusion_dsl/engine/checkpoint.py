"""Pulumi's state of a stack as it lies in the backend: read, copied for a preview, prepared for a run.

Layout and form: https://github.com/pulumi/pulumi/blob/master/pkg/backend/diy/store.go and
https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/core.go (VersionedCheckpoint).
"""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from kusion_dsl.engine.atomic_file import replacing
from kusion_dsl.engine.process import is_alive
from kusion_dsl.engine.values import shown
from kusion_dsl.engine.workspace import ORGANIZATION, qualified_name, stack_name
from kusion_dsl.errors import DamagedError, EngineError, NewerFormatError
from kusion_dsl.model.identity import StackRef

_NEWEST = 4
"""The newest version of the form that is known here."""


class Checkpoints(Protocol):
    """Where a backend keeps the state of its stacks."""

    def where(self, ref: StackRef) -> str:
        """The place of a stack's state, for people."""

    def read(self, ref: StackRef) -> bytes | None:
        """The state of a stack, None if it was never applied."""

    def write(self, ref: StackRef, content: bytes) -> None:
        """Replace the state of a stack."""

    def lock_holder(self, ref: StackRef) -> str:
        """Who holds Pulumi's lock of a stack, for people; empty if nobody does.

        A lock whose holder was a process of this host and is gone is removed, and so is what is no lock because the
        disk was full while it was written: Pulumi would fail to read it.
        """


class FileCheckpoints:
    """The state below a directory, the root of a ``file://`` backend."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def where(self, ref: StackRef) -> str:
        """The path of the file."""
        return str(self._existing(ref) or self._path(ref))

    def read(self, ref: StackRef) -> bytes | None:
        """The content of the file, decompressed. Raises DamagedError, EngineError."""
        path = self._existing(ref)
        if path is None:
            return None
        try:
            content = path.read_bytes()
            return gzip.decompress(content) if path.suffix == ".gz" else content
        except (EOFError, gzip.BadGzipFile) as error:
            raise _damaged(str(path), str(error)) from None
        except OSError as error:
            raise EngineError(f"the state cannot be read: {error.strerror}", where=str(path)) from None

    def write(self, ref: StackRef, content: bytes) -> None:
        """Replace the file atomically, in the form it has."""
        path = self._existing(ref) or self._path(ref)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".gz":
            content = gzip.compress(content)
        with replacing(path) as file:
            file.write(content)

    def lock_holder(self, ref: StackRef) -> str:
        """See :class:`Checkpoints`."""
        locks = self._root / ".pulumi" / "locks" / ORGANIZATION / ref.project / stack_name(ref)
        for unfinished in locks.glob("*.tmp"):
            unfinished.unlink(missing_ok=True)
        holders = [holder for path in sorted(locks.glob("*.json")) if (holder := _holder(path))]
        return ", ".join(holders)

    def _path(self, ref: StackRef) -> Path:
        return self._root / ".pulumi" / "stacks" / ref.project / f"{stack_name(ref)}.json"

    def _existing(self, ref: StackRef) -> Path | None:
        plain = self._path(ref)
        if plain.with_name(f"{plain.name}.zst").exists():
            raise EngineError(
                "the state is compressed with zstd, which is not supported",
                where=f"{plain}.zst",
                hint="run `pulumi refresh` once without PULUMI_DIY_BACKEND_ZSTD",
            )
        candidates = (plain, plain.with_name(f"{plain.name}.gz"))
        return next((path for path in candidates if path.exists()), None)


def _holder(path: Path) -> str:
    try:
        lock = json.loads(path.read_bytes())
        pid, user, host, since = lock["pid"], lock["username"], lock["hostname"], lock["timestamp"]
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, KeyError, TypeError):
        return f"the lock {path}, which cannot be read"
    if host == socket.gethostname() and not is_alive(pid):
        path.unlink(missing_ok=True)
        return ""
    return f"{user}@{host} (process {pid}) since {since}"


def open_checkpoints(backend: str) -> Checkpoints:
    """The state below a backend's URL. Raises EngineError for a kind of backend that there is none for."""
    url = urlsplit(backend)
    if url.scheme != "file":
        raise EngineError(f"a backend of the kind '{url.scheme}' is not supported", where=backend, hint="use file://")
    return FileCheckpoints(Path(unquote(url.netloc + url.path)).expanduser().resolve())


@dataclass(frozen=True)
class Checkpoint:
    """A stack's state, taken apart; ``document`` is what was stored."""

    document: dict[str, Any]

    @property
    def resources(self) -> list[dict[str, Any]]:
        """The resources, providers and the stack's own included, what others need first."""
        latest = self.document["checkpoint"].get("latest") or {}
        return latest.get("resources") or []

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the resources that exist, sorted."""
        return tuple(sorted({name_of(each["urn"]) for each in self.resources if is_ours(each["urn"])}))

    @property
    def outputs(self) -> dict[str, dict[str, Any]]:
        """The outputs of each resource by id, secrets blinded."""
        return {
            name_of(each["urn"]): shown(each.get("outputs") or {})
            for each in self.resources
            if is_ours(each["urn"]) and not each.get("delete")
        }

    @property
    def packages(self) -> set[str]:
        """The packages whose providers it has."""
        types = (type_of(each["urn"]) for each in self.resources)
        return {type.rpartition(":")[2] for type in types if type.startswith("pulumi:providers:")}

    def retain(self, ids: Iterable[str], retained: bool = True) -> list[str]:
        """Mark resources so that Pulumi forgets them instead of deleting them; those whose mark changed."""
        wanted = set(ids)
        changed = []
        for each in self.resources:
            name = name_of(each["urn"])
            if is_ours(each["urn"]) and name in wanted and bool(each.get("retainOnDelete")) != retained:
                each.pop("retainOnDelete", None)
                each.update({"retainOnDelete": True} if retained else {})
                changed.append(name)
        return changed

    def forget_pending_creates(self, packages: Iterable[str]) -> bool:
        """Drop the creates that a killed run left pending, for providers whose Create takes over what it finds."""
        latest = self.document["checkpoint"].get("latest") or {}
        safe = tuple(f"{package}:" for package in packages)
        pending = latest.get("pending_operations") or []
        kept = [
            each
            for each in pending
            if each.get("type") != "creating" or not each.get("resource", {}).get("type", "").startswith(safe)
        ]
        if len(kept) == len(pending):
            return False
        latest["pending_operations"] = kept
        return True

    def to_bytes(self) -> bytes:
        """The stored form."""
        return json.dumps(self.document, separators=(",", ":"), ensure_ascii=False).encode()


def parse(content: bytes, where: str) -> Checkpoint:
    """Take a stored state apart. Raises DamagedError, NewerFormatError."""
    try:
        document = json.loads(content)
    except ValueError as error:
        raise _damaged(where, f"it is not JSON: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("version"), int):
        raise _damaged(where, "it is no checkpoint")
    if document["version"] > _NEWEST:
        raise NewerFormatError("the state was written by a newer Pulumi", where=where, hint="upgrade kusion-dsl")
    if not _is_whole(document.get("checkpoint")):
        raise _damaged(where, "it has no list of resources")
    return Checkpoint(document)


def _is_whole(checkpoint: Any) -> bool:
    latest = checkpoint.get("latest") if isinstance(checkpoint, dict) else 0
    if latest is None:
        return True
    resources = latest.get("resources") if isinstance(latest, dict) else 0
    if resources is None:
        return True
    return isinstance(resources, list) and all(
        isinstance(each, dict) and isinstance(each.get("urn"), str) and each["urn"].count("::") >= 3
        for each in resources
    )


def empty(ref: StackRef) -> Checkpoint:
    """The state of a stack that was never applied."""
    return Checkpoint({"version": 3, "checkpoint": {"stack": qualified_name(ref), "latest": None}})


def private_backend(ref: StackRef, checkpoint: Checkpoint, root: Path) -> str:
    """Make a backend below ``root`` that has nothing but this state; its URL."""
    FileCheckpoints(root).write(ref, checkpoint.to_bytes())
    (root / ".pulumi" / "meta.yaml").write_text("version: 1\n", encoding="utf-8")
    return root.as_uri()


def name_of(urn: str) -> str:
    """The name of the resource, which is the Spec's id."""
    return urn.split("::", 3)[3]


def type_of(urn: str) -> str:
    """The type token of the resource."""
    return urn.split("::", 3)[2].rpartition("$")[2]


def is_ours(urn: str) -> bool:
    """Whether it is a resource of the Spec, not Pulumi's own stack or provider resource."""
    return not type_of(urn).startswith("pulumi:")


def _damaged(where: str, why: str) -> DamagedError:
    return DamagedError(
        f"Pulumi's state of the stack is damaged: {why}",
        where=where,
        hint="nothing was changed; restore it from the .bak file beside it or from .pulumi/backups",
    )
