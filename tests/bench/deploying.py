"""Many Deployments on a cluster of its own, beside what kubectl needs for the same manifests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from kusion_dsl.documents import dump_yaml
from tests.bench.processes import Command, Times
from tests.bench.projects import write_deployments
from tests.bench.row import Row
from tests.cluster.control_plane import ControlPlane
from tests.cluster.parts import build
from tests.cluster.standin.installation import install

_DEPLOYMENTS = 200
_ROUNDS = 2
_NAMESPACE = "bench"
_PATIENCE = "--timeout=1200s"


def rows(kusion: str, pulumi: Path, work: Path) -> Iterator[Row]:
    """Coming up and going, in turns; a round of a few Deployments before, that is not counted, warms everything up."""
    plane = ControlPlane(work / "plane", build(print))
    plane.start()
    try:
        _Bench(kusion, pulumi, plane, work / "warm", 10).round(0)
        bench = _Bench(kusion, pulumi, plane, work / "full", _DEPLOYMENTS)
        rounds = [bench.round(number) for number in range(_ROUNDS)]
    finally:
        plane.stop()
    for name, step, bar in (("apply / kubectl apply and wait", 0, 1.2), ("destroy / kubectl delete namespace", 1, 1.5)):
        ours, theirs = zip(*((round[0][step], round[1][step]) for round in rounds), strict=True)
        yield Row(f"{_DEPLOYMENTS} Deployments of two pods: {name}", Times(ours, theirs), bar=bar)


class _Bench:
    """One project of some Deployments, as kusion and as kubectl take it."""

    def __init__(self, kusion: str, pulumi: Path, plane: ControlPlane, work: Path, deployments: int) -> None:
        self._kusion = kusion
        self._work = work
        self._plane = plane
        self._stack = write_deployments(work, deployments)
        self._manifests = work / "manifests.yaml"
        home = work / "home"
        self._environment = {"KUSION_HOME": str(home), "PATH": f"{pulumi.parent}:/usr/bin:/bin"}
        install(home / "pulumi")
        workspace = work / "workspace.yaml"
        target = {"kind": "cluster", "kubeconfig": str(plane.kubeconfig)}
        workspace.write_text(dump_yaml({"context": {"target": target}}), encoding="utf-8")
        self._run("workspace", "update", "default", "-f", str(workspace))
        spec = json.loads(self._run("generate", "-w", str(self._stack), "-o", "json"))
        objects = [each["attributes"] for each in spec["resources"]]
        self._manifests.write_text("---\n".join(map(dump_yaml, objects)), encoding="utf-8")

    def round(self, number: int) -> tuple[tuple[float, float], tuple[float, float]]:
        """The seconds that coming up and going take: ours, kubectl's. Who is first changes from round to round."""
        sides = [self._ours, self._kubectl]
        took = {side: side() for side in (sides if number % 2 == 0 else reversed(sides))}
        return took[self._ours], took[self._kubectl]

    def _ours(self) -> tuple[float, float]:
        stack = ["--yes", "-w", str(self._stack)]
        return self._command(self._kusion, "apply", *stack), self._command(self._kusion, "destroy", *stack)

    def _kubectl(self) -> tuple[float, float]:
        kubectl = [str(self._plane.parts["kubectl"]), f"--kubeconfig={self._plane.kubeconfig}"]
        waiting = ["wait", "--for=condition=Available", "deployment", "--all", "-n", _NAMESPACE, _PATIENCE]
        applied = self._command(*kubectl, "apply", "--server-side", "-f", str(self._manifests))
        applied += self._command(*kubectl, *waiting)
        return applied, self._command(*kubectl, "delete", "namespace", _NAMESPACE, _PATIENCE)

    def _command(self, *argv: str) -> float:
        return Command(argv, self._work, self._environment).seconds()

    def _run(self, *arguments: str) -> bytes:
        return Command([self._kusion, *arguments], self._work, self._environment).run()
