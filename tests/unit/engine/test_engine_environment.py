"""What reaches the CLI's environment, and what does not."""

from __future__ import annotations

from pathlib import Path

from kusion_dsl.engine.command import engine_environment, inherited


def test_environment_of_a_plain_pulumi() -> None:
    environment = engine_environment("file:///b", Path("/keys/p"), Path("/home/kusion"))

    assert environment["PULUMI_BACKEND_URL"] == "file:///b"
    assert environment["PULUMI_CONFIG_PASSPHRASE_FILE"] == "/keys/p"
    assert environment["PULUMI_HOME"] == "/home/kusion/pulumi"
    assert environment["PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER"] == "true"
    assert "PULUMI_CONFIG_PASSPHRASE" not in environment


def test_users_own_pulumi_settings_do_not_reach_the_cli() -> None:
    given = {
        "AWS_PROFILE": "acme",
        "PULUMI_CONFIG_PASSPHRASE": "s3cret",
        "PULUMI_ACCESS_TOKEN": "pul-1",
        "PULUMI_BACKEND_URL": "s3://other",
        "PULUMI_DIY_BACKEND_ZSTD": "true",
        "PULUMI_K8S_CLIENT_QPS": "50",
        "PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES": ".*=https://mirror.example",
    }
    assert sorted(inherited(given)) == ["AWS_PROFILE", "PULUMI_K8S_CLIENT_QPS", "PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES"]
