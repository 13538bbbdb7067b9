"""Secret stores: the right value, or an error that says what to do and never a value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.documents import dump_yaml
from kusion_dsl.errors import KusionError, SecretError
from kusion_dsl.secrets.stores import SecretStore, open_secret_store

VALUE = "sk_live_51H8xQ"


def env(environment: Mapping[str, str], **settings: Any) -> SecretStore:
    return open_secret_store({"provider": {"env": settings}}, Path("/nowhere"), environment)


def file(directory: Path, path: str = "secrets.yaml") -> SecretStore:
    return open_secret_store({"provider": {"file": {"path": path}}}, directory, {})


def written(path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def refused(store: SecretStore, name: str, key: str = "", version: str = "") -> str:
    with pytest.raises(SecretError) as raised:
        store.get(name, key, version)
    assert VALUE not in str(raised.value)
    assert raised.value.problems[0].where
    assert raised.value.problems[0].hint
    return str(raised.value)


@pytest.mark.parametrize(
    ("name", "key", "variable"),
    [
        ("stripe", "api-key", "STRIPE_API_KEY"),
        ("stripe", "", "STRIPE"),
        ("team/pay.ments", "tls.crt", "TEAM_PAY_MENTS_TLS_CRT"),
        ("straße", "", "STRASSE"),
        ("münze", "", "M_NZE"),
    ],
)
def test_a_variable_is_named_after_the_secret(name: str, key: str, variable: str) -> None:
    assert env({variable: VALUE}).get(name, key, "") == VALUE
    assert env({f"Shop_{variable}": VALUE}, prefix="Shop_").get(name, key, "") == VALUE


@given(st.text(min_size=1, max_size=10), st.text(max_size=10))
def test_any_name_has_a_variable_that_a_shell_can_set(name: str, key: str) -> None:
    with pytest.raises(SecretError) as raised:
        env({}).get(name, key, "")
    variable = str(raised.value.problems[0].what).removeprefix("the variable ").removesuffix(" is not set")
    assert variable.isascii()
    assert variable.replace("_", "A").isalnum()
    assert variable == variable.upper()


def test_a_variable_that_is_not_set_or_empty_is_named() -> None:
    message = refused(env({"STRIPE": ""}), "stripe", "api-key")
    assert "secret 'stripe', key 'api-key', secret store env: the variable STRIPE_API_KEY is not set" in message
    assert "set STRIPE_API_KEY in the environment" in message
    assert "the variable STRIPE is empty" in refused(env({"STRIPE": ""}), "stripe")


def test_the_environment_has_no_versions() -> None:
    assert "no versions" in refused(env({"STRIPE": VALUE}), "stripe", version="2")


@pytest.mark.parametrize("name", ["secrets.yaml", "secrets.json"])
def test_a_file_has_values_by_name_and_key(tmp_path: Path, name: str) -> None:
    content = {"stripe": {"api-key": VALUE, "tls.crt": "é😀\n"}, "lone": "x", "team/pay": {"a": "b"}}
    written(tmp_path / name, json.dumps(content) if name.endswith("json") else dump_yaml(content))
    store = file(tmp_path, name)
    assert store.get("stripe", "api-key", "") == VALUE
    assert store.get("stripe", "tls.crt", "") == "é😀\n"
    assert store.get("lone", "", "") == "x"
    assert store.get("team/pay", "a", "") == "b"


def test_a_path_is_relative_to_the_project_or_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "project/deep/secrets.yaml", f"a: {VALUE}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for given_path in ("deep/secrets.yaml", str(path), "~/project/deep/secrets.yaml"):
        assert file(tmp_path / "project", given_path).get("a", "", "") == VALUE


def test_what_a_file_does_not_have_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "secrets.yaml", f"stripe:\n  api-key: {VALUE}\nlone: {VALUE}\nempty: ''\nnull: null\n")
    store = file(tmp_path)
    assert "there is no 'stripes' in it\n  did you mean 'stripe'?" in refused(store, "stripes")
    assert f"there is no 'xyz' in it\n  add it to {path}" in refused(store, "xyz", "k")
    assert "there is no 'apikey' in it\n  did you mean 'api-key'?" in refused(store, "stripe", "apikey")
    assert "there is no 'key' in it" in refused(store, "lone", "key")
    assert "it has keys, and no value of its own\n  name a key: api-key" in refused(store, "stripe")
    assert "the value is empty" in refused(store, "empty")
    assert "the value is empty" in refused(store, "null")
    assert "no versions" in refused(store, "lone", version="1")
    message = refused(store, "stripe", "apikey")
    assert f"secret 'stripe', key 'apikey', secret store file {path}: " in message


@pytest.mark.parametrize("value", ["007", "1.5", "true", "[a]"])
def test_a_value_that_is_no_text_is_refused_for_it_might_be_changed(tmp_path: Path, value: str) -> None:
    written(tmp_path / "secrets.yaml", f"a: {value}\n")
    message = refused(file(tmp_path), "a")
    assert "the value is not text\n  put it in quotes" in message
    assert value not in message.replace("api", "")


@pytest.mark.parametrize(
    ("name", "text", "what", "line"),
    [
        ("secrets.yaml", f"a: b\nb: *{VALUE}\n", "this cannot be read as YAML", 2),
        ("secrets.yaml", f"a: !{VALUE} x\n", "this cannot be read as YAML", 1),
        ("secrets.yaml", f"a: x\n{VALUE}: 1\n{VALUE}: 1\n", "this cannot be read as YAML", 3),
        ("secrets.yaml", f'a: "{VALUE}\\q"\n', "this cannot be read as YAML", 1),
        ("secrets.json", f'{{"a": "{VALUE}",}}', "this is not JSON", 1),
    ],
)
def test_a_file_that_cannot_be_read_is_named_without_what_is_in_it(
    tmp_path: Path, name: str, text: str, what: str, line: int
) -> None:
    path = written(tmp_path / name, text)
    message = refused(file(tmp_path, name), "a")
    assert message.startswith(f"{path}:{line}:")
    assert what in message


@pytest.mark.parametrize("text", [b"\xff\xfe", b"- a\n", b"", b"plain"])
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: bytes) -> None:
    written(tmp_path / "secrets.yaml", text)
    assert "secrets.yaml" in refused(file(tmp_path), "a")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path}/secrets.yaml: there is no such file" in refused(file(tmp_path), "a")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused_with_the_command_that_helps(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "secrets.yaml", f"a: {VALUE}\n", mode)
    assert refused(file(tmp_path), "a") == f"{path}: others can read this file of secrets\n  run: chmod 600 {path}"


@pytest.mark.parametrize(
    ("content", "value"), [("x", "x"), ("x\n", "x"), ("x\n\n", "x\n"), (" x \r\n", " x \r"), ("a\nb\n", "a\nb")]
)
def test_one_newline_at_the_end_of_a_file_of_its_own_is_no_part_of_the_value(
    tmp_path: Path, content: str, value: str
) -> None:
    written(tmp_path / "secrets/stripe/api-key", content)
    written(tmp_path / "secrets/lone", content)
    store = file(tmp_path, "secrets")
    assert store.get("stripe", "api-key", "") == value
    assert store.get("lone", "", "") == value


def test_what_a_directory_does_not_have_is_named(tmp_path: Path) -> None:
    directory = tmp_path / "secrets"
    written(directory / "stripe/api-key", VALUE)
    written(directory / "empty", "\n")
    written(directory / "binary", b"\xff\xfe")
    store = file(tmp_path, "secrets")
    assert f"there is no file {directory}/stripe/apikey\n  create it" in refused(store, "stripe", "apikey")
    assert f"there is no file {directory}/stripe\n" in refused(store, "stripe")
    assert "the value is empty" in refused(store, "empty")
    assert "not UTF-8 text" in refused(store, "binary")


@pytest.mark.parametrize(("name", "key"), [("..", "key"), ("a/../..", "x"), ("/etc", "x"), ("a", "../b"), ("a", "b/c")])
def test_no_name_leads_out_of_a_directory(tmp_path: Path, name: str, key: str) -> None:
    written(tmp_path / "key", VALUE)
    written(tmp_path / "secrets/b", VALUE)
    assert "this cannot be the name of a file" in refused(file(tmp_path, "secrets"), name, key)


def test_a_directory_that_others_cannot_enter_protects_its_files(tmp_path: Path) -> None:
    path = written(tmp_path / "secrets/a", VALUE, 0o644)
    path.parent.chmod(0o755)
    assert f"run: chmod 600 {path}" in refused(file(tmp_path, "secrets"), "a")
    path.parent.chmod(0o700)
    assert file(tmp_path, "secrets").get("a", "", "") == VALUE


def test_a_path_that_leads_through_a_file_is_told(tmp_path: Path) -> None:
    written(tmp_path / "plain", "x")
    assert "there is no such file" in refused(file(tmp_path, "plain/secrets.yaml"), "a")


def test_a_name_that_no_file_system_takes_is_told(tmp_path: Path) -> None:
    written(tmp_path / "secrets/a", VALUE)
    assert "cannot be read: File name too long" in refused(file(tmp_path, "secrets"), "a" * 300)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "the workspace has no secretStore\n  add one to the workspace"),
        ({}, "must name exactly one provider\n  known are env, file"),
        ({"provider": {"env": {}, "file": {}}}, "must name exactly one provider"),
        ({"provider": {"evn": {}}}, "secretStore.provider: unknown secret store 'evn'\n  did you mean 'env'?"),
        ({"provider": {"vault": {}}}, "unknown secret store 'vault'\n  known are env, file"),
        ({"provider": {"env": {"prefx": "A"}}}, "env: unknown setting 'prefx'\n  did you mean 'prefix'?"),
        ({"provider": {"env": {"x": "A"}}}, "env: unknown setting 'x'\n  known are prefix"),
        ({"provider": {"env": {"prefix": 1}}}, "the setting 'prefix' is not text"),
        ({"provider": {"env": ["a"]}}, "its settings are no mapping"),
        ({"provider": {"file": {}}}, "secretStore.provider.file: it needs the setting 'path'"),
        ({"provider": {"file": None}}, "it needs the setting 'path'"),
    ],
)
def test_a_store_that_is_described_wrongly_is_told(config: Mapping[str, Any] | None, message: str) -> None:
    with pytest.raises(KusionError) as raised:
        open_secret_store(config, Path("/nowhere"), {})
    assert isinstance(raised.value, SecretError)
    assert message in str(raised.value)
