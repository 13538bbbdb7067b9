"""What a run is about, who runs it, and from what: the stack, the actor, the source and the modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class StackRef(NamedTuple):
    """What a release, a lease and Pulumi's state are about: a stack of a project in a workspace."""

    project: str
    stack: str
    workspace: str

    def __str__(self) -> str:
        return f"{self.project}/{self.stack} in workspace {self.workspace}"


class Actor(NamedTuple):
    """Who ran: the user, the host, the process, and the CI run if it was one."""

    user: str
    host: str
    pid: int
    ci: str = ""

    def __str__(self) -> str:
        return self.ci or f"{self.user}@{self.host}"

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        return {"user": self.user, "host": self.host, "pid": self.pid, **({"ci": self.ci} if self.ci else {})}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Actor:
        """The inverse of :meth:`to_json`."""
        return cls(document["user"], document["host"], document["pid"], document.get("ci", ""))


class Revision(NamedTuple):
    """The source that was compiled: the git commit, whether the work tree differed, and the remote or path."""

    origin: str
    commit: str = ""
    dirty: bool = False

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        return {"origin": self.origin, **({"commit": self.commit, "dirty": self.dirty} if self.commit else {})}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Revision:
        """The inverse of :meth:`to_json`."""
        return cls(document["origin"], document.get("commit", ""), document.get("dirty", False))


class ModuleVersion(NamedTuple):
    """A module that took part: its name, and the distribution and version that provided it."""

    name: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"
