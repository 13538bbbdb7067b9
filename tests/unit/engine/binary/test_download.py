"""The download from Pulumi's site, with an installer that only claims to reach it."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kusion_dsl.engine.acquisition import InstallProgress
from kusion_dsl.engine.binary_version import VERSION, ask
from kusion_dsl.engine.download import Download
from kusion_dsl.engine.download_child import main
from kusion_dsl.errors import EngineError

Script = Callable[[Path, str], Path]


def silent(progress: InstallProgress) -> None:
    """A report that nobody reads."""


def test_the_installer_is_asked_to_reach_the_site_and_then_to_install(tmp_path: Path, script: Script) -> None:
    lines = f"""
    echo "$* $(pwd) $MINE" >> {tmp_path}/calls
    [ $1 = reach ] || {{ mkdir -p $2/bin; printf '#!/bin/sh\\necho v%s\\n' $3 > $2/bin/pulumi; chmod 755 $2/bin/pulumi; }}
    """
    installer = script(tmp_path / "installer", lines)
    staging = tmp_path / "staging"
    staging.mkdir()
    reports: list[InstallProgress] = []

    got = Download((str(installer),)).get(staging, {"MINE": "yes"}, reports.append)

    assert ask(got, {}) == VERSION
    assert (tmp_path / "calls").read_text().splitlines() == [
        f"reach https://get.pulumi.com/install.sh {staging} yes",
        f"install {staging}/download {VERSION} {staging} yes",
    ]
    source = "download from https://get.pulumi.com"
    assert reports == [InstallProgress("connecting", source=source), InstallProgress("downloading", source=source)]


def test_a_site_that_cannot_be_reached_is_given_up_with_the_reason(tmp_path: Path, script: Script) -> None:
    installer = script(
        tmp_path / "installer", f"echo $1 >> {tmp_path}/calls; echo Traceback; echo 'no such host' >&2; exit 1"
    )

    with pytest.raises(EngineError) as caught:
        Download((str(installer),)).get(tmp_path, {}, silent)

    assert str(caught.value) == "the site cannot be reached\n  no such host"
    assert (tmp_path / "calls").read_text() == "reach\n"


def test_a_site_that_does_not_answer_is_given_up(tmp_path: Path, script: Script) -> None:
    installer = script(tmp_path / "installer", "sleep 60")
    began = time.monotonic()

    with pytest.raises(EngineError) as caught:
        Download((str(installer),), patience=0.2).get(tmp_path, {}, silent)

    reason = "the request was stopped because it was not done after 0.2 s"
    assert str(caught.value) == f"the site cannot be reached\n  {reason}"
    assert time.monotonic() - began < 20


def test_a_failed_installation_shows_what_the_script_said(tmp_path: Path, script: Script) -> None:
    lines = "[ $1 = reach ] || { printf '\\033[31;1merror: failed to download\\033[0m\\n'; exit 1; }"
    installer = script(tmp_path / "installer", lines)

    with pytest.raises(EngineError) as caught:
        Download((str(installer),)).get(tmp_path, {}, silent)

    assert str(caught.value) == "the installation script failed with exit code 1\n  error: failed to download"


def test_the_default_installer_can_be_run(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="the site cannot be reached") as caught:
        Download().get(tmp_path, {"https_proxy": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1"}, silent)

    assert "Connection refused" in str(caught.value)


def test_reach_says_why_it_cannot(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("#!/bin/sh")

    main(["reach", f"file://{tmp_path}/there"])
    with pytest.raises(SystemExit, match="No such file or directory"):
        main(["reach", f"file://{tmp_path}/absent"])


def test_install_leaves_alone_what_the_sdk_finds_there(tmp_path: Path, pulumi: Script) -> None:
    there = pulumi(tmp_path / "bin", f"v{VERSION}")

    main(["install", str(tmp_path), VERSION])

    assert Path(f"{there}.asked").exists()


def test_unknown_arguments_are_refused() -> None:
    with pytest.raises(SystemExit, match="expected 'reach <url>'"):
        main(["instal"])
