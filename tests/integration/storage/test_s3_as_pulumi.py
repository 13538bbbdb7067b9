"""An ``s3://`` URL means to us what it means to the real Pulumi: both are seen at a proxy that nothing gets past."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kusion_dsl.errors import StorageError
from kusion_dsl.storage.store import open_store

_DENIED = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>no</Message></Error>"


@dataclass(frozen=True)
class Seen:
    """Where a request went, up to the key, and what signed it: the key's id and its scope, empty if nothing did."""

    place: str
    scope: str


class Proxy(ThreadingHTTPServer):
    """Denies everything, and remembers the first request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.first: Seen | None = None
        self.asked = threading.Event()

    @property
    def variables(self) -> dict[str, str]:
        """The environment that sends requests through it."""
        url = f"http://127.0.0.1:{self.server_port}"
        return {"HTTP_PROXY": url, "HTTPS_PROXY": url, "http_proxy": url, "https_proxy": url}

    def took(self) -> Seen:
        """What was seen, as soon as it is, to be forgotten."""
        assert self.asked.wait(60), "nothing was asked"
        assert self.first is not None
        first, self.first = self.first, None
        self.asked.clear()
        return first


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        place = self.path.partition("?")[0].partition(".pulumi/")[0]
        scope = self.headers.get("Authorization", "").partition("Credential=")[2].partition(",")[0]
        self._remember(place, scope)
        self.send_response(403)
        self.send_header("Content-Length", str(len(_DENIED)))
        self.end_headers()
        self.wfile.write(_DENIED)

    def do_CONNECT(self) -> None:
        self._remember(f"https://{self.path}", "")
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.close_connection = True

    def _remember(self, place: str, scope: str) -> None:
        assert isinstance(self.server, Proxy)
        if self.server.first is None:
            self.server.first = Seen(place, scope)
            self.server.asked.set()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    server = Proxy()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


HERE = "region=eu-central-1"
PLAIN = f"{HERE}&disable_https=true"
STORE = f"{HERE}&endpoint=http://store.example:9000"

URLS = [
    f"s3://bucket?{HERE}",
    f"s3://bucket?{PLAIN}",
    f"s3://bucket/a%20b/c/?{PLAIN}",
    f"s3://bucket//a?{PLAIN}",
    f"s3://bucket?{PLAIN}&use_path_style=true",
    f"s3://bucket?{PLAIN}&s3ForcePathStyle=1&awssdk=v2",
    f"s3://bucket?{PLAIN}&use_path_style=false",
    f"s3://bucket?{PLAIN}&dualstack=true",
    f"s3://bucket?{PLAIN}&fips=true",
    f"s3://bucket?{PLAIN}&fips=true&dualstack=true",
    f"s3://bucket?{PLAIN}&accelerate=true",
    f"s3://bucket?{PLAIN}&accelerate=true&dualstack=true",
    f"s3://bucket?{PLAIN}&anonymous=true",
    f"s3://bucket?{PLAIN}&ssetype=aws%3Akms&kmskeyid=key&rate_limiter_capacity=5",
    f"s3://bucket?{PLAIN}&request_checksum_calculation=when_required&response_checksum_validation=when_required",
    "s3://bucket?region=cn-north-1&disable_https=true",
    "s3://bucket?region=us-gov-west-1&disableSSL=true",
    f"s3://buc.ket?{HERE}",
    f"s3://buc.ket?{PLAIN}",
    f"s3://Buck_et?{PLAIN}",
    f"s3://bucket?{STORE}",
    f"s3://bucket/a/b?{STORE}",
    f"s3://buc.ket?{STORE}",
    f"s3://bucket?{STORE}&use_path_style=true",
    f"s3://bucket?{STORE}&hostname_immutable=true",
    f"s3://bucket?{STORE}/base",
    f"s3://bucket/x?{STORE}/base/&use_path_style=true",
    f"s3://bucket?{HERE}&endpoint=https://store.example",
    f"s3://buc.ket?{HERE}&endpoint=https://store.example",
    f"s3://bucket?{HERE}&endpoint=store.example",
    f"s3://bucket?{HERE}&endpoint=store.example:9000&disableSSL=true",
    f"s3://bucket?{HERE}&endpoint=https://store.example:9000&disable_https=true",
]
ENVIRONMENTS: list[tuple[str, Mapping[str, str]]] = [
    ("s3://bucket?disable_https=true", {"AWS_REGION": "eu-north-1"}),
    ("s3://bucket?disable_https=true", {"AWS_DEFAULT_REGION": "eu-north-1"}),
    (f"s3://bucket?{PLAIN}", {"AWS_REGION": "eu-north-1"}),
    (f"s3://bucket?{PLAIN}", {"AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_USE_FIPS_ENDPOINT": "true"}),
    (f"s3://bucket?{HERE}", {"AWS_ENDPOINT_URL": "http://general.example"}),
    (f"s3://bucket?{HERE}", {"AWS_ENDPOINT_URL": "http://general.example", "AWS_ENDPOINT_URL_S3": "http://s3.example"}),
    (f"s3://bucket?{STORE}", {"AWS_ENDPOINT_URL_S3": "http://s3.example"}),
    (f"s3://bucket?{PLAIN}&profile=other", {}),
    (f"s3://bucket?{PLAIN}", {"AWS_PROFILE": "other"}),
    (f"s3://bucket?{PLAIN}", {"AWS_PROFILE": "other", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}),
    ("s3://bucket?disable_https=true&profile=other", {}),
    ("s3://bucket?disable_https=true&profile=other&region=eu-west-3", {}),
]


@pytest.mark.parametrize(("url", "environment"), [*((url, {}) for url in URLS), *ENVIRONMENTS])
def test_a_url_leads_us_where_it_leads_pulumi(
    pulumi_cli: Path,
    proxy: Proxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    environment: Mapping[str, str],
) -> None:
    (tmp_path / "config").write_text("[profile other]\nregion = eu-west-1\n")
    (tmp_path / "credentials").write_text("[other]\naws_access_key_id = AKIDOTHER\naws_secret_access_key = other\n")
    variables = {
        "AWS_ACCESS_KEY_ID": "AKIDTEST",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        **proxy.variables,
        **environment,
    }
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    process = subprocess.Popen(
        [pulumi_cli, "--non-interactive", "stack", "ls", "--all"],
        env={
            "PATH": os.defpath,
            "HOME": str(tmp_path),
            "PULUMI_HOME": str(tmp_path / "pulumi"),
            "PULUMI_BACKEND_URL": url,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **variables,
        },
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        theirs = proxy.took()
    finally:
        process.kill()  # it would try again
        process.wait()
    proxy.first = None
    proxy.asked.clear()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StorageError):
        open_store(f"{url}{'' if 'rate_limiter_capacity' in url else '&rate_limiter_capacity=1'}").get(
            ".pulumi/meta.yaml"
        )
    assert proxy.took() == theirs
