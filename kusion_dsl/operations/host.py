"""What operations need from the machine they run on; a test gives them another one."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kusion_dsl.model.identity import Actor, Revision
from kusion_dsl.model.masking import Mask
from kusion_dsl.storage.clock import Clock, SystemClock, timestamp
from kusion_dsl.storage.home import Home
from kusion_dsl.storage.store import Store, open_store
from kusion_dsl.storage.workspaces import Workspaces

if TYPE_CHECKING:  # imported when used: `kusion generate` needs none of them
    from kusion_dsl.engine.acquisition import InstallReport
    from kusion_dsl.engine.run import Engine
    from kusion_dsl.storage.leases import Leases
    from kusion_dsl.storage.releases import Releases
    from kusion_dsl.storage.states import States


@dataclass(frozen=True)
class Host:
    """A machine: what we keep there, its environment variables, its clock, who runs, and how to get an engine.

    ``backend`` is the name or the URL of the backend where it is not the configured one. ``mask`` knows the secrets of
    the run: whatever is shown or stored passes it. ``waiting``, if there is one, is told what a run waits for.
    """

    home: Home
    environment: Mapping[str, str]
    actor: Actor
    clock: Clock
    engine: Callable[[], Engine]
    backend: str = ""
    mask: Mask = field(default_factory=Mask)
    waiting: Callable[[str], None] | None = None

    @cached_property
    def backend_url(self) -> str:
        """The backend's URL: that of the chosen one, else of the configured one. Raises StorageError.

        It stays the same for the whole run, whatever becomes of the configuration meanwhile.
        """
        return self.home.backend(self.backend)

    @cached_property
    def store(self) -> Store:
        """The backend's store. Raises StorageError."""
        return open_store(self.backend_url)

    @cached_property
    def releases(self) -> Releases:
        """The releases in the backend; what was read of them once is not read again."""
        from kusion_dsl.storage.releases import Releases

        return Releases(self.store)

    @property
    def workspaces(self) -> Workspaces:
        """The workspaces in the backend."""
        return Workspaces(self.store)

    @property
    def leases(self) -> Leases:
        """The leases in the backend."""
        from kusion_dsl.storage.leases import Leases

        return Leases(self.store, self.clock, waiting=self.waiting)

    @property
    def states(self) -> States:
        """The states of the stacks in the backend."""
        from kusion_dsl.storage.states import States

        return States(self.store, self.clock)

    def now(self) -> str:
        """The time of day, RFC 3339 in UTC."""
        return timestamp(self.clock.now())

    def revision_of(self, directory: Path) -> Revision:
        """The source revision of a checkout."""
        from kusion_dsl.discovery.checkout import revision_of

        return revision_of(directory)


Installing = Callable[[], AbstractContextManager["InstallReport"]]
"""Shows how far the installation of an engine is, where one is needed."""


def this_host(environment: Mapping[str, str], backend: str, installing: Installing) -> Host:
    """The machine that this process runs on. Nothing is touched until it is needed."""
    home = Home.of(environment)

    def engine() -> Engine:
        from kusion_dsl.engine.binary import ensure
        from kusion_dsl.engine.pulumi_engine import PulumiEngine

        with installing() as report:
            found = ensure(home.path, environment, report)
        return PulumiEngine(found.path, home.path)

    return Host(home, environment, _actor(environment), SystemClock(), engine, backend)


def _actor(environment: Mapping[str, str]) -> Actor:
    """Who runs: what the system says, and what a CI system says of its run and of who began it.

    GitHub Actions, GitLab CI and Jenkins are known by the variables that they document.
    """
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        user = str(os.getuid())
    user = environment.get("GITHUB_ACTOR") or environment.get("GITLAB_USER_LOGIN") or user
    ci = environment.get("GITHUB_RUN_ID") or environment.get("CI_PIPELINE_ID") or environment.get("BUILD_ID") or ""
    return Actor(user, socket.gethostname(), os.getpid(), ci, _page(environment) if ci else "")


def _page(environment: Mapping[str, str]) -> str:
    """The page of a CI run."""
    if "GITHUB_RUN_ID" in environment:
        server, repository, run = (
            environment.get(f"GITHUB_{part}", "") for part in ("SERVER_URL", "REPOSITORY", "RUN_ID")
        )
        return f"{server}/{repository}/actions/runs/{run}" if server and repository else ""
    return environment.get("CI_PIPELINE_URL") or environment.get("BUILD_URL") or ""
