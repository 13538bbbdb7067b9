"""``kusion module init`` and ``kusion module readme``: what an author of modules begins with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.functional.commandline import Kusion
from tests.functional.distributions import Distributions

NAMES = [("redis", "redis"), ("zebra", "zebra"), ("a1", "a1"), ("my-cache", "my_cache"), ("x" * 30, "x" * 30)]
SCRIPTS = Path(sys.executable).parent


def run(*command: str, directory: Path) -> None:
    """Run what must succeed, as somebody would in that directory."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("name", "module"), NAMES)
def test_a_new_module_is_in_order_at_once(kusion: Kusion, name: str, module: str) -> None:
    out = kusion.done("module", "init", name, "new").out
    assert f"  new/kusion_{module}/schema.py\n" in out
    assert out.endswith(f"The module {module} is in new. Next:\n  pip install --editable new && pytest new\n")
    place = kusion.root / "new"
    run(str(SCRIPTS / "ruff"), "check", "--no-cache", ".", directory=place)
    run(str(SCRIPTS / "ruff"), "format", "--no-cache", "--check", ".", directory=place)


def test_the_tests_of_a_new_module_pass_at_once(kusion: Kusion) -> None:
    kusion.done("module", "init", "redis")
    place = kusion.root / "kusion-redis"
    run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", directory=place)
    run(sys.executable, "-m", "mypy", "--cache-dir", os.devnull, ".", directory=place)


def test_a_new_module_has_all_that_a_package_has(kusion: Kusion) -> None:
    kusion.done("module", "init", "redis")
    place = kusion.root / "kusion-redis"
    assert sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()) == [
        ".github/workflows/ci.yaml",
        ".gitignore",
        "README.md",
        "kusion_redis/__init__.py",
        "kusion_redis/module.py",
        "kusion_redis/py.typed",
        "kusion_redis/schema.py",
        "pyproject.toml",
        "tests/goldens/test_what_it_makes.yaml",
        "tests/test_redis.py",
    ]
    project = (place / "pyproject.toml").read_text()
    assert '[project.entry-points."kusion.modules"]\nredis = "kusion_redis.module:redis"\n' in project


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("Redis", "error: 'Redis' is no name for a module\n  use lower-case letters"),
        ("1st", "error: '1st' is no name for a module\n"),
        ("re--dis", "error: 're--dis' is no name for a module\n"),
        (f"{'x' * 31}", f"error: the name '{'x' * 31}' has 31 characters\n  use at most 30\n"),
        ("class", "error: the name 'class' means something else in a module\n  choose another\n"),
        ("match", "error: the name 'match' means something else in a module\n"),
        ("module", "error: the name 'module' means something else in a module\n"),
        ("resource", "error: the name 'resource' means something else in a module\n"),
        ("dsl", "error: the name 'dsl' means something else in a module\n"),
    ],
)
def test_names_that_cannot_be_a_modules(kusion: Kusion, name: str, error: str) -> None:
    assert kusion.refused("module", "init", name).startswith(error)


def test_a_new_module_needs_an_empty_directory(kusion: Kusion) -> None:
    kusion.write({"kusion-redis/README.md": "mine\n"})
    assert kusion.refused("module", "init", "redis") == (
        "error: kusion-redis: this directory is not empty\n  choose another, or empty it\n"
    )


def test_templates_of_modules_are_none_of_projects(kusion: Kusion) -> None:
    assert "module" not in [line.split()[0] for line in kusion.done("init", "--list").out.splitlines()]
    assert kusion.refused("init", "new", "--template", "module").startswith("error: there is no template 'module'\n")


MODULE = '''\
from kusion_dsl.module import Accessory, Context, Generated, PlatformConfig, module


class Quiet(Accessory):
    """Says nothing."""

    volume: int = 0
    """How loud it is."""


class QuietPlatform(PlatformConfig):
    """Nothing to decide."""


@module
def quiet(quiet: Quiet, platform: QuietPlatform, ctx: Context) -> Generated:
    """Says nothing."""
    yield from ()
'''
PYPROJECT = '[project]\nname = "kusion-quiet"\n[project.entry-points."kusion.modules"]\nquiet = "kusion_quiet:quiet"\n'


@pytest.fixture
def quiet(distributions: Distributions) -> Path:
    """A package with an installed module, and a README without tables."""
    distributions.module(MODULE, "quiet")
    place = distributions.directory / "kusion-quiet"
    (place / "pyproject.toml").write_text(PYPROJECT)
    (place / "README.md").write_text("# Quiet\n")
    return place


def test_the_tables_are_written_and_then_checked(kusion: Kusion, quiet: Path) -> None:
    readme = quiet / "README.md"
    assert kusion.done("module", "readme", str(quiet)).out == f"  {readme}\n"
    assert "| `volume` | integer | `0` | How loud it is. |" in readme.read_text()
    assert kusion.done("module", "readme", "--check", str(quiet)).out == f"  {readme} is as it should be\n"
    readme.write_text(readme.read_text().replace("How loud", "How quiet"))
    assert kusion.refused("module", "readme", "--check", str(quiet)) == (
        f"error: {readme}: its tables are not what the models say\n  run: kusion module readme {quiet}\n"
    )
    kusion.done("module", "readme", str(quiet))
    assert "How loud" in readme.read_text()


def test_everything_that_is_wrong_is_told(kusion: Kusion, quiet: Path) -> None:
    kusion.write(
        {
            "empty/README.md": "",
            "toml/pyproject.toml": "= 1\n",
            "library/pyproject.toml": "[project]\nname = 'a'\n",
            "other/pyproject.toml": PYPROJECT,
            "unknown/pyproject.toml": PYPROJECT.replace("quiet =", "queit ="),
        }
    )
    error = kusion.refused("module", "readme", "empty", "toml", "library", "other", "unknown")
    assert "empty/pyproject.toml: it cannot be read: No such file or directory" in error
    assert "toml/pyproject.toml: this is no pyproject.toml: " in error
    assert "library/pyproject.toml: one entry point in the group kusion.modules is needed, and there is none" in error
    assert (
        "the installed module quiet is not the one in other\n  install that one: pip install --editable other" in error
    )
    assert "the module queit is not installed\n  did you mean 'quiet'?" in error


def test_a_readme_with_one_comment_alone(kusion: Kusion, quiet: Path) -> None:
    (quiet / "README.md").write_text("<!-- kusion module readme: begin -->\n")
    error = kusion.refused("module", "readme", str(quiet))
    assert error.startswith(f"error: {quiet / 'README.md'}: one of the two comments around the tables is missing\n")


WITH_A_JOB = """\
from kusion_dsl import AppConfiguration
from kusion_job import Container, Job
from kusion_redis import Redis


class Shop(AppConfiguration):
    cache = Redis()
    workload = Job(containers={"main": Container(image="shop:1")})
"""


@pytest.mark.parametrize(
    "app", [WITH_A_JOB, WITH_A_JOB.replace("})\n", '}, schedule="@daily")\n')], ids=["a job", "a cron job"]
)
def test_a_new_module_refuses_what_it_cannot_serve(kusion: Kusion, distributions: Distributions, app: str) -> None:
    kusion.done("module", "init", "redis", "new")
    place = kusion.root / "new"
    code = {str(path.relative_to(place)): path.read_text() for path in (place / "kusion_redis").glob("*.py")}
    distributions.install("kusion-redis", "redis = kusion_redis.module:redis", code, "0.1.0")
    kusion.write({"project.yaml": "name: shop\n", "dev/stack.yaml": "name: dev\n", "dev/app.py": app})
    assert kusion.refused("generate", "-w", "dev") == (
        "error: dev/app.py:7: a Service needs a workload that keeps running\n"
        "  give the application a workload, one that is no job\n"
    )
