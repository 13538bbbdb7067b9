"""What is kept for one user, and the key of the state."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kusion_dsl.errors import StorageError
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
    assert home.backend == f"file://{tmp_path}/home/backend"
    assert home.workspace(home.backend) == "default"
    assert list(tmp_path.iterdir()) == []


def test_the_default_backend_of_a_home_with_an_awkward_name_can_be_opened(tmp_path: Path) -> None:
    store = open_store(Home(tmp_path / "my home?").backend)
    assert store.place("x") == str(tmp_path / "my home?/backend/x")


def test_what_was_configured_is_kept_for_the_owner_alone(home: Home, tmp_path: Path) -> None:
    home.use_workspace(BACKEND, "prod")
    home.use_backend(BACKEND)
    home.use_workspace("file:///other", "aws")
    again = Home(tmp_path / "home")
    assert again.backend == BACKEND
    assert (again.workspace(BACKEND), again.workspace("file:///other")) == ("prod", "aws")
    path = tmp_path / "home/config.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert json.loads(path.read_text()) == {
        "backend": BACKEND,
        "workspaces": {"file:///other": "aws", BACKEND: "prod"},
    }
    again.use_backend("")
    assert again.backend.endswith("/home/backend")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "this is not JSON"),
        ("[]", "this is no mapping"),
        ('{"backnd": "x"}', "unknown key 'backnd'\n  did you mean 'backend'?"),
        ('{"x": 1}', "unknown key 'x'\n  known are backend, workspaces"),
        ('{"backend": 1}', "'backend' is not text"),
        ('{"workspaces": []}', "'workspaces' maps no URLs to names"),
        ('{"workspaces": {"file:///a": 1}}', "'workspaces' maps no URLs to names"),
    ],
)
def test_a_wrong_configuration_is_told_and_not_overwritten(home: Home, text: str, message: str) -> None:
    path = home.path / "config.json"
    path.parent.mkdir()
    path.write_text(text)
    for use in (home.settings, lambda: home.use_backend(BACKEND), lambda: home.use_workspace(BACKEND, "a")):
        with pytest.raises(StorageError) as raised:
            use()
        assert str(raised.value).startswith(f"{path}: {message}")
    assert path.read_text() == text


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
