"""What README.md shows is what there is, and what really happens."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.functional.commandline import Kusion

ROOT = Path(__file__).parents[2]
README = re.sub(
    r"\n## On a cluster\n.*?(?=\n## )", "", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL
)
"""All but the section that is followed on a cluster, in ``tests/cluster``."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def console(command: str) -> str:
    """What the README says that ``command`` prints."""
    [printed] = [block for block in blocks("console") if block.startswith(f"$ {command}\n")]
    return printed.partition("\n")[2]


def test_its_files_are_those_of_the_example() -> None:
    shown = [block for block in blocks("python") if block.startswith("# stacks/")]
    assert len(shown) == 2
    for block in shown:
        name, _, text = block.partition("\n")
        assert (ROOT / name.removeprefix("# ")).read_text(encoding="utf-8") == text


def test_the_example_prints_what_it_says(kusion: Kusion) -> None:
    shutil.copytree(ROOT / "stacks/quickstart", kusion.root / "stacks/quickstart")
    applied = kusion.done("apply", "-w", "stacks/quickstart/dev", "--yes")
    printed = applied.out.replace("3 to create.\n", f"3 to create.\n{applied.err}")
    assert printed == console("kusion apply -w stacks/quickstart/dev --yes")

    app = kusion.root / "stacks/quickstart/dev/app.py"
    app.write_text(app.read_text(encoding="utf-8").replace("replicas=2", "replicas=3"), encoding="utf-8")
    deployment = kusion.engine.live["manifests:.manifests/default/dev"][
        "apps/v1:Deployment:quickstart:quickstart-dev-quickstart"
    ]
    deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = "65Mi"
    assert kusion.done("preview", "-w", "stacks/quickstart/dev").out == console(
        "kusion preview -w stacks/quickstart/dev"
    )


def test_a_mistake_is_told_as_it_says(kusion: Kusion) -> None:
    app = """\
from kusion_dsl import AppConfiguration
from kusion_postgres import Postgres
from kusion_service import Container, Service


class Shop(AppConfiguration):
    \"\"\"The web shop.\"\"\"

    database = Postgres(version="16", type="remote")
    workload = Service(
        containers={
            "web": Container(image="ghcr.io/acme/shop:1.4.2", enviroment={"DATABASE_URL": database.url}),
        },
    )
"""
    kusion.write({"project.yaml": "name: shop\n", "dev/stack.yaml": "name: dev\n", "dev/app.py": app})
    assert kusion.refused("preview", "-w", "dev") == console("kusion preview -w dev")
