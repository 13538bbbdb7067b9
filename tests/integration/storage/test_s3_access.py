"""The credentials of an S3: found where AWS's own tools look for them, and told where there are none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kusion_dsl.errors import StorageError
from kusion_dsl.storage.store import open_store
from tests.stores.s3 import S3, answering

ROLE = "arn:aws:iam::123456789012:role/deploy"


@pytest.fixture
def url(s3: S3) -> str:
    return s3.url(s3.bucket())


@pytest.fixture
def no_keys(monkeypatch: pytest.MonkeyPatch, s3: S3, tmp_path: Path) -> None:
    """No keys in the environment, but a profile that has some, and one that has none."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", s3.endpoint)
    (tmp_path / "aws-config").write_text("[profile team]\n[profile empty]\nregion = eu-west-1\n")
    (tmp_path / "aws-credentials").write_text("[team]\naws_access_key_id = AKIDTEAM\naws_secret_access_key = x\n")


def test_keys_of_the_environment_sign(s3: S3, url: str) -> None:
    open_store(url).put("a", b"x")
    assert s3.seen[-1].access_key == "AKIDTEST"


def test_a_profile_of_the_url_goes_before_the_environment(
    s3: S3, url: str, no_keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    open_store(f"{url}&profile=team").put("a", b"x")
    assert s3.seen[-1].access_key == "AKIDTEAM"


def test_a_profile_of_the_environment_is_used(s3: S3, url: str, no_keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "team")
    open_store(url).put("a", b"x")
    assert s3.seen[-1].access_key == "AKIDTEAM"


def test_a_role_is_assumed(s3: S3, url: str, no_keys: None) -> None:
    store = open_store(f"{url}&profile=team&role={ROLE}")
    store.put("a", b"x")
    assert s3.seen[-1].access_key.startswith("ASIA")  # a temporary key
    store.put("b", b"x")
    assert s3.requests("POST", "") == 1  # it was assumed once


def test_anonymous_requests_are_not_signed(s3: S3, url: str, no_keys: None) -> None:
    open_store(url + "&anonymous=true").list("")
    assert s3.seen[-1].access_key == ""


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("", "there are no AWS credentials\n  set AWS_PROFILE, or AWS_ACCESS_KEY_ID"),
        (
            "&profile=taem",
            "there are no AWS credentials: The config profile (taem) could not be found\n  set AWS_PROFILE",
        ),
        ("&profile=empty", "there are no AWS credentials\n"),
    ],
)
def test_no_credentials_are_told(url: str, no_keys: None, parameters: str, message: str) -> None:
    with pytest.raises(StorageError) as raised:
        open_store(url + parameters).get("a")
    assert message in str(raised.value)
    assert raised.value.problems[0].where == url.partition("?")[0]


def test_a_role_that_cannot_be_assumed_is_told(s3: S3, url: str, no_keys: None) -> None:
    store = open_store(f"{url}&profile=team&role={ROLE}")
    s3.fail(answering("403 Forbidden", "AccessDenied", within="ErrorResponse"), method="POST")
    with pytest.raises(StorageError, match=r"the role cannot be assumed \(AccessDenied\)\n  let these credentials"):
        store.get("a")


def test_an_unknown_region_is_told(s3: S3, no_keys: None) -> None:
    url = f"s3://{s3.bucket()}?endpoint={s3.endpoint}&use_path_style=true&profile=team"
    with pytest.raises(StorageError, match="the region of the bucket is not known\n  add region=NAME to the URL"):
        open_store(url).get("a")


def test_a_program_that_gives_credentials_and_fails_shows_nothing_of_its_own(
    url: str, no_keys: None, tmp_path: Path
) -> None:
    script = f"{sys.executable} -c 'raise SystemExit(\"canary-of-the-program\")'"
    (tmp_path / "aws-config").write_text(f"[profile program]\ncredential_process = {script}\n")
    with pytest.raises(StorageError, match="there are no AWS credentials") as raised:
        open_store(url + "&profile=program").get("a")
    assert "canary" not in str(raised.value)


def test_an_installation_without_the_extra_says_how_to_get_it(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['obstore'] = None\n"
        "from kusion_dsl.cli.main import run\n"
        "raise SystemExit(run(['workspace', 'list', '--backend', 's3://bucket?region=x']))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: s3://bucket: what s3:// backends need is not installed\n  run: pip install 'kusion-dsl[s3]'\n"
    )
