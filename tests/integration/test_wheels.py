"""What users install: wheels in an environment of its own, a module from outside of this repository among them."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = str(Path(sysconfig.get_path("scripts")) / "uv")
PACKAGES = (ROOT, ROOT / "modules/service", ROOT / "modules/workload")

APP = """\
from kusion_dsl import AppConfiguration
from kusion_redis import Redis
from kusion_service import Container, Service


class Shop(AppConfiguration):
    cache = Redis()
    workload = Service(containers={"web": Container(image="shop:1", env={"CACHE": cache.host})})
"""


def run(*command: str | Path, directory: Path, environment: Mapping[str, str] | None = None) -> str:
    """The output of what must succeed."""
    own = {
        **{name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")},
        "HOME": pwd.getpwuid(os.getuid()).pw_dir,  # where the user says which registry to use
        **(environment or {}),
    }
    done = subprocess.run(list(map(str, command)), cwd=directory, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Installation:
    """An environment with nothing but wheels, and the wheels of this repository in it."""

    directory: Path
    wheels: Path

    def kusion(self, *arguments: str | Path, directory: Path) -> str:
        """What the installed command prints."""
        home = {"KUSION_HOME": str(self.directory / "kusion-home")}
        return run(self.directory / "bin/kusion", *arguments, directory=directory, environment=home)

    def install(self, *wheels: Path) -> None:
        """Install wheels, and nothing else."""
        python = self.directory / "bin/python"
        run(UV, "pip", "install", "--quiet", "--no-deps", "--python", python, *wheels, directory=self.directory)


def build(package: Path, wheels: Path) -> None:
    """Build the wheel of a package."""
    run(UV, "build", "--quiet", "--wheel", "--out-dir", wheels, package, directory=wheels)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A fresh environment: what the lock file has of others, and wheels of ours."""
    place, wheels = tmp_path_factory.mktemp("environment"), tmp_path_factory.mktemp("wheels")
    sync = ("sync", "--quiet", "--locked", "--no-default-groups", "--no-install-workspace", "--no-python-downloads")
    environment = {"UV_PROJECT_ENVIRONMENT": str(place)}
    run(UV, *sync, "--python", sys.executable, directory=ROOT, environment=environment)
    for package in PACKAGES:
        build(package, wheels)
    made = Installation(place, wheels)
    made.install(*wheels.glob("*.whl"))
    return made


def test_a_module_from_elsewhere_works_once_its_wheel_is_installed(installation: Installation, tmp_path: Path) -> None:
    installation.kusion("module", "init", "redis", directory=tmp_path)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    build(tmp_path / "kusion-redis", wheels)
    installation.install(*wheels.glob("*.whl"))
    listed = installation.kusion("module", "list", "-o", "json", directory=tmp_path)
    assert [each["name"] for each in json.loads(listed)["modules"]] == ["redis", "service"]
    files = {"project.yaml": "name: shop\n", "dev/stack.yaml": "name: dev\n", "dev/app.py": APP}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    spec = json.loads(installation.kusion("generate", "-w", "dev", "-o", "json", directory=tmp_path))
    assert [each["id"] for each in spec["resources"]] == [
        "kusion:index:RandomPassword:shop-dev-shop-cache",
        "v1:Namespace:shop",
        "v1:Secret:shop:shop-dev-shop-env",
        "apps/v1:Deployment:shop:shop-dev-shop",
        "v1:Service:shop:shop-dev-shop-cache",
    ]


def test_a_new_project_is_made_of_the_templates_in_the_wheel(installation: Installation, tmp_path: Path) -> None:
    installation.kusion("init", "shop", directory=tmp_path)
    assert (tmp_path / "shop/dev/app.py").is_file()


def test_the_wheel_has_everything(installation: Installation) -> None:
    [wheel] = installation.wheels.glob("kusion_dsl-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    files = (path for name in ("kusion_dsl", "templates") for path in (ROOT / name).rglob("*") if path.is_file())
    paths = (str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts)
    wanted = {f"kusion_dsl/{path}" if path.startswith("templates/") else path for path in paths}
    assert {"kusion_dsl/engine/recipe/go.mod", "kusion_dsl/templates/service/template.yaml"} <= wanted
    assert wanted - packed == set()
    assert {path for path in packed if not path.startswith("kusion_dsl-")} - wanted == set()
