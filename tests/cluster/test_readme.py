"""The README's section on clusters, as somebody new follows it: everything in it, in order, and nothing else."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.standin.installation import install
from tests.integration.cli.machine import REPOSITORY, SCRIPTS

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
_STEP = re.compile(r"```(console|python|yaml)\n(.*?)```", re.DOTALL)
_ELIDED = "..."


def steps() -> list[tuple[str, str]]:
    """The code blocks of the section by language."""
    [section] = re.findall(r"\n## On a cluster\n(.*?)\n## ", README, re.DOTALL)
    return _STEP.findall(section)


def commands(block: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of a block, each with the lines that it prints as the README has them."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *printed = part.splitlines()
        yield command, printed


@pytest.fixture
def environment(tmp_path: Path, pulumi_cli: Path, control_plane: ControlPlane) -> Iterator[dict[str, str]]:
    """That of somebody with a kubeconfig, whose Pulumi has the plugin already."""
    (tmp_path / "work").mkdir()
    install(tmp_path / "home" / "pulumi")
    yield {
        "PATH": os.pathsep.join(
            [str(SCRIPTS), str(pulumi_cli.parent), str(control_plane.parts["kubectl"].parent), os.defpath]
        ),
        "HOME": str(tmp_path),
        "KUSION_HOME": str(tmp_path / "home"),
        "KUBECONFIG": str(control_plane.kubeconfig),
        "LANG": "C.UTF-8",
    }
    control_plane.kubectl("delete", "namespace", "shop", "--ignore-not-found")


def test_the_section_on_clusters_does_what_it_says(
    tmp_path: Path, environment: dict[str, str], control_plane: ControlPlane
) -> None:
    place = tmp_path / "work"
    for language, block in steps():
        if language == "console":
            for command, printed in commands(block):
                place, said = run(command, place, environment)
                assert shown_in(printed, said), f"$ {command}\n{said}"
        else:
            name, _, text = block.partition("\n")
            (place / name.removeprefix("# ")).write_text(text, encoding="utf-8")

    assert "namespace/shop\n" not in control_plane.kubectl("get", "namespaces", "-o", "name")


def run(command: str, place: Path, environment: dict[str, str]) -> tuple[Path, str]:
    """Run a command line in a shell that is in ``place``; where the shell is then, and what was printed."""
    marked = f"cd {shlex.quote(str(place))} && {command} && printf '\\n%s' \"$PWD\""
    done = subprocess.run(
        ["bash", "-c", marked], env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"
    said, _, place_then = done.stdout.rpartition("\n")
    return Path(place_then), said


def shown_in(printed: list[str], said: str) -> bool:
    """Whether ``said`` is what the README prints, where ``...`` stands for anything."""
    if not printed:
        return True
    pattern = "\n".join(
        re.escape(line).replace(re.escape(_ELIDED), r"[^\n]*") if line != _ELIDED else r".*?" for line in printed
    )
    return re.fullmatch(pattern, said.strip("\n"), re.DOTALL) is not None
