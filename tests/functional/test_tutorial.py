"""The tutorial in docs/modules.md is true: its files, as they stand there, are a module that works."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.functional.commandline import Kusion
from tests.functional.distributions import Distributions

TUTORIAL = Path(__file__).parents[2] / "docs/modules.md"

APP = """\
from kusion_dsl import AppConfiguration
from kusion_redis.schema import Redis
from kusion_service import Container, Service


class Shop(AppConfiguration):
    cache = Redis(version="8")
    workload = Service(containers={"web": Container(image="shop:1", env={"REDIS_URL": cache.url})})
"""


def files() -> dict[str, str]:
    """The code blocks of the tutorial that name a file in their first line, by that name."""
    text = TUTORIAL.read_text(encoding="utf-8")
    found = re.findall(r"^```(?:python|toml)\n# (\S+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return dict(found)


def test_its_files_are_all_that_a_module_needs(kusion: Kusion, distributions: Distributions) -> None:
    tutorial = files()
    project = tomllib.loads(tutorial["pyproject.toml"])["project"]
    [(name, target)] = project["entry-points"]["kusion.modules"].items()
    code = {path: text for path, text in tutorial.items() if path.startswith("kusion_redis/")}
    assert sorted(code) == ["kusion_redis/module.py", "kusion_redis/schema.py"]
    distributions.install(project["name"], f"{name} = {target}", code, project["version"])
    kusion.write({"project.yaml": "name: shop\n", "dev/stack.yaml": "name: dev\n", "dev/app.py": APP})
    made = kusion.generate()
    assert made["v1:Secret:shop:shop-dev-shop-env"]["attributes"]["stringData"] == {
        "web.REDIS_URL": "redis://:${kusion:index:RandomPassword:shop-dev-shop-cache-redis#result}@shop-dev-shop-cache-redis:6379"
    }
    assert made["v1:Service:shop:shop-dev-shop-cache-redis"]["attributes"]["spec"]["ports"] == [{"port": 6379}]
    [container] = made["apps/v1:Deployment:shop:shop-dev-shop-cache-redis"]["attributes"]["spec"]["template"]["spec"][
        "containers"
    ]
    assert "valueFrom" in container["env"][0]


def test_its_tests_pass(tmp_path: Path) -> None:
    for name, text in files().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
