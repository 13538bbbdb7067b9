"""Workspaces that are not there, or do not say what they may."""

from __future__ import annotations

import pytest

from tests.functional.commandline import Kusion, lines

TYPOS = [
    pytest.param(
        """
        modules:
          postgres:
            confgs:
              default: {size: 3}
        secretstore: {}
        """,
        """
        error: {file}:3:5: modules.postgres.confgs: unknown field, did you mean 'configs'?
        error: {file}:5:1: secretstore: unknown field, did you mean 'secretStore'?
        """,
        id="keys of the workspace",
    ),
    pytest.param(
        """
        modules:
          postgres:
            configs:
              default:
                sze: 3
                size: big
              small:
                projectSelector: [demo-*]
                usrname: ada
        """,
        """
        error: {file}:5:9: module postgres: sze: unknown field, did you mean 'size'?
        error: {file}:6:9: module postgres: size: Input should be a valid integer, unable to parse string as an integer
        error: {file}:9:9: module postgres: usrname: unknown field, did you mean 'username'?
        """,
        id="fields of a module",
    ),
    pytest.param(
        "modules:\n  service:\n    version: newest\n",
        """
        error: {file}:3:5: modules.service.version: 'newest' is neither a version nor a PEP 440 specifier such as '>=0.2,<0.3'
        """,
        id="version",
    ),
    pytest.param(
        "context:\n  target: clster\n",
        """
        error: {file}:2:3: context.target is 'clster', not one of manifests, cluster
          did you mean 'cluster'?
        """,
        id="target",
    ),
    pytest.param(
        "context:\n  target: {kind: manifests, dir: out}\n",
        """
        error: {file}:2:3: context.target: unknown key 'dir'
          did you mean 'directory'?
        """,
        id="key of the target",
    ),
    pytest.param(
        """
        context:
          target:
            kind: manifests
            secrets: extrenal
        """,
        """
        error: {file}:4:5: context.target.secrets is 'extrenal', not one of files, external
          did you mean 'external'?
        """,
        id="what becomes of Secrets",
    ),
    pytest.param(
        "context:\n  target: {kind: manifests, secrets: external}\n",
        """
        error: {file}:2:29: context.target.secrets is 'external', but no store is named
          name the operator's: store: {{name: NAME, kind: ClusterSecretStore}}
        """,
        id="ExternalSecrets without a store",
    ),
    pytest.param(
        "context:\n  target: {kind: manifests, store: {name: vault}}\n",
        """
        error: {file}:2:29: context.target.store is of no use: Secrets are files
          add secrets: external, or remove it
        """,
        id="store without ExternalSecrets",
    ),
    pytest.param(
        """
        context:
          target:
            kind: manifests
            secrets: external
            store:
              nam: Vault
              kind: ClusterStore
              refreshInterval: hourly
        """,
        """
        error: {file}:6:7: context.target.store: unknown key 'nam'
          did you mean 'name'?
        error: {file}:5:5: context.target.store has no name
          write the name of the object, with which the operator was told of the store
        error: {file}:7:7: context.target.store.kind is 'ClusterStore', not one of SecretStore, ClusterSecretStore
          did you mean 'ClusterSecretStore'?
        error: {file}:8:7: context.target.store.refreshInterval: 'hourly' is no duration: write it in hours, minutes and seconds, like 90s, 5m or 1h30m
        """,
        id="store of ExternalSecrets",
    ),
    pytest.param(
        "context:\n  target: {kind: manifests, secrets: external, store: vault}\n",
        """
        error: {file}:2:48: context.target.store must be a mapping
          write {{name: NAME, kind: ClusterSecretStore}}
        """,
        id="store of ExternalSecrets as a text",
    ),
    pytest.param(
        "context:\n  dbPassword: hunter2\n",
        """
        error: {file}:2:3: context.dbPassword looks like a credential in plain text
          keep it in the secret store and write ref://NAME/KEY
        """,
        id="credential",
    ),
    pytest.param(
        "modules: {service: {configs: {large: {replicas: 6}}}}\n",
        """
        error: {file}:1:31: modules.service.configs.large: the block 'large' needs a projectSelector: a list of project names or globs; or a stackSelector, or an appSelector
        """,
        id="block without a selector",
    ),
    pytest.param(
        "modules: {}\nmodules: {}\n",
        """
        error: {file}:2:1: the key 'modules' occurs twice
          remove one of them
        """,
        id="key twice",
    ),
    pytest.param(
        "context:\n  limit: .inf\n",
        """
        error: {file}:1:1: a value cannot be stored exactly: inf is not representable in JCS
          write large numbers as strings
        """,
        id="number that JSON does not have",
    ),
    pytest.param(
        "a: b: c\n", "error: {file}:1:5: this is not YAML: mapping values are not allowed in this context\n", id="YAML"
    ),
]


@pytest.mark.parametrize(("text", "error"), TYPOS)
def test_a_file_with_a_typo_is_not_taken(kusion: Kusion, text: str, error: str) -> None:
    kusion.write({"prod.yaml": lines(text)})
    expected = lines(error).format(file="prod.yaml")
    assert kusion.refused("workspace", "create", "prod", "-f", "prod.yaml") == expected
    kusion.done("workspace", "create", "prod")
    assert kusion.refused("workspace", "update", "prod", "-f", "prod.yaml") == expected


@pytest.mark.parametrize(("text", "error"), TYPOS)
def test_a_stored_workspace_with_a_typo_stops_every_run(kusion: Kusion, text: str, error: str) -> None:
    kusion.stack(
        """
        class Shop(AppConfiguration):
            database = Postgres(version="16")
            workload = Service(containers={"web": Container(image="shop:1")})
        """,
        project="demo-shop",
    )
    kusion.done("workspace", "create", "prod")
    [stored] = kusion.home.rglob("prod/00000001.yaml")
    stored.write_text(lines(text))
    refused = kusion.refused("apply", "-w", "dev", "--workspace", "prod", "--yes")
    assert refused == lines(error).format(file=stored)


def test_two_blocks_that_select_one_project(kusion: Kusion) -> None:
    """Told when the workspace is given, as soon as its selectors cannot but meet."""
    kusion.write(
        {
            "prod.yaml": lines(
                """
                modules:
                  service:
                    configs:
                      large: {projectSelector: [shop], replicas: 6}
                      small: {projectSelector: [shop, report], replicas: 1}
                """
            )
        }
    )
    error = kusion.refused("workspace", "create", "prod", "-f", "prod.yaml")
    assert error.startswith("error: prod.yaml:5:33: ")
    assert "'shop'" in error
    assert "'large'" in error


@pytest.mark.parametrize(
    "command", [("preview", "-w", "dev"), ("apply", "-w", "dev", "--yes"), ("generate", "-w", "dev")]
)
def test_an_unknown_workspace(kusion: Kusion, command: tuple[str, ...]) -> None:
    kusion.stack()
    kusion.done("workspace", "create", "prod")
    backend = f"file://{kusion.home}/backend"
    assert kusion.refused(*command, "--workspace", "prdo") == lines(
        f"""
        error: {backend}: there is no workspace 'prdo'
          did you mean 'prod'? else: create it with `kusion workspace create prdo -f FILE`
        """
    )
    kusion.write({"dev/stack.yaml": "name: dev\nworkspace: elsewhere\n"})
    assert kusion.refused(*command) == lines(
        f"""
        error: {backend}: there is no workspace 'elsewhere'
          create it with `kusion workspace create elsewhere -f FILE`; there are default, prod
        """
    )


def test_a_module_that_is_not_installed_cannot_be_checked_and_is_told(kusion: Kusion) -> None:
    kusion.write({"prod.yaml": "modules:\n  postgress: {}\n  kafka: {}\n"})
    assert kusion.done("workspace", "create", "prod", "-f", "prod.yaml").err == lines(
        """
        warning: prod.yaml:2:3: this is not checked: the module postgress is not installed
          did you mean 'postgres'?
        warning: prod.yaml:3:3: this is not checked: the module kafka is not installed
          pip install kusion-kafka
        """
    )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ("create", "Prod"),
            "error: the name 'Prod' is not a DNS label: use lower-case letters, digits and '-', with a letter or digit at both ends\n  choose another name\n",
        ),
        (
            ("create", "p" * 64),
            f"error: the name '{'p' * 64}' has 64 characters, at most 63 fit\n  choose another name\n",
        ),
        (
            ("create", "prod", "-f", "nowhere.yaml"),
            "error: nowhere.yaml: this cannot be read: no such file or directory\n  correct the path, or let the current user read it\n",
        ),
        (("update",), "error: nothing to update\n  give a file with -f, a new name with --rename, or both\n"),
        (("delete", "default"), "error: the built-in workspace 'default' cannot be deleted\n  it can be updated\n"),
        (
            ("update", "default", "--rename", "main"),
            "error: the built-in workspace 'default' cannot be renamed\n  it can be updated\n",
        ),
    ],
)
def test_what_cannot_be_done_to_a_workspace(kusion: Kusion, arguments: tuple[str, ...], error: str) -> None:
    assert kusion.refused("workspace", *arguments) == error


def test_a_workspace_that_is_there_is_not_created_again(kusion: Kusion) -> None:
    kusion.done("workspace", "create", "prod")
    assert kusion.refused("workspace", "create", "prod") == lines(
        f"""
        error: file://{kusion.home}/backend: there is a workspace 'prod' already
          change it with `kusion workspace update prod`
        """
    )


@pytest.mark.parametrize("arguments", [("delete", "prod"), ("update", "prod", "--rename", "main")])
def test_a_workspace_that_a_stack_lives_in_stays(kusion: Kusion, arguments: tuple[str, ...]) -> None:
    kusion.stack()
    kusion.done("workspace", "create", "prod")
    kusion.done("apply", "-w", "dev", "--workspace", "prod", "--yes")
    done = "deleted" if arguments[0] == "delete" else "renamed"
    assert kusion.refused("workspace", *arguments) == lines(
        f"""
        error: the workspace 'prod' cannot be {done}: shop/dev lives in it
          destroy that stack first
        """
    )
    kusion.done("destroy", "-w", "dev", "--workspace", "prod", "--yes")
    kusion.done("workspace", *arguments)
