"""Loading leaves no trace: two projects never meet, and Python is left as it was."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kusion_dsl.testing import generate
from tests.functional.commandline import Kusion

BASE = """\
from kusion_dsl import AppConfiguration
from kusion_service import Container, Service


class App(AppConfiguration):
    name = "app"
    workload = Service(containers={{"web": Container(image="{image}")}})
"""


def test_the_base_files_of_two_projects_never_meet(kusion: Kusion) -> None:
    for project in ("one", "two"):
        kusion.stack("", project=project, directory=project)
        kusion.write(
            {f"{project}/base.py": BASE.format(image=project), f"{project}/dev/app.py": "from ..base import App\n"}
        )
    for project in ("one", "two", "one"):
        [deployment] = kusion.done("generate", "-w", f"{project}/dev", "-o", "json").document["resources"][1:]
        assert deployment["attributes"]["spec"]["template"]["spec"]["containers"][0]["image"] == project


def test_a_change_is_seen_by_the_next_load(kusion: Kusion) -> None:
    kusion.stack("")
    kusion.write({"dev/app.py": "from ..base import App\n"})
    digests = set()
    for image in ("a", "b"):
        kusion.write({"base.py": BASE.format(image=image)})
        digests.add(kusion.done("generate", "-w", "dev", "--digest").out)
    assert len(digests) == 2


def test_files_of_the_repository_above_the_project_can_be_imported(kusion: Kusion) -> None:
    (kusion.root / ".git").mkdir()
    kusion.stack("", directory="teams/shop")
    kusion.write(
        {"shared/bases.py": BASE.format(image="shared"), "teams/shop/dev/app.py": "from ....shared.bases import App\n"}
    )
    assert len(kusion.done("generate", "-w", "teams/shop/dev", "-o", "json").document["resources"]) == 2


def test_packages_directories_with_any_name_and_siblings(kusion: Kusion) -> None:
    kusion.stack("", name="eu-1.prod")
    kusion.write(
        {
            "parts/__init__.py": "SIZE = 3\n",
            "parts/bases.py": BASE.format(image="x"),
            "eu-1.prod/stack.yaml": "name: eu-1\n",
            "eu-1.prod/size.py": "from ..parts import SIZE\n",
            "eu-1.prod/app.py": "from .size import SIZE\nfrom ..parts.bases import App\n\n\nclass Big(App):\n"
            "    workload = App.workload.override(replicas=SIZE)\n",
        }
    )
    deployment = kusion.done("generate", "-w", "eu-1.prod", "-o", "json").document["resources"][1]
    assert deployment["attributes"]["spec"]["replicas"] == 3


@pytest.mark.parametrize("app", ["from ..base import App\n", "from ..base import App\n\nraise ValueError\n"])
def test_python_is_left_as_it_was(kusion: Kusion, app: str) -> None:
    kusion.stack("")
    kusion.write({"base.py": BASE.format(image="x"), "dev/app.py": app})
    kusion("generate", "-w", "dev")  # imports the modules that it uses
    before = (list(sys.path), list(sys.meta_path), set(sys.modules), sys.stdout)
    kusion("generate", "-w", "dev")
    assert (list(sys.path), list(sys.meta_path), set(sys.modules), sys.stdout) == before
    assert not list(kusion.root.rglob("__pycache__"))


def test_a_file_named_like_a_library_is_not_taken_for_it(kusion: Kusion) -> None:
    kusion.stack()
    kusion.write({"dev/json.py": "raise AssertionError\n", "json.py": "raise AssertionError\n"})
    with (kusion.root / "dev/app.py").open("a") as app:
        app.write("\nimport json\n\njson.dumps(1)\n")
    assert len(kusion.generate()) == 2


def test_generate_for_tests_is_what_the_command_does(kusion: Kusion) -> None:
    kusion.stack()
    digest = kusion.done("generate", "-w", "dev", "--digest").out.strip()
    assert generate("dev").spec.digest == digest
    assert generate(Path("dev").absolute()).spec.digest == digest
