"""Projects, stacks and files that cannot be used."""

from __future__ import annotations

import pytest

from tests.functional.commandline import SHOP, Kusion, lines

DNS = "is not a DNS label: use lower-case letters, digits and '-', with a letter or digit at both ends"


@pytest.mark.parametrize(
    ("file", "text", "error"),
    [
        (
            "project.yaml",
            "nmae: shop\n",
            """
            error: project.yaml:1:1: name: is required
            error: project.yaml:1:1: nmae: unknown field, did you mean 'name'?
            """,
        ),
        ("project.yaml", "name: Shop\n", f"error: project.yaml:1:1: name: the name {DNS}\n"),
        (
            "project.yaml",
            f"name: {'s' * 64}\n",
            "error: project.yaml:1:1: name: the name has 64 characters, at most 63 fit\n",
        ),
        (
            "project.yaml",
            "- shop\n",
            "error: project.yaml:1:1: project.yaml: Input should be a valid dictionary or instance of Project\n",
        ),
        (
            "project.yaml",
            "name: [shop\n",
            "error: project.yaml:2:1: this is not YAML: did not find expected ',' or ']'\n",
        ),
        (
            "dev/stack.yaml",
            "name: dev.1\nlabels: {}\nworkpsace: prod\n",
            f"""
            error: dev/stack.yaml:1:1: name: the name {DNS}
            error: dev/stack.yaml:3:1: workpsace: unknown field, did you mean 'workspace'?
            """,
        ),
        (
            "dev/stack.yaml",
            "name: dev\nname: prod\n",
            "error: dev/stack.yaml:2:1: the key 'name' occurs twice\n  remove one of them\n",
        ),
        (
            "project.yaml",
            "name: shop\nextensions:\n- kind: kubernetesNamespace\n  kubernetesNamespace: {namespace: My_Shop}\n",
            f"error: project.yaml:4:25: extensions[0].kubernetesNamespace.namespace: the name {DNS}\n",
        ),
    ],
)
def test_a_project_file_that_is_wrong(kusion: Kusion, file: str, text: str, error: str) -> None:
    kusion.stack()
    kusion.write({file: text})
    assert kusion.refused("apply", "-w", "dev", "--yes") == lines(error)


@pytest.mark.parametrize("directory", ["nowhere", "dev/app.py"])
def test_a_directory_that_is_no_stack(kusion: Kusion, directory: str) -> None:
    kusion.stack()
    assert kusion.refused("apply", "-w", directory, "--yes") == lines(
        f"""
        error: {directory}: this is not the directory of a stack: it has no stack.yaml
          go to a stack's directory, name one with -w, or begin a project with `kusion init`
        """
    )


def test_the_directory_of_a_project_names_its_stacks(kusion: Kusion) -> None:
    kusion.stack(name="dev")
    kusion.stack(name="prod")
    assert kusion.refused("preview") == lines(
        """
        error: .: this is not the directory of a stack: it has no stack.yaml
          choose a stack below it with -w dev (or prod)
        """
    )


def test_a_stack_without_a_project(kusion: Kusion) -> None:
    kusion.stack()
    (kusion.root / "project.yaml").unlink()
    assert kusion.refused("preview", "-w", "dev") == lines(
        """
        error: dev: this stack belongs to no project: there is no project.yaml here or above
          write a project.yaml with the line 'name: <project>' into the directory above
        """
    )


def test_a_stack_without_an_app(kusion: Kusion) -> None:
    kusion.stack()
    (kusion.root / "dev/app.py").unlink()
    assert kusion.refused("preview", "-w", "dev") == lines(
        """
        error: dev: this stack has no app.py
          write one, or have a look at what `kusion init` makes
        """
    )


@pytest.mark.parametrize(
    ("file", "place"),
    [("dev/app.py", "dev/app.py:2:8"), ("project.yaml", "project.yaml:2:8"), ("base.py", "base.py:2:8")],
)
def test_a_file_that_is_not_utf_8(kusion: Kusion, file: str, place: str) -> None:
    kusion.stack()
    if file == "base.py":
        kusion.write({"dev/app.py": "from ..base import Shop\n"})
    (kusion.root / file).write_bytes(b"# one\nname: '\xe4'\n")
    assert kusion.refused("preview", "-w", "dev") == lines(
        f"""
        error: {place}: this is not UTF-8 text
          save the file as UTF-8
        """
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "from ..bsae import Shop\n",
            """
            error: dev/app.py:1: this import fails: No module named 'bsae'
              did you mean 'base'?
            """,
        ),
        (
            "from ..other.things import Shop\n",
            """
            error: dev/app.py:1: this import fails: No module named 'other'
              there is no other.py in .
            """,
        ),
        (
            "from ..base import Shpo\n",
            """
            error: dev/app.py:1: this import fails: cannot import name 'Shpo' from 'base'
              did you mean 'Shop'?
            """,
        ),
        (
            "import no_such_library\n",
            """
            error: dev/app.py:1: this import fails: No module named 'no_such_library'
              install it, or correct the name
            """,
        ),
    ],
)
def test_an_import_that_fails(kusion: Kusion, text: str, error: str) -> None:
    kusion.stack()
    kusion.write({"base.py": "class Shop: pass\n", "dev/app.py": text})
    assert kusion.refused("preview", "-w", "dev") == lines(error)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ("--set", "tga=2"),
            """
            error: --set tga: there is no option 'tga'
              did you mean 'tag'?
            """,
        ),
        (
            ("-D", "colour=red"),
            """
            error: --set colour: there is no option 'colour'
              options of this stack: copies, debug, tag
            """,
        ),
        (
            ("-D", "copies=two", "-D", "debug=perhaps"),
            """
            error: dev/app.py:9: option 'copies' is 'two', not a whole number
              set it like --set copies=2
            error: dev/app.py:12: option 'debug' is 'perhaps', not a boolean
              use true or false
            """,
        ),
    ],
)
def test_an_option_that_there_is_not_or_of_a_wrong_type(kusion: Kusion, arguments: tuple[str, ...], error: str) -> None:
    kusion.stack(
        """
        class Shop(AppConfiguration):
            workload = Service(
                containers={"web": Container(image=f"shop:{option('tag', default='1')}")},
                replicas=option("copies", default=2),
            )

        debug = option("debug", default=False)
        """
    )
    assert kusion.refused("generate", "-w", "dev", *arguments) == lines(error)


@pytest.mark.parametrize("text", ["tag", "=2"])
def test_an_option_that_is_no_assignment_is_an_error_of_the_command_line(kusion: Kusion, text: str) -> None:
    kusion.stack()
    result = kusion("generate", "-w", "dev", "--set", text)
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        f"error: Invalid value for --set: '{text}' is not of the form NAME=VALUE\n  see `kusion generate --help`\n"
    )


def test_what_an_app_prints_is_no_part_of_the_result(kusion: Kusion) -> None:
    kusion.stack(f"print('loading')\n{SHOP}")
    result = kusion.done("generate", "-w", "dev", "-o", "json")
    assert "loading" in result.err
    assert [each["id"] for each in result.document["resources"]] == [
        "v1:Namespace:shop",
        "apps/v1:Deployment:shop:shop-dev-shop",
    ]


def test_everything_that_is_wrong_with_all_files_is_told(kusion: Kusion) -> None:
    kusion.stack("from ..base import Base\n\n\nclass Shop(Base):\n    two = Network(prots=[])\n")
    kusion.write(
        {
            "base.py": "from kusion_dsl import AppConfiguration\nfrom kusion_postgres import Postgres\n\n\nclass Base(AppConfiguration, abstract=True):\n    one = Postgres(version='x')\n"
        }
    )
    error = kusion.refused("generate", "-w", "dev")
    assert "error: base.py:6: Postgres is not valid\n" in error
    assert "error: dev/app.py:10: Network is not valid\n  prots: unknown field, did you mean 'ports'?\n" in error
