"""What docs/operations.md shows is what really happens."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.functional.commandline import DEPLOYMENT, NAMESPACE, Kusion

GUIDE = Path(__file__).parents[2] / "docs" / "operations.md"
BLOCKS = re.findall(r"```console\n\$ kusion (.*?)\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
APP = """\
class Shop(AppConfiguration):
    workload = Service(containers={"web": Container(image="shop:VERSION")}, replicas=2)
    database = Postgres(version="16")
"""
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def edit(kusion: Kusion, version: str) -> None:
    """Somebody writes another version into the app."""
    kusion.stack(APP.replace("VERSION", version))


def apply(kusion: Kusion) -> None:
    """Somebody applies it."""
    kusion.done("apply", "-w", "dev", "--yes")


def save(kusion: Kusion) -> None:
    """Somebody keeps a preview."""
    kusion.done("preview", "-w", "dev", "--save", "shop.plan")


def drift(kusion: Kusion) -> None:
    """Somebody else scales the Deployment and deletes the Namespace."""
    kusion.live[DEPLOYMENT]["spec"]["replicas"] = 9
    del kusion.live[NAMESPACE]


BEFORE: dict[str, Callable[[Kusion], None]] = {
    "preview -w dev": lambda kusion: edit(kusion, "1.5.0"),
    "apply shop.plan -w dev --yes": save,
    "rollback -w dev --yes": apply,
    "drift -w dev": drift,
    "resource list -w dev": apply,
    "resource graph -w dev --changes": lambda kusion: edit(kusion, "1.6.0"),
}
"""What happens between the commands that the guide shows."""


def test_every_command_prints_what_it_says(kusion: Kusion) -> None:
    edit(kusion, "1.4.2")
    apply(kusion)
    for command, expected in BLOCKS:
        if command in BEFORE:
            BEFORE[command](kusion)
        result = kusion(*command.split())
        printed = result.out.replace(str(kusion.root), "/home/ada/shop") or result.err
        assert MOMENT.sub("", printed) == MOMENT.sub("", expected), command


def test_it_shows_what_it_is_about() -> None:
    shown = [command for command, _ in BLOCKS]
    assert BEFORE.keys() <= set(shown)
    assert {command.partition(" ")[0] for command in shown} >= {"preview", "rollback", "drift", "resource", "destroy"}
