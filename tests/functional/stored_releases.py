"""Releases of every format, as a kusion-dsl of that time wrote them: ``tests/data/releases/format-<n>``.

A format is frozen once, with the code that writes it, and never changed afterwards; tests find it by its directory::

    python -m tests.functional.stored_releases tests/data/releases/format-<n>
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tests
from kusion_dsl.errors import EngineError
from kusion_dsl.model.identity import StackRef
from kusion_dsl.storage.release_records import ROOT
from tests.functional.commandline import DEPLOYMENT, SHOP, SHOP_WITH_DATABASE, Kusion

CORPUS = Path(tests.__file__).parent / "data" / "releases"
FORMATS = tuple(sorted(int(path.name.removeprefix("format-")) for path in CORPUS.glob("format-*")))

_Phases = Mapping[StackRef, tuple[tuple[str, str], ...]]

SINCE: Mapping[int, _Phases] = {
    1: {
        StackRef("shop", "dev", "default"): (
            ("apply", "succeeded"),
            ("apply", "failed"),
            ("apply", "succeeded"),
            ("apply", "abandoned"),
            ("apply", "succeeded"),
            ("destroy", "succeeded"),
            ("apply", "succeeded"),
        ),
        StackRef("shop", "prod", "eu"): (("apply", "succeeded"), ("apply", "failed")),
        StackRef("shop", "dev", "cluster"): (("apply", "succeeded"), ("destroy", "failed")),
        StackRef("blog", "dev", "default"): (("apply", "succeeded"), ("apply", "applying")),
    },
    2: {
        StackRef("shop", "staging", "default"): (
            ("apply", "succeeded"),
            ("apply", "succeeded"),
            ("rollback", "succeeded"),
        ),
    },
}
"""The stacks that every format from a number on has: the kind of each release, and the last phase it reached."""


def phases(format: int) -> _Phases:
    """The stacks of a format."""
    return {ref: found for since, stacks in SINCE.items() if since <= format for ref, found in stacks.items()}


TAGGED = SHOP.replace('"shop:1"', "f\"shop:{option('tag', default='1')}\"")
SECRET = '"STRIPE_KEY": Secret("stripe", key="api-key"), "GREETING": "Grüße \\u2028 ${user}", "EMPTY": ""'
RICH = SHOP_WITH_DATABASE.replace('image="shop:1"', f'image="shop:1", env={{{SECRET}}}')
OUTPUTS: Mapping[str, Mapping[str, Any]] = {
    DEPLOYMENT: {"status": {"replicas": 2, "note": "größer"}},
    "kusion:index:RandomPassword:shop-dev-shop-database": {"result": "[secret]", "__seed": 1},
}
WORKSPACE = """\
modules:
  service:
    configs:
      default: {replicas: 3}
context: {region: eu-central-1, note: größer}
secretStore: {provider: {env: {}}}
"""


def restored(format: int, root: Path) -> Path:
    """Put the releases of a format into the default backend of a :class:`Kusion` at ``root``; their directory."""
    place = root / "home" / "backend" / ROOT
    shutil.copytree(CORPUS / f"format-{format}", place)
    return place


class _Dies(KeyboardInterrupt):
    """Ends a run as a signal does."""


def make(root: Path) -> Path:
    """Run what leaves the releases of :data:`SINCE`, below ``root``; their directory."""
    kusion = Kusion(root, environment={"STRIPE_API_KEY": "sk-4242-never-stored"}, process=4711)
    os.chdir(root)
    for command in (
        ["init", "--quiet"],
        ["remote", "add", "origin", "git@example.org:acme/shop.git"],
        ["-c", "user.name=ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "--allow-empty", "-m", "shop"],
    ):
        subprocess.run(["git", *command], check=True)
    kusion.write({"eu.yaml": WORKSPACE, "cluster.yaml": "context: {target: cluster}\n"})
    for name in ("eu", "cluster"):
        kusion.done("workspace", "create", name, "-f", f"{name}.yaml")
    kusion.engine.outputs.update(OUTPUTS)
    _dev(kusion)
    _elsewhere(kusion)
    _staging(kusion)
    return kusion.home / "backend" / ROOT


def _dev(kusion: Kusion) -> None:
    kusion.stack(TAGGED)
    _apply(kusion, "-D", "tag=1.5.0")
    kusion.engine.failing.add(DEPLOYMENT)
    assert kusion("apply", "-w", "dev", "--yes", "-D", "tag=1.6.0").code == 1
    kusion.engine.failing.clear()
    _apply(kusion, "-D", "tag=1.6.0")
    kusion.stack(SHOP_WITH_DATABASE)
    _die(kusion, "-w", "dev")
    _apply(kusion)
    kusion.done("destroy", "-w", "dev", "--yes")
    _apply(kusion)


def _elsewhere(kusion: Kusion) -> None:
    kusion.stack(RICH.replace(", replicas=2", ""), name="prod")
    kusion.done("apply", "-w", "prod", "--workspace", "eu", "--yes")
    kusion.stack(RICH.replace("replicas=2", "replicas=5"), name="prod")
    kusion.engine.broken = EngineError("the engine died", hint="run the command again")
    assert kusion("apply", "-w", "prod", "--workspace", "eu", "--yes").code == 1
    kusion.engine.broken = None
    _apply(kusion, "--workspace", "cluster")
    kusion.engine.failing.add(DEPLOYMENT)
    assert kusion("destroy", "-w", "dev", "--workspace", "cluster", "--yes").code == 1
    kusion.engine.failing.clear()
    kusion.stack(project="blog", directory="blog")
    kusion.done("apply", "-w", "blog/dev", "--yes")
    kusion.stack(SHOP_WITH_DATABASE, project="blog", directory="blog")
    _die(kusion, "-w", "blog/dev")


def _staging(kusion: Kusion) -> None:
    for app in (SHOP, SHOP_WITH_DATABASE):
        kusion.stack(app, name="staging")
        kusion.done("apply", "-w", "staging", "--yes")
    kusion.done("rollback", "1", "-w", "staging", "--yes")


def _apply(kusion: Kusion, *arguments: str) -> None:
    kusion.done("apply", "-w", "dev", "--yes", *arguments)


def _die(kusion: Kusion, *arguments: str) -> None:
    dies: Any = _Dies()
    kusion.engine.broken = dies
    assert kusion("apply", "--yes", *arguments).code == 130
    kusion.engine.broken = None


if __name__ == "__main__":
    destination = Path(sys.argv[1]).absolute()
    work = destination.with_name(f".{destination.name}")
    work.mkdir()
    try:
        shutil.copytree(make(work), destination)
    finally:
        shutil.rmtree(work)
