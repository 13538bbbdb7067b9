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

    @property
    def pulumi_stack(self) -> str:
        """The name of the stack within its Pulumi project. Neither part has a dot, so it is unambiguous."""
        return f"{self.stack}.{self.workspace}"


class Actor(NamedTuple):
    """Who ran: the user, the host, the process, and the CI run if it was one: its id, and its page if there is one."""

    user: str
    host: str
    pid: int
    ci: str = ""
    url: str = ""

    def __str__(self) -> str:
        return self.ci or f"{self.user}@{self.host}"

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        document: dict[str, Any] = {"user": self.user, "host": self.host, "pid": self.pid}
        return {**document, **{name: text for name, text in (("ci", self.ci), ("url", self.url)) if text}}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Actor:
        """The inverse of :meth:`to_json`."""
        ci, url = document.get("ci", ""), document.get("url", "")
        return cls(document["user"], document["host"], document["pid"], ci, url)


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
    """A module that took part: its name, the distribution and version that provided it, and the digest of its source.

    The digest tells apart what has one version: an editable install, a version that was published twice. It is known
    from when a release is written on, and empty before.
    """

    name: str
    distribution: str
    version: str
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        return self._asdict()

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ModuleVersion:
        """The inverse of :meth:`to_json`."""
        return cls(**document)
