"""The runs that are killed: what was there before, the command, and the one that goes on."""

from __future__ import annotations

from dataclasses import dataclass

WEB = """\
class Shop(AppConfiguration):
    workload = Service(containers={"web": Container(image="shop:1")}, replicas=2)
    ingress = Network(ports=[Port(port=80, target_port=8080)])
"""
CHANGED = WEB.replace("shop:1", "shop:2").replace("port=80,", "port=81,")
SMALLER = "\n".join(WEB.splitlines()[:-1])

APPLY = ("apply", "-w", "dev", "--yes")
DESTROY = ("destroy", "-w", "dev", "--yes")
ROLLBACK = ("rollback", "1", "-w", "dev", "--yes")


@dataclass(frozen=True)
class Scenario:
    """A run that is killed.

    - ``applied``: the apps that were applied before, the oldest first
    - ``app``: what the app says when ``command`` is run; with ``abandoned`` another run of it has died before
    - ``again``: the command that goes on; it is also what makes the run that is not interrupted
    - ``calls``: of the cloud that the command makes
    - ``replacing``: words in the ids of what is replaced where others are updated
    """

    command: tuple[str, ...]
    calls: frozenset[str]
    app: str = WEB
    applied: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    abandoned: bool = False
    replacing: frozenset[str] = frozenset()


_CREATE, _UPDATE, _DELETE = "Cloud.create", "Cloud.update", "Cloud.delete"

SCENARIOS = {
    "first apply": Scenario(APPLY, frozenset((_CREATE,))),
    "update with replacement": Scenario(
        APPLY, frozenset((_CREATE, _UPDATE, _DELETE)), CHANGED, (WEB,), replacing=frozenset(("Deployment",))
    ),
    "apply with a deletion": Scenario(APPLY, frozenset((_DELETE,)), SMALLER, (WEB,)),
    "destroy": Scenario(DESTROY, frozenset((_DELETE,)), applied=(WEB,)),
    "destroy, then apply": Scenario(DESTROY, frozenset((_DELETE,)), applied=(WEB,), again=APPLY),
    "rollback": Scenario(ROLLBACK, frozenset((_UPDATE,)), CHANGED, (WEB, CHANGED)),
    "takeover of an abandoned run": Scenario(APPLY, frozenset((_CREATE,)), abandoned=True),
}
