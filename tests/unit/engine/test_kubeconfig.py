"""How a cluster is reached, from whatever the user has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kusion_dsl.engine.cluster.kubeconfig import Surroundings, access_of
from kusion_dsl.errors import EngineError
from kusion_dsl.model.reference import Reference
from kusion_dsl.model.target import Target

KUBECONFIG = """\
current-context: dev
contexts:
- {name: dev, context: {cluster: small, user: ada}}
- {name: prod, context: {cluster: large, user: ops}}
clusters:
- {name: small, cluster: {server: 'https://small', certificate-authority: ca.crt}}
- {name: large, cluster: {server: 'https://large'}}
users:
- {name: ada, user: {token: hush}}
- {name: ops, user: {client-certificate: /etc/ops.crt, client-key: keys/ops.key}}
"""


def _none(reference: Reference) -> str:
    raise AssertionError(f"{reference} is not asked for")


def _around(directory: Path, **environment: str) -> Surroundings:
    return Surroundings(directory, environment, directory / "account")


def test_a_relative_path_is_relative_to_the_project_and_paths_in_it_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "access").mkdir()
    (tmp_path / "access" / "config").write_text(KUBECONFIG, encoding="utf-8")

    access = access_of(Target("cluster", kubeconfig="access/config"), _around(tmp_path), _none)

    assert access.cluster == {"server": "https://small", "certificate-authority": str(tmp_path / "access" / "ca.crt")}
    assert access.secrets == ("hush",)


def test_the_context_of_the_target_is_chosen(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(KUBECONFIG, encoding="utf-8")

    access = access_of(Target("cluster", kubeconfig="config", context="prod"), _around(tmp_path), _none)

    assert access.cluster["server"] == "https://large"
    assert access.user == {"client-certificate": "/etc/ops.crt", "client-key": str(tmp_path / "keys/ops.key")}


def test_the_provider_gets_that_context_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(KUBECONFIG, encoding="utf-8")

    document = json.loads(access_of(Target("cluster", kubeconfig="config"), _around(tmp_path), _none).kubeconfig)

    assert [each["cluster"]["server"] for each in document["clusters"]] == ["https://small"]
    assert document["contexts"][0]["name"] == document["current-context"]


def test_its_content_may_be_a_secret(tmp_path: Path) -> None:
    asked = []

    def secret(reference: Reference) -> str:
        asked.append(reference)
        return KUBECONFIG

    access = access_of(Target("cluster", kubeconfig="ref://cluster"), _around(tmp_path), secret)

    assert access.cluster["server"] == "https://small" and len(asked) == 1


def test_without_one_the_files_of_the_variable_are_taken_together_the_first_one_first(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("current-context: prod\nusers: [{name: ops, user: {token: t1}}]\n", encoding="utf-8")
    (tmp_path / "two").write_text(KUBECONFIG, encoding="utf-8")

    access = access_of(Target("cluster"), _around(tmp_path, KUBECONFIG=f"{tmp_path}/one:{tmp_path}/two"), _none)

    assert (access.cluster["server"], access.user) == ("https://large", {"token": "t1"})


def test_in_a_pod_its_own_account_is_taken(tmp_path: Path) -> None:
    (tmp_path / "account").mkdir()
    (tmp_path / "account" / "token").write_text("t", encoding="utf-8")
    pod = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}

    for target in (Target("cluster"), Target("cluster", kubeconfig="in-cluster")):
        access = access_of(target, _around(tmp_path, **pod), _none)
        assert access.cluster["server"] == "https://[fd00::1]:443"
        assert access.user == {"tokenFile": str(tmp_path / "account" / "token")}


@pytest.mark.parametrize(
    ("target", "what"),
    [
        (Target("cluster"), "there is no kubeconfig, and this is no pod of a cluster"),
        (Target("cluster", kubeconfig="missing"), "the kubeconfig cannot be read: No such file or directory"),
        (Target("cluster", kubeconfig="config", context="pord"), "the kubeconfig has no context 'pord'"),
        (Target("cluster", kubeconfig="broken"), "this is no kubeconfig"),
    ],
)
def test_what_is_missing_is_told(tmp_path: Path, target: Target, what: str) -> None:
    (tmp_path / "config").write_text(KUBECONFIG, encoding="utf-8")
    (tmp_path / "broken").write_text("token: {hush", encoding="utf-8")

    with pytest.raises(EngineError) as raised:
        access_of(target, _around(tmp_path), _none)

    assert raised.value.problems[0].what == what
    assert "hush" not in str(raised.value)
