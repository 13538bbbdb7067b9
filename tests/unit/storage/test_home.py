"""What is kept for one user, and the key of the state."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kusion_dsl.errors import StorageError
from kusion_dsl.storage.backends import NamedBackend
from kusion_dsl.storage.home import Home, Settings
from kusion_dsl.storage.passphrase import FILE_VARIABLE, VARIABLE, carrier
from kusion_dsl.storage.store import open_store

BACKEND = "file:///srv/state"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_a_home_is_chosen_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.chdir(tmp_path)
    assert Home.of({}).path == Path("/home/ada/.kusion")
    assert Home.of({"KUSION_HOME": ""}).path == Path("/home/ada/.kusion")
    assert Home.of({"KUSION_HOME": "/srv/kusion"}).path == Path("/srv/kusion")
    assert Home.of({"KUSION_HOME": "~/k"}).path == Path("/home/ada/k")
    assert Home.of({"KUSION_HOME": "k"}).path == tmp_path / "k"


def test_a_new_home_has_defaults_and_is_not_made_for_them(home: Home, tmp_path: Path) -> None:
    assert home.settings() == Settings()
    assert home.backend() == f"file://{tmp_path}/home/backend"
    assert home.workspace(home.backend()) == "default"
    assert list(tmp_path.iterdir()) == []


def test_the_default_backend_of_a_home_with_an_awkward_name_can_be_opened(tmp_path: Path) -> None:
    store = open_store(Home(tmp_path / "my home?").backend())
    assert store.place("x") == str(tmp_path / "my home?/backend/x")


PROD = NamedBackend("s3", {"bucket": "state", "prefix": "a b", "region": "eu-central-1"})
PROD_URL = "s3://state/a%20b?region=eu-central-1"


def test_what_was_configured_is_kept_for_the_owner_alone(home: Home, tmp_path: Path) -> None:
    home.save(Settings({"prod": PROD}, "prod", {PROD_URL: "live"}))
    home.use_workspace(BACKEND, "aws")
    again = Home(tmp_path / "home")
    assert again.settings() == Settings({"prod": PROD}, "prod", {PROD_URL: "live", BACKEND: "aws"})
    assert again.backend() == PROD_URL
    assert (again.workspace(PROD_URL), again.workspace(BACKEND)) == ("live", "aws")
    path = tmp_path / "home/config.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (
        path.read_text()
        == """\
backends:
  current: prod
  prod:
    type: s3
    configs:
      bucket: state
      prefix: a b
      region: eu-central-1
workspaces:
  file:///srv/state: aws
  s3://state/a%20b?region=eu-central-1: live
"""
    )


def test_a_backend_is_chosen_by_its_name_or_its_url(home: Home) -> None:
    home.save(Settings({"prod": PROD}))
    assert home.backend("prod") == PROD_URL
    assert home.backend(BACKEND) == BACKEND
    assert home.backend("default") == home.backend()
    with pytest.raises(StorageError, match=r"there is no backend 'prdo'\n  did you mean 'prod'\?"):
        home.backend("prdo")
    with pytest.raises(
        StorageError, match="there is no backend '/srv'\n  there are default, prod; a URL such as file:"
    ):
        home.backend("/srv")


def test_a_backend_that_lacks_something_is_not_used(home: Home) -> None:
    home.save(Settings({"prod": NamedBackend("oss", {"bucket": "state"})}))
    with pytest.raises(
        StorageError, match=r"has no 'endpoint'\n  run: kusion config set backends\.prod\.configs\.endpoint"
    ):
        home.backend("prod")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("backends: [", ":2:1: this is not YAML"),
        ("- a", ":1:1: the configuration is no mapping\n  write `key: value`"),
        ("backnds: {}", ":1:1: unknown key 'backnds'\n  did you mean 'backends'?"),
        ("x: 1", ":1:1: unknown key 'x'\n  known are backends, workspaces"),
        ("workspaces: []", ":1:1: 'workspaces' is no mapping"),
        ("workspaces:\n  file:///a: []", ":2:3: 'workspaces.file:///a' is no text"),
        ("backends: {current: prod}", ":1:12: there is no backend 'prod'\n  there are default"),
        ("backends:\n  a: {}", ":2:3: the backend has no type\n  set backends.a.type to one of local, oss, s3"),
        (
            "backends:\n  a: {type: s4}",
            ":2:7: 's4' is no type of backends\n  set backends.a.type to one of local, oss, s3",
        ),
        ("backends:\n  a: s3://b", ":2:3: 'backends.a' is no mapping"),
        ("backends:\n  A: {type: s3}", ":2:3: the name 'A' is not a DNS label"),
        ("backends:\n  default: {type: s3}", ":2:3: the backend 'default' is built in"),
        ("backends:\n  a: {type: s3, config: {}}", ":2:17: unknown key 'config'\n  did you mean 'configs'?"),
        ("backends:\n  a: {type: s3, configs: {path: /a}}", ":2:27: unknown key 'path'"),
        ("backends:\n  a: {type: s3, configs: {regoin: x}}", ":2:27: unknown key 'regoin'\n  did you mean 'region'?"),
        ("backends:\n  a: {type: s3, configs: {region: ''}}", ":2:27: 'backends.a.configs.region' is no text"),
        ("backends:\n  a: {type: s3, configs: {bucket: abc, fips: maybe}}", ":2:17: the parameter 'fips' is neither"),
        (
            "backends:\n  a: {type: local, configs: {path: b}}",
            ":2:30: the path is not absolute\n  begin it with a slash",
        ),
        ("backends: {current: a, a: {type: s3}}", ":1:12: the backend 'a' has no 'bucket'\n  run: kusion config set"),
        ("backends:\n  a: {type: s3, configs: {accessKeyID: canary}}", ":2:27: 'accessKeyID' would be a credential"),
        ("backends:\n  a: {type: s3, configs: {secret_access_key: canary}}", ":2:27: 'secret_access_key' would be"),
        (
            "backends:\n  a: {type: s3, configs: {bucket: abc, endpoint: 'https://a:canary@b'}}",
            ":2:17: the endpoint holds",
        ),
    ],
)
def test_a_wrong_configuration_is_told_with_its_place_and_not_overwritten(home: Home, text: str, message: str) -> None:
    path = home.path / "config.yaml"
    path.parent.mkdir()
    path.write_text(text)
    for use in (home.settings, home.backend, lambda: home.use_workspace(BACKEND, "a")):
        with pytest.raises(StorageError) as raised:
            use()
        assert str(raised.value).startswith(f"{path}{message}")
        assert "canary" not in str(raised.value)
        assert raised.value.problems[0].hint or "not YAML" in str(raised.value)
    assert path.read_text() == text


def test_a_configuration_that_is_no_text_is_told(home: Home) -> None:
    home.path.mkdir()
    (home.path / "config.yaml").write_bytes(b"\xff")
    with pytest.raises(StorageError, match="this is not UTF-8 text"):
        home.settings()


URLS = [
    "file:///srv/state",
    "file:///srv/a%20b%3F?metadata=skip",
    "s3://bucket",
    "s3://bucket/a/b%20c?region=eu-central-1",
    "s3://bucket?endpoint=http://127.0.0.1:9000&use_path_style=true&region=x",
    "s3://bucket?role=arn:aws:iam::1:role/r&ssetype=aws:kms&kmskeyid=a%2Bb",
]


@pytest.mark.parametrize("url", URLS)
def test_a_url_has_a_configuration_and_that_has_the_url(home: Home, url: str) -> None:
    home.save(Settings({"a": NamedBackend.of_url(url)}))
    assert home.backend("a") == url


def test_truth_values_and_numbers_are_what_one_would_write(home: Home) -> None:
    home.path.mkdir()
    configs = "{bucket: abc, forcePathStyle: true, rate_limiter_capacity: 5, endpoint: a}"
    (home.path / "config.yaml").write_text(f"backends: {{a: {{type: oss, configs: {configs}}}}}")
    assert home.backend("a") == "s3://abc?s3ForcePathStyle=true&rate_limiter_capacity=5&endpoint=a"


def test_a_file_backend_gets_a_key_of_its_own_and_keeps_it(home: Home, tmp_path: Path) -> None:
    path = home.passphrase_file(BACKEND, {})
    key = path.read_text()
    assert len(key.strip()) >= 40
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Home(tmp_path / "home").passphrase_file(BACKEND, {VARIABLE: "", FILE_VARIABLE: ""}) == path
    assert path.read_text() == key
    assert Home(tmp_path / "other").passphrase_file(BACKEND, {}).read_text() != key


@pytest.mark.parametrize("backend", ["s3://bucket", "gs://bucket", "azblob://container", "https://example.org"])
def test_a_shared_backend_needs_a_key(home: Home, backend: str) -> None:
    with pytest.raises(StorageError, match="a shared backend needs a key") as raised:
        home.passphrase_file(backend, {})
    assert VARIABLE in str(raised.value)
    assert not home.path.exists()


def test_a_key_that_others_can_read_is_refused(home: Home) -> None:
    path = home.passphrase_file(BACKEND, {})
    path.chmod(0o640)
    with pytest.raises(StorageError, match=f"others can read the key of the state\n  run: chmod 600 {path}"):
        home.passphrase_file(BACKEND, {})


def test_a_passphrase_file_of_the_environment_is_used_as_it_is(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("correct horse\n")
    for backend in (BACKEND, "s3://bucket"):
        assert home.passphrase_file(backend, {FILE_VARIABLE: str(path)}) == path
    assert not home.path.exists()


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_passphrase_file_that_holds_nothing_is_told(home: Home, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content)
    with pytest.raises(StorageError, match="is empty" if content is not None else "No such file") as raised:
        home.passphrase_file(BACKEND, {FILE_VARIABLE: str(path)})
    assert str(path) in str(raised.value)
    assert FILE_VARIABLE in str(raised.value)


def test_the_passphrase_goes_before_the_file_as_pulumi_has_it(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("other")
    found = home.passphrase_file("s3://bucket", {VARIABLE: "correct horse", FILE_VARIABLE: str(path)})
    assert found.read_text() == "correct horse"


def test_a_passphrase_that_a_file_cannot_hold_is_refused_and_not_shown(home: Home) -> None:
    with pytest.raises(StorageError, match="white space") as raised:
        home.passphrase_file(BACKEND, {VARIABLE: "correct horse "})
    assert "horse" not in str(raised.value)


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_carried_passphrase_can_be_read_by_children_and_by_the_owner_alone(in_memory: bool) -> None:
    path = carrier(f"correct horse {in_memory}", in_memory)
    for _ in range(2):
        assert subprocess.run(["cat", path], capture_output=True, text=True, check=True).stdout == path.read_text()
    assert path.read_text() == f"correct horse {in_memory}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert carrier(f"correct horse {in_memory}", in_memory) == path


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_carried_passphrase_is_gone_when_the_process_is(in_memory: bool, tmp_path: Path) -> None:
    script = f"from kusion_dsl.storage.passphrase import carrier; print(carrier('correct horse', {in_memory}))"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert not Path(done.stdout.strip()).exists()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_leaves_no_passphrase_behind(tmp_path: Path) -> None:
    script = (
        "import os, signal; from kusion_dsl.storage.home import Home; from pathlib import Path;"
        f"Home(Path('home')).passphrase_file('s3://b', {{'{VARIABLE}': 'correct horse'}});"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], check=False, env=environment, cwd=tmp_path)
    assert done.returncode == -9
    assert list(tmp_path.iterdir()) == []
