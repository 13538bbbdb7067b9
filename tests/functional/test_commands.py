"""Commands as people and programs meet them: help, lists, formats, completion, colours, pipes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from kusion_dsl.cli.main import cli
from kusion_dsl.scaffold import templates
from tests.functional.commandline import SHOP, SHOP_WITH_DATABASE, Kusion, lines


def commands(
    command: click.Command = cli, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, as it is typed."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from commands(found, (*path, name))


COMMANDS = dict(commands())


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_help_says_what_it_is_for_and_has_an_example(kusion: Kusion, command: tuple[str, ...]) -> None:
    result = kusion.done(*command, "--help")
    assert result.out == kusion.done(*command, "-h").out
    assert f"  kusion {' '.join(command)}" in result.out.partition("Example")[2]


def test_the_commands_are_those_of_the_design() -> None:
    groups = {
        "release": "list show",
        "workspace": "create list show update switch delete",
        "resource": "list show graph",
        "project": "list",
        "stack": "list",
        "module": "list",
        "engine": "install status env",
        "config": "list get set unset",
    }
    single = "init generate preview apply destroy rollback drift why options doctor version completion"
    expected: set[tuple[str, ...]] = {(name,) for name in single.split()}
    expected |= {(group, name) for group, names in groups.items() for name in names.split()}
    assert expected <= COMMANDS.keys()


@pytest.mark.parametrize(("arguments", "usage"), [((), "kusion"), (("workspace",), "kusion workspace")])
def test_a_group_alone_shows_its_help(kusion: Kusion, arguments: tuple[str, ...], usage: str) -> None:
    result = kusion(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"Usage: {usage} ")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("aply",), "error: there is no command 'aply', did you mean 'apply'?\n  see `kusion --help`\n"),
        (("preview", "--frob"), "error: No such option '--frob'.\n  see `kusion preview --help`\n"),
        (
            ("preview", "-o", "xml"),
            "error: Invalid value for '-o' / '--output': 'xml' is not one of 'table', 'json', 'yaml'.\n  see `kusion preview --help`\n",
        ),
        (
            ("release", "show", "0"),
            "error: Invalid value for '[REVISION]': 0 is not in the range x>=1.\n  see `kusion release show --help`\n",
        ),
    ],
)
def test_a_command_line_that_cannot_be_understood(kusion: Kusion, arguments: tuple[str, ...], error: str) -> None:
    result = kusion(*arguments)
    assert (result.code, result.out, result.err) == (2, "", error)


FORMATTED: list[tuple[str, ...]] = [
    ("preview", "-w", "dev"),
    ("options", "-w", "dev"),
    ("why", "Deployment", "-w", "dev"),
    ("release", "list", "-w", "dev"),
    ("release", "show", "-w", "dev"),
    ("release", "verify", "-w", "dev"),
    ("workspace", "list"),
    ("config", "list"),
    ("config", "get", "backends.default"),
    ("project", "list"),
    ("stack", "list"),
    ("module", "list"),
    ("version",),
    ("doctor",),
    ("engine", "status"),
    ("engine", "env"),
    ("drift", "-w", "dev"),
    ("resource", "list", "-w", "dev"),
    ("resource", "show", "Namespace", "-w", "dev"),
    ("resource", "graph", "-w", "dev"),
    ("apply", "-w", "dev", "--yes"),
    ("rollback", "1", "-w", "dev", "--yes"),
    ("destroy", "-w", "dev", "--yes"),
    ("release", "diff", "-w", "dev"),
]
"""Every command with documents for programs, to be run in this order on a stack that was applied."""


def test_json_and_yaml_say_the_same_and_have_a_version(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    for command in FORMATTED:
        document = kusion(*command, "-o", "json").document
        assert document["version"] == 1, command
        if command[0] != "destroy":  # which changes what it tells
            assert yaml.safe_load(kusion(*command, "-o", "yaml").out) == document, command


def test_every_command_with_documents_was_tried() -> None:
    words = {word for path in COMMANDS for word in path}
    tried = {tuple(word for word in command if word in words) for command in FORMATTED}
    have = {path for path, command in COMMANDS.items() if any(each.name == "output" for each in command.params)}
    assert have - tried == {("generate",), ("workspace", "show")}


def test_lists_for_people(kusion: Kusion) -> None:
    kusion.stack()
    kusion.stack(name="prod")
    kusion.done("apply", "-w", "dev", "--yes")
    assert kusion.done("project", "list").out == "NAME  DIRECTORY  STACKS\nshop  .          dev, prod\n"
    assert kusion.done("stack", "list", "-w", "prod").out == lines(
        """
        PROJECT  STACK  WORKSPACE  DIRECTORY  RELEASE  PHASE
        shop     dev    default    dev        1        succeeded
        shop     prod   default    prod
        """
    )
    header, row = kusion.done("release", "list", "-w", "dev").out.splitlines()
    columns = ["REVISION", "KIND", "PHASE", "CREATED", "TOOK", "RESULT", "BY", "RESOURCES", "SOURCE"]
    assert header.split() == columns
    told = row.split()
    assert told[:3] + told[5:] == ["1", "apply", "succeeded", "+2", "ada@workstation", "2", str(kusion.root)]
    modules = [row.split()[:2] for row in kusion.done("module", "list").out.splitlines()]
    assert modules[0] == ["NAME", "DISTRIBUTION"]
    assert ["service", "kusion-service"] in modules


def test_where_there_is_nothing(tmp_path_factory: pytest.TempPathFactory, kusion: Kusion) -> None:
    assert kusion.done("project", "list").out == "There is no project here.\n"
    assert kusion.done("stack", "list").out == "There is no stack here.\n"
    kusion.stack()
    assert kusion.done("options", "-w", "dev").out == "This stack has no options.\n"


def test_the_life_of_a_workspace(kusion: Kusion) -> None:
    text = "# gold for all\nmodules: {service: {configs: {default: {replicas: 3}}}}\n"
    kusion.write({"prod.yaml": text})
    assert (
        kusion.done("workspace", "create", "prod", "-f", "prod.yaml", "--current").out == "created the workspace prod\n"
    )
    assert kusion.done("workspace", "show").out == text
    assert kusion.done("workspace", "show", "default").out == "{}\n"
    document = kusion.done("workspace", "show", "prod", "-o", "json").document
    assert document == {"modules": {"service": {"configs": {"default": {"replicas": 3}}}}}
    kusion.stack(SHOP.replace(", replicas=2", ""))
    assert kusion.generate()["apps/v1:Deployment:shop:shop-dev-shop"]["attributes"]["spec"]["replicas"] == 3
    assert kusion.done("workspace", "update", "prod", "--rename", "live").out == "updated the workspace live\n"
    assert (
        kusion.done("workspace", "list").out == "NAME     CURRENT  REVISION\ndefault           0\nlive     *        1\n"
    )
    assert kusion.done("workspace", "switch", "default").out == "the current workspace is default\n"
    assert kusion.done("workspace", "delete", "live").out == "deleted the workspace live\n"
    listed = kusion.done("workspace", "list", "-o", "json").document["workspaces"]
    assert listed == [{"name": "default", "current": True, "revision": 0}]


def test_which_workspace_is_used(kusion: Kusion) -> None:
    kusion.stack()
    for name in ("one", "two", "three"):
        kusion.done("workspace", "create", name)

    def used(*arguments: str) -> str:
        return str(kusion.done("preview", "-w", "dev", "-o", "json", *arguments).document["workspace"])

    assert used() == "default"
    kusion.done("workspace", "switch", "one")
    assert used() == "one"
    kusion.write({"dev/stack.yaml": "name: dev\nworkspace: two\n"})
    assert used() == "two"
    assert used("--workspace", "three") == "three"


def test_who_put_a_field_there(kusion: Kusion) -> None:
    kusion.stack(SHOP_WITH_DATABASE)
    version = kusion.done("version", "-o", "json").document["versions"]["kusion-service"]
    assert kusion.done("why", "Deployment:shop:shop-dev-shop", "replicas", "-w", "dev").out == lines(
        f"""
        spec.replicas = 2
          dev/app.py:7 (shop.workload)
          kusion-service {version}
        """
    )
    host = "containers[web].env[KUSION_DB_HOST_SHOP_DEV_SHOP_DATABASE].valueFrom.secretKeyRef.name"
    out = kusion.done("why", "shop-dev-shop", host, "-w", "dev").out
    assert "shop.database" in out.splitlines()[1]
    assert out.splitlines()[0].startswith(f"spec.template.spec.{host} = ")


def test_what_why_does_not_find(kusion: Kusion) -> None:
    kusion.stack()
    assert kusion.refused("why", "Deplyment", "-w", "dev") == lines(
        """
        error: there is no resource 'Deplyment'
          v1:Namespace:shop
          apps/v1:Deployment:shop:shop-dev-shop
          did you mean 'Deployment'?
        """
    )
    assert kusion.refused("why", "shop", "replicas", "-w", "dev").endswith(
        "  apps/v1:Deployment:shop:shop-dev-shop\n  give more of the id\n"
    ) or kusion.done("why", "shop", "-w", "dev").out.startswith("v1:Namespace:shop")
    assert kusion.refused("why", "Deployment", "spec.replcas", "-w", "dev") == lines(
        """
        error: apps/v1:Deployment:shop:shop-dev-shop has no field 'spec.replcas'
          did you mean 'spec.replicas'?
        """
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(kusion: Kusion, shell: str) -> None:
    script = kusion.done("completion", shell).out
    assert f"_KUSION_COMPLETE={shell}_complete" in script or f"_KUSION_COMPLETE={shell}_source" in script


def test_workspaces_are_completed(kusion: Kusion) -> None:
    for name in ("prod", "preview-1"):
        kusion.done("workspace", "create", name)
    script = "import sys; from kusion_dsl.cli.main import cli; cli(prog_name='kusion')"
    environment = {
        **os.environ,
        "KUSION_HOME": str(kusion.home),
        "_KUSION_COMPLETE": "bash_complete",
        "COMP_WORDS": "kusion preview --workspace pr",
        "COMP_CWORD": "3",
    }
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["plain,preview-1", "plain,prod"]


def test_doctor_tells_what_is_wrong_and_what_to_do(kusion: Kusion) -> None:
    kusion.environment["PATH"] = str(kusion.root)
    pulumi = kusion.root / "pulumi"
    pulumi.write_text("#!/bin/sh\necho v3.259.0\n")
    pulumi.chmod(0o755)
    checks = {each["check"]: each for each in kusion("doctor", "-o", "json").document["checks"]}
    assert list(checks)[:7] == ["Python", "engine", "home", "backend", "key", "workspace", "modules"]
    assert checks["engine"]["found"] == f"Pulumi 3.259.0 at {pulumi}"
    assert kusion.done("engine", "status").out == f"Pulumi 3.259.0 at {pulumi} (path)\n"
    kusion.write({"home/config.yaml": "backends: 3"})
    result = kusion("doctor")
    assert result.code == 1
    assert "!!  workspace: " in result.out
    assert "    write `key: value` below it\n" in result.out


@pytest.mark.parametrize("template", [each.name for each in templates()])
def test_every_template_generates_as_it_is(kusion: Kusion, template: str) -> None:
    made = kusion.done("init", "my-shop", "--template", template).out
    assert made.endswith("The project my-shop is in my-shop. Next:\n  kusion preview -w my-shop/dev\n")
    for stack in ("dev", "prod"):
        document = kusion.done("generate", "-w", f"my-shop/{stack}", "-o", "json").document
        assert [each["id"] for each in document["resources"] if each.get("workload")] == [
            f"apps/v1:Deployment:my-shop:my-shop-{stack}-my-shop"
        ]
    kusion.done("apply", "-w", "my-shop/dev", "--yes")


def test_init_lists_its_templates(kusion: Kusion) -> None:
    assert [line.split()[0] for line in kusion.done("init", "--list").out.splitlines()[1:]] == [
        each.name for each in templates()
    ]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("dev",), "error: dev: this directory is not empty\n  choose another, or empty it\n"),
        (("new", "-t", "servcie"), "error: there is no template 'servcie'\n  did you mean 'service'?\n"),
        (
            ("new", "--name", "My.Shop"),
            "error: the name 'My.Shop' of the project is not a DNS label: use lower-case letters, digits and '-', with a letter or digit at both ends\n  give it another one with --name\n",
        ),
        (
            ("project.yaml/new",),
            "error: project.yaml/new: the project cannot be written: Not a directory\n  choose another directory, or make this one writable\n",
        ),
    ],
)
def test_what_init_refuses(kusion: Kusion, arguments: tuple[str, ...], error: str) -> None:
    kusion.stack()
    assert kusion.refused("init", *arguments) == error


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)]
)
def test_colours_are_for_terminals_that_want_them(kusion: Kusion, environment: dict[str, str], coloured: bool) -> None:
    kusion.stack()
    kusion.environment.update(environment)
    assert ("\x1b[" in kusion.done("apply", "-w", "dev", answer="y\n").out) is coloured
    kusion.done("destroy", "-w", "dev", "--yes")
    assert "\x1b[" not in str(kusion.done("apply", "-w", "dev", "--yes"))


def test_output_into_a_pipe_that_is_closed(kusion: Kusion) -> None:
    """As in ``kusion generate | head -1``, where the reader does not wait for the rest: no traceback."""
    kusion.stack()
    command = [sys.executable, "-m", "kusion_dsl", "generate", "-w", "dev"]
    with subprocess.Popen(command, cwd=kusion.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()  # long before anything is printed
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_a_run_at_a_terminal_shows_what_it_does(kusion: Kusion) -> None:
    """On a real pseudo-terminal: the preview, the question, and a line for each resource."""
    kusion.stack()
    script = Path(__file__).with_name("at_a_terminal.py")
    done = subprocess.run([sys.executable, str(script), str(kusion.root)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Apply this to shop/dev in workspace default?" in done.stdout
    assert "created" in done.stdout
    assert "Release 1 of shop/dev in workspace default" in done.stdout
