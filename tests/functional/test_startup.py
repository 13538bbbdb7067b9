"""What a command imports before it is needed: nothing heavy."""

from __future__ import annotations

import json
import subprocess
import sys

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


@pytest.mark.parametrize("module", ["kusion_dsl", "kusion_dsl.module", "kusion_dsl.testing", "kusion_dsl.cli.main"])
def test_the_doors_open_without_pulumi(module: str) -> None:
    script = f"import {module}, sys; print([name for name in ('pulumi', 'grpc', 'rich') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
