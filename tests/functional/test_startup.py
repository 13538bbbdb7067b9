"""What a command imports before it is needed: nothing heavy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.functional.commandline import Kusion

HEAVY = {"pulumi", "grpc", "pydantic", "yaml", "rich", "jinja2", "jsonpatch", "asyncio"}


def imported(kusion: Kusion, *arguments: str) -> set[str]:
    """Which of the heavy packages a command has imported when it ends."""
    script = (
        "import json, sys\n"
        "from kusion_dsl.cli.main import run\n"
        f"code = run({list(arguments)!r})\n"
        "print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=kusion.root, capture_output=True, text=True, check=True)
    code, modules = json.loads(done.stderr)
    assert code == 0
    assert done.stdout
    return HEAVY & set(modules)


@pytest.mark.parametrize(
    "arguments", [("--help",), ("preview", "--help"), ("release", "show", "--help"), ("completion", "bash")]
)
def test_help_imports_nothing_heavy(kusion: Kusion, arguments: tuple[str, ...]) -> None:
    assert imported(kusion, *arguments) == set()


def test_generate_imports_no_engine_and_no_terminal(kusion: Kusion) -> None:
    kusion.stack()
    assert imported(kusion, "generate", "-w", "dev") <= {"pydantic", "yaml"}


@pytest.mark.parametrize("arguments", [("options",), ("why", "Deployment"), ("release", "list")])
def test_only_runs_import_pulumi(kusion: Kusion, arguments: tuple[str, ...]) -> None:
    kusion.stack()
    assert not imported(kusion, *arguments, "-w", "dev") & {"pulumi", "grpc"}


def test_a_preview_that_asks_nobody_imports_no_more_than_generating(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    backend = (kusion.home / "backend").as_uri()
    assert imported(kusion, "preview", "-w", "dev", "--no-live", "--backend", backend) <= {"pydantic", "yaml"}


def test_a_plugin_of_pydantic_that_is_installed_beside_us_takes_no_part(kusion: Kusion, tmp_path: Path) -> None:
    (tmp_path / "spy.py").write_text("import sys; print('a plugin is here', file=sys.stderr); plugin = None\n")
    metadata = tmp_path / "spy-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: spy\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[pydantic]\nspy = spy:plugin\n")
    kusion.stack()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "KUSION_HOME": str(kusion.home)}
    done = subprocess.run(
        [sys.executable, "-m", "kusion_dsl", "generate", "-w", "dev"],
        cwd=kusion.root,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""


@pytest.mark.parametrize("module", ["kusion_dsl", "kusion_dsl.module", "kusion_dsl.testing", "kusion_dsl.cli.main"])
def test_the_doors_open_without_pulumi(module: str) -> None:
    script = f"import {module}, sys; print([name for name in ('pulumi', 'grpc', 'rich') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
