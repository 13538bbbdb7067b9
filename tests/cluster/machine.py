"""A machine of the test's own whose stacks go to the control plane."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.cluster.control_plane import ControlPlane
from tests.cluster.standin.installation import install
from tests.integration.cli.machine import Machine

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass
class ClusterMachine(Machine):
    """``plane`` is its cluster. Its provider is the stand-in unless the environment says ``PROVIDER=real``."""

    plane: ControlPlane = field(kw_only=True)
    suffix: str = field(default_factory=lambda: uuid.uuid4().hex[:6])

    def __post_init__(self) -> None:
        """Give every project a name of this machine's own: the cluster is everybody's."""
        super().__post_init__()
        for path in self.stacks.glob("*/project.yaml"):
            name, _, rest = path.read_text(encoding="utf-8").partition("\n")
            path.write_text(f"{name}-{self.suffix}\n{rest}", encoding="utf-8")
        install(self.home / "pulumi")

    def use(self, target: str = "{kind: cluster, kubeconfig: KUBECONFIG}", rest: str = "") -> None:
        """Let the workspace ``default`` have a target, in which KUBECONFIG is the path of the control plane's."""
        path = self.root / "workspace.yaml"
        text = f"context:\n  target: {target}\n".replace("KUBECONFIG", str(self.plane.kubeconfig))
        path.write_text(text + rest, encoding="utf-8")
        self.kusion("workspace", "update", "default", "-f", str(path))

    def live(self, kind: str, name: str, namespace: str) -> Any:
        """An object as the cluster has it."""
        return json.loads(self.plane.kubectl("get", kind, name, "-n", namespace, "-o", "json"))

    def namespaces(self) -> set[str]:
        """The namespaces of its projects that there are."""
        listed = self.plane.kubectl("get", "namespaces", "-o", "name").split()
        return {each.removeprefix("namespace/") for each in listed if each.endswith(f"-{self.suffix}")}

    def assert_settled(self, stack: str) -> None:
        """Nothing is left to do on a stack, and what is recorded of it is sound."""
        assert [each for each in self.preview(stack)["changes"] if each["operation"] != "same"] == []
        self.kusion("release", "verify", "-w", self.directory(stack))

    def assert_gone(self, stack: str) -> None:
        """A stack can be destroyed, and leaves nothing."""
        self.destroy(stack)
        assert self.namespaces() == set()

    def mark(self) -> int:
        """The place in the audit log up to which it is written now."""
        return self.plane.audit.stat().st_size

    def writes(self, since: int, namespaces: Iterable[str]) -> list[str]:
        """What kusion wrote to some namespaces, or to them themselves, since a :meth:`mark`: verb, kind and name.

        Dry runs write nothing; kubectl is another user of the same name.
        """
        wanted = set(namespaces)
        with self.plane.audit.open(encoding="utf-8") as log:
            log.seek(since)
            events = [json.loads(line) for line in log]
        return [
            f"{event['verb']} {event['objectRef'].get('resource')} {event['objectRef'].get('name', '')}"
            for event in events
            if event["user"]["username"] == "admin"
            and event["verb"] in WRITES
            and "dryRun=" not in event["requestURI"]
            and not event.get("userAgent", "").startswith("kubectl")
            and {_of(event, "namespace"), _of(event, "name")} & wanted
        ]


def users_in(plane: ControlPlane, verb: str, resource: str, namespace: str) -> set[str]:
    """Who did something to the objects of a kind in a namespace."""
    with plane.audit.open(encoding="utf-8") as log:
        events = [json.loads(line) for line in log]
    return {
        event["user"]["username"]
        for event in events
        if (event["verb"], _of(event, "resource"), _of(event, "namespace")) == (verb, resource, namespace)
    }


def _of(event: Mapping[str, Any], key: str) -> str:
    """What an event of the audit log says about its object; those of other requests have none."""
    return str((event.get("objectRef") or {}).get(key, ""))
