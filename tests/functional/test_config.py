"""``kusion config``: backends by name, as people and programs meet them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.functional.commandline import Kusion

URL = "s3://kusion-state/shop?region=eu-central-1"


@pytest.fixture
def prod(kusion: Kusion) -> Kusion:
    """A machine on which one backend is configured, and another one is used."""
    kusion.done("config", "set", "backends.prod", URL)
    return kusion


def configured(kusion: Kusion) -> str:
    return (kusion.home / "config.yaml").read_text()


def test_there_is_a_backend_without_a_configuration(kusion: Kusion) -> None:
    [listed] = kusion.done("config", "list", "-o", "json").document["backends"]
    path = f"{kusion.home}/backend"
    expected = {"name": "default", "current": True, "type": "local", "configs": {"path": path}, "url": f"file://{path}"}
    assert listed == expected
    assert kusion.done("config", "get", "backends.current").out == "default\n"
    assert not kusion.home.exists()


def test_a_url_becomes_a_backend_that_can_be_chosen_and_left(prod: Kusion) -> None:
    assert prod.done("config", "set", "backends.current", "prod").out == "set backends.current\n"
    listed = prod.done("config", "list").out.splitlines()
    assert [line.split() for line in listed] == [
        ["NAME", "CURRENT", "TYPE", "URL"],
        ["default", "local", f"file://{prod.home}/backend"],
        ["prod", "*", "s3", URL],
    ]
    assert stat.S_IMODE((prod.home / "config.yaml").stat().st_mode) == 0o600
    assert "backend s3://kusion-state" in prod("doctor").out
    prod.done("config", "unset", "backends.current")
    assert prod.done("config", "get", "backends.current").out == "default\n"


def test_a_backend_is_described_field_by_field_as_the_ancestor_has_it(kusion: Kusion) -> None:
    kusion.done("config", "set", "backends.oss.type", "oss")
    for field, value in (("bucket", "state"), ("endpoint", "oss-cn-hangzhou.aliyuncs.com"), ("region", "cn-hangzhou")):
        kusion.done("config", "set", f"backends.oss.configs.{field}", value)
    [_, oss] = kusion.done("config", "list", "-o", "json").document["backends"]
    assert oss["url"] == "s3://state?endpoint=oss-cn-hangzhou.aliyuncs.com&region=cn-hangzhou"
    kusion.done("config", "set", "backends.more.type", "s3")
    kusion.done("config", "set", "backends.more.configs", '{"bucket": "abc", "prefix": "a", "forcePathStyle": true}')
    assert kusion.done("config", "get", "backends.more", "-o", "json").document == {
        "version": 1,
        "key": "backends.more",
        "value": {"type": "s3", "configs": {"bucket": "abc", "prefix": "a", "forcePathStyle": "true"}},
    }
    assert kusion.done("config", "get", "backends.more.configs").out == (
        'bucket: abc\nprefix: a\nforcePathStyle: "true"\n'
    )
    kusion.done("config", "unset", "backends.more.configs.prefix")
    assert kusion.done("config", "get", "backends.more.configs").out == 'bucket: abc\nforcePathStyle: "true"\n'
    kusion.done("config", "unset", "backends.more")
    assert "more" not in configured(kusion)


@pytest.mark.parametrize("backend", ["./elsewhere", "file://./elsewhere"])
def test_a_directory_is_where_it_was_said_to_be(kusion: Kusion, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kusion.stack()
    if "://" in backend:
        kusion.done("config", "set", "backends.near", backend)
    else:
        kusion.done("config", "set", "backends.near.type", "local")
        kusion.done("config", "set", "backends.near.configs.path", backend)
    monkeypatch.chdir(kusion.root / "dev")
    kusion.done("workspace", "create", "prod", "--backend", "near")
    assert (kusion.root / "elsewhere/.kusion/v1/workspaces/prod/00000001.yaml").exists()
    assert [each["name"] for each in kusion.done("workspace", "list", "-o", "json").document["workspaces"]] == [
        "default"
    ]
    kusion.done("config", "set", "backends.current", "near")
    assert "prod" in kusion.done("workspace", "list").out
    assert "prod" not in kusion.done("workspace", "list", "--backend", "default").out


def test_each_backend_has_a_current_workspace(prod: Kusion) -> None:
    prod.done("config", "set", "backends.near", f"file://{prod.root}/near")
    for backend in ("near", "default"):
        prod.done("workspace", "create", "one", "--backend", backend)
    prod.done("workspace", "switch", "one", "--backend", "near")
    current = {
        backend: [
            each["name"]
            for each in prod.done("workspace", "list", "-o", "json", "--backend", backend).document["workspaces"]
            if each["current"]
        ]
        for backend in ("near", f"file://{prod.root}/near", "default")
    }
    assert current == {"near": ["one"], f"file://{prod.root}/near": ["one"], "default": ["default"]}
    assert prod.done("config", "get", "backends.prod.configs.bucket").out == "kusion-state\n"


REFUSED = [
    (("set", "backends.current", "prdo"), "backends.current: there is no backend 'prdo'\n  did you mean 'prod'?"),
    (("set", "backends.prod.configs.regoin", "x"), "unknown key 'regoin'\n  did you mean 'region'?"),
    (("set", "backends.prod.configs.fips", "maybe"), "'fips' is neither true nor false\n  write true or false"),
    (
        ("set", "backends.prod.configs.region", ""),
        "backends.prod.configs.region: 'backends.prod.configs.region' is no text",
    ),
    (("set", "backends.prod.type", "local"), "unknown key 'bucket'"),
    (
        ("set", "backends.prod.type", "gcs"),
        "'gcs' is no type of backends\n  set backends.prod.type to one of local, oss, s3",
    ),
    (
        ("set", "backends.new.configs.bucket", "b"),
        "backends.new.type: the backend has no type\n  set backends.new.type",
    ),
    (("set", "backends.new", "gs://bucket"), "gs:// backends are not supported yet"),
    (("set", "backends.new", "s3://b?x=1"), "'b' is no name of a bucket"),
    (("set", "backends.new", "[1"), "this is not YAML"),
    (("set", "backends.default.configs.path", "/a"), "the backend 'default' is built in"),
    (("set", "backends.My", URL), "the name 'My' is not a DNS label"),
    (
        ("set", "backend.prod", URL),
        "'backend.prod' is no key of the configuration\n  write backends.current, or backends.NAME",
    ),
    (("set", "backends.prod.url", URL), "'backends.prod.url' is no key of the configuration"),
    (("set", "backends.current.type", "s3"), "'backends.current.type' is no key of the configuration"),
    (("set", "workspaces.x", "y"), "'workspaces.x' is no key of the configuration"),
    (("get", "backends.prdo"), "'backends.prdo' is not set\n  did you mean 'prod'?"),
    (("get", "backends.prod.configs.endpoint"), "'backends.prod.configs.endpoint' is not set"),
    (("unset", "backends.nothing"), "'backends.nothing' is not set\n  see `kusion config list`"),
    (("unset", "backends.prod.type"), "backends.prod.type: the backend has no type"),
]


@pytest.mark.parametrize(("arguments", "error"), REFUSED, ids=[" ".join(each[0]) for each in REFUSED])
def test_what_would_not_be_valid_is_refused(prod: Kusion, arguments: tuple[str, ...], error: str) -> None:
    assert error in prod.refused("config", *arguments)


def test_the_current_backend_is_not_taken_away(prod: Kusion) -> None:
    prod.done("config", "set", "backends.current", "prod")
    assert prod.refused("config", "unset", "backends.prod") == (
        "error: backends.prod: 'prod' is the current backend\n"
        "  choose another one first: kusion config set backends.current default\n"
    )
    assert "has no 'bucket'" in prod.refused("config", "unset", "backends.prod.configs.bucket")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("backends.prod.configs.accessKeyID", "canary"),
        ("backends.prod.configs.accessKeySecret", "canary"),
        ("backends.prod.configs.secret_access_key", "canary"),
        ("backends.prod.configs.session_token", "canary"),
        ("backends.prod.configs", "{bucket: abc, accessKeySecret: canary}"),
        ("backends.prod.configs.endpoint", "https://key:canary@store.example"),
        ("backends.new", "s3://key:canary@bucket"),
        ("backends.new", "s3://bucket?secret_key=canary"),
        ("backends.new", "{type: s3, configs: {credentials: {secret: canary}}}"),
    ],
)
def test_credentials_are_never_kept_nor_shown(prod: Kusion, key: str, value: str) -> None:
    error = prod.refused("config", "set", key, value)
    assert "canary" not in error
    assert "\n  " in error


def test_what_cannot_be_written_changes_nothing(prod: Kusion) -> None:
    before = configured(prod)
    (prod.home / "config.yaml").unlink()
    (prod.home / "config.yaml").mkdir()
    assert "is a directory" in prod.refused("config", "set", "backends.current", "prod")
    (prod.home / "config.yaml").rmdir()
    (prod.home / "config.yaml").write_text(before)
    prod.done("config", "set", "backends.current", "prod")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("kusion config get backends.c", {"backends.current"}),
        ("kusion config set backends.prod.t", {"backends.prod.type"}),
        ("kusion config set backends.prod.configs.reg", {"backends.prod.configs.region"}),
        ("kusion config set backends.current p", {"prod"}),
        ("kusion config set backends.current d", {"default"}),
        ("kusion config set backends.new.type o", {"oss"}),
        ("kusion workspace list --backend p", {"prod"}),
    ],
)
def test_names_and_keys_are_completed(prod: Kusion, words: str, expected: set[str]) -> None:
    script = "from kusion_dsl.cli.main import cli; cli(prog_name='kusion')"
    count = str(len(words.split()) - 1)
    environment = {
        "PATH": os.defpath,
        "HOME": str(prod.root),
        "KUSION_HOME": str(prod.home),
        "_KUSION_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": count,
    }
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert {line.partition(",")[2] for line in done.stdout.splitlines()} == expected


def test_the_configuration_is_the_same_for_programs(prod: Kusion, tmp_path: Path) -> None:
    assert json.loads(prod.done("config", "get", "backends.prod.configs.bucket", "-o", "json").out) == {
        "version": 1,
        "key": "backends.prod.configs.bucket",
        "value": "kusion-state",
    }
