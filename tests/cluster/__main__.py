"""``python -m tests.cluster start|stop|build``: a control plane to point ``kubectl`` or k9s at."""

from __future__ import annotations

import argparse
import shutil

import click

from tests.cluster.control_plane import ControlPlane
from tests.cluster.parts import CACHE, BuildError, build

_DIRECTORY = CACHE / "running"


def main() -> int:
    """Do what the command line says; 1 where it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("action", choices=("build", "start", "stop"))
    action = parser.parse_args().action
    try:
        parts = build(lambda text: click.echo(text, err=True))
        return {"build": lambda plane: 0, "start": _start, "stop": _stop}[action](ControlPlane(_DIRECTORY, parts))
    except (BuildError, RuntimeError) as error:
        click.echo(error, err=True)
        return 1


def _start(plane: ControlPlane) -> int:
    if plane.pids():
        click.echo("it runs already", err=True)
    else:
        shutil.rmtree(_DIRECTORY, ignore_errors=True)
        plane.start()
    click.echo(f"export KUBECONFIG={plane.kubeconfig}")
    return 0


def _stop(plane: ControlPlane) -> int:
    plane.stop()
    shutil.rmtree(_DIRECTORY, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
