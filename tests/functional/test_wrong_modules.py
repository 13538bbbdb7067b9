"""Modules that are not there, broken, of the wrong version, or wired in a circle."""

from __future__ import annotations

import importlib.metadata

import pytest

from tests.functional.commandline import SHOP, SHOP_WITH_DATABASE, Kusion, lines
from tests.functional.distributions import ECHO, Distributions

ECHO_IMPORT = "from kusion_echo import Echo\n\n\n"


@pytest.mark.parametrize(
    ("package", "hint"),
    [
        ("kusion_mongo", "pip install kusion-mongo"),
        ("kusion_posgres", "did you mean 'kusion_postgres'? else: pip install kusion-posgres"),
    ],
)
def test_a_module_that_is_not_installed(kusion: Kusion, package: str, hint: str) -> None:
    kusion.stack(f"from {package} import Database\n")
    assert (
        kusion.refused("apply", "-w", "dev", "--yes") == f"error: dev/app.py:6: {package} is not installed\n  {hint}\n"
    )


@pytest.mark.parametrize(
    ("text", "raised", "line"),
    [
        ("import no_such_library\n", "ModuleNotFoundError: No module named 'no_such_library'", 1),
        ("\nraise ValueError('no licence')\n", "ValueError: no licence", 2),
        ("def broken(:\n", "SyntaxError: invalid syntax (__init__.py, line 1)", 1),
        ("raise SystemExit(7)\n", "SystemExit: 7", 1),
        ("def broken():\n    1 / 0\n\n\nbroken()\n", "ZeroDivisionError: division by zero", 5),
    ],
)
def test_a_module_whose_import_fails(
    kusion: Kusion, distributions: Distributions, text: str, raised: str, line: int
) -> None:
    distributions.module(text, "broken")
    kusion.stack("from kusion_broken import Thing\n")
    place = distributions.directory / "kusion-broken/kusion_broken/__init__.py"
    assert kusion.refused("apply", "-w", "dev", "--yes") == lines(
        f"""
        error: dev/app.py:6: the module broken cannot be imported: {raised}
          in {place}:{line}
          from kusion-broken 1.0
          repair or remove it: pip install --force-reinstall kusion-broken
        """
    )


def test_a_broken_module_fails_only_who_uses_it(kusion: Kusion, distributions: Distributions) -> None:
    distributions.module("raise ValueError('no licence')\n", "broken")
    kusion.stack(SHOP_WITH_DATABASE)
    kusion.done("apply", "-w", "dev", "--yes")
    assert set(kusion.live) == set(kusion.generate())
    modules = {
        each["name"]: each["problem"] for each in kusion.done("module", "list", "-o", "json").document["modules"]
    }
    assert modules.pop("broken") == "the module broken cannot be imported: ValueError: no licence"
    assert set(modules.values()) == {""}


def test_two_distributions_that_claim_one_name(kusion: Kusion, distributions: Distributions) -> None:
    ours = importlib.metadata.version("kusion-postgres")
    distributions.install("acme-postgres", "postgres = acme_postgres:postgres", {"acme_postgres.py": ECHO}, "3.1")
    kusion.stack()
    assert kusion.refused("apply", "-w", "dev", "--yes") == lines(
        f"""
        error: module postgres: two distributions claim to be this module: acme-postgres 3.1 and kusion-postgres {ours}
          uninstall one of them: pip uninstall acme-postgres
        """
    )
    listed = kusion.done("module", "list", "-o", "json").document["modules"]
    claims = [(each["distribution"], each["problem"]) for each in listed if each["name"] == "postgres"]
    problem = "another distribution claims to be this module, too"
    assert claims == [("acme-postgres", problem), ("kusion-postgres", problem)]
    assert "acme-postgres 3.1\n" in kusion.done("version").out


@pytest.mark.parametrize("version", [">=9", "0.0.1", "!=0.1.*"])
def test_a_module_of_a_version_that_the_workspace_does_not_allow(kusion: Kusion, version: str) -> None:
    kusion.stack()
    kusion.write({"prod.yaml": f"modules:\n  service:\n    version: '{version}'\n"})
    kusion.done("workspace", "create", "prod", "-f", "prod.yaml")
    [stored] = kusion.home.rglob("prod/00000001.yaml")
    installed = importlib.metadata.version("kusion-service")
    wanted = version if version[0] in "<>!" else f"=={version}"
    assert kusion.refused("apply", "-w", "dev", "--workspace", "prod", "--yes") == lines(
        f"""
        error: {stored}:3:5: kusion-service {installed} is installed, but the workspace allows {version}
          pip install 'kusion-service{wanted}'
        """
    )


def test_a_version_that_is_allowed_is_taken(kusion: Kusion) -> None:
    kusion.stack()
    version = importlib.metadata.version("kusion-service")
    kusion.write({"prod.yaml": f"modules:\n  service:\n    version: '{version}'\n"})
    kusion.done("workspace", "create", "prod", "-f", "prod.yaml")
    kusion.done("apply", "-w", "dev", "--workspace", "prod", "--yes")


def test_references_in_a_circle(kusion: Kusion, distributions: Distributions) -> None:
    distributions.module(ECHO)
    kusion.stack(
        f"""
        {ECHO_IMPORT.strip()}


        class Shop(AppConfiguration):
            first = Echo()
            second = Echo(text=first.said)
            third = Echo(text=f"again: {{second.said}}")
            first = first.override(text=third.said)
        """
    )
    assert kusion.refused("apply", "-w", "dev", "--yes") == lines(
        """
        error: dev/app.py:10: resources depend on each other in a cycle
          v1:ConfigMap:shop:shop-dev-shop-first -> v1:ConfigMap:shop:shop-dev-shop-third -> v1:ConfigMap:shop:shop-dev-shop-second -> v1:ConfigMap:shop:shop-dev-shop-first
          remove one of these references
        """
    )


def test_a_reference_to_itself(kusion: Kusion, distributions: Distributions) -> None:
    distributions.module(ECHO)
    kusion.stack(
        f"{ECHO_IMPORT}class Shop(AppConfiguration):\n    one = Echo()\n    one = one.override(text=one.said)\n"
    )
    assert kusion.refused("generate", "-w", "dev") == lines(
        """
        error: dev/app.py:10: resources depend on each other in a cycle
          v1:ConfigMap:shop:shop-dev-shop-one -> v1:ConfigMap:shop:shop-dev-shop-one
          remove one of these references
        """
    )


def test_outputs_in_a_circle_without_any_resource(kusion: Kusion, distributions: Distributions) -> None:
    distributions.module(ECHO.replace('said=resource["data.text"]', "said=echo.text"))
    kusion.stack(
        f"{ECHO_IMPORT}class Shop(AppConfiguration):\n    a = Echo()\n    b = Echo(text=a.said)\n    a = a.override(text=b.said)\n"
    )
    error = kusion.refused("generate", "-w", "dev")
    assert (
        "outputs refer to each other in a cycle: shop.b -> shop.a -> shop.b\n  remove one of these references\n"
        in error
    )


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (
            "    yield resource\n",
            "    yield resource\n    {}['port']\n",
            """
            error: dev/app.py:10: the module echo failed: KeyError: 'port'
              in echo ({place}:26)
              this is a defect of kusion-echo 1.0; tell its authors
            """,
        ),
        (
            "    yield resource\n",
            "    yield said\n",
            """
            error: dev/app.py:10: the module echo yields dict, not Resource, Patch or Outputs
              this is a defect of kusion-echo 1.0; tell its authors
            """,
        ),
        (
            "    yield Outputs",
            "    if not echo.text:\n        raise ValueError('there is nothing to say')\n    yield Outputs",
            "error: dev/app.py:10: there is nothing to say\n",
        ),
        (
            "said=resource",
            "siad=resource",
            """
            error: dev/app.py:10: the module echo gives the output 'siad', which its schema does not declare
              did you mean 'said'?
            """,
        ),
        (
            '    yield Outputs(said=resource["data.text"])\n',
            "",
            """
            error: dev/app.py:10: the module echo declares the output 'said', but does not give it
              this is a defect of kusion-echo 1.0; tell its authors
            """,
        ),
    ],
)
def test_a_module_that_misbehaves(kusion: Kusion, distributions: Distributions, old: str, new: str, error: str) -> None:
    assert old in ECHO
    distributions.module(ECHO.replace(old, new))
    kusion.stack(f"{ECHO_IMPORT}class Shop(AppConfiguration):\n    one = Echo()\n")
    place = distributions.directory / "kusion-echo/kusion_echo/__init__.py"
    assert kusion.refused("apply", "-w", "dev", "--yes") == lines(error).format(place=place)


def test_a_component_that_no_module_takes(kusion: Kusion, distributions: Distributions) -> None:
    distributions.install("kusion-echo", "other = kusion_other:other", {"kusion_echo.py": ECHO})
    kusion.stack(f"{ECHO_IMPORT}class Shop(AppConfiguration):\n    one = Echo()\n")
    assert kusion.refused("apply", "-w", "dev", "--yes") == lines(
        """
        error: dev/app.py:10: no installed module takes Echo
          the package kusion_echo has no entry point in the group kusion.modules for it
        """
    )


def test_two_producers_of_one_resource(kusion: Kusion) -> None:
    kusion.stack(SHOP + "    orders = Postgres(version='16')\n    stock = Postgres(version='16')\n")
    kusion.write({"prod.yaml": "modules:\n  postgres:\n    configs: {default: {databaseName: shared}}\n"})
    kusion.done("workspace", "create", "prod", "-f", "prod.yaml")
    error = kusion.refused("apply", "-w", "dev", "--workspace", "prod", "--yes")
    version = importlib.metadata.version("kusion-postgres")
    assert error.startswith(
        "error: dev/app.py:9: kusion:index:RandomPassword:shared is made twice: "
        f"by shop.orders (kusion-postgres {version}) and by shop.stock (kusion-postgres {version})\n"
        "  give one of the accessories, or one of the applications, another name\n"
    )
