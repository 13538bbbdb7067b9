"""``kusion engine env``: what a plain ``pulumi`` needs, as a shell reads it, and never the key itself."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

from tests.functional.commandline import Kusion

KEY = "correct horse"


def in_a_shell(printed: str) -> dict[str, str]:
    """The variables that a shell has that evaluated what was printed."""
    done = subprocess.run(["sh", "-c", f"{printed}\nenv"], env={}, capture_output=True, text=True, check=True)
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {name: value for name, _, value in pairs if name.startswith("PULUMI_")}


def test_a_directory_has_its_own_key(kusion: Kusion) -> None:
    kusion.done("config", "set", "backends.odd", f"file://{kusion.root}/it's a $backend")
    printed = kusion.done("engine", "env", "--backend", "odd").out
    variables = in_a_shell(printed)
    assert variables == kusion.done("engine", "env", "--backend", "odd", "-o", "json").document["variables"]
    assert variables["PULUMI_BACKEND_URL"] == f"file://{kusion.root}/it%27s%20a%20%24backend"
    key = Path(variables["PULUMI_CONFIG_PASSPHRASE_FILE"])
    assert key == kusion.home / "passphrase"
    assert key.read_text().strip() not in printed


def test_a_shared_backend_has_the_key_of_the_environment(kusion: Kusion) -> None:
    url = "s3://bucket/a b?region=x&use_path_style=true"
    kusion.environment["PULUMI_CONFIG_PASSPHRASE"] = KEY
    printed = kusion.done("engine", "env", "--backend", url).out
    assert KEY not in printed
    assert f"PULUMI_BACKEND_URL={shlex.quote(url)}\n" in printed
    assert "PASSPHRASE" not in printed  # the shell has it already
    assert not (kusion.home / "passphrase").exists()


def test_a_key_in_a_file_is_named(kusion: Kusion) -> None:
    kusion.write({"key": KEY})
    kusion.environment["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(kusion.root / "key")
    variables = kusion.done("engine", "env", "-o", "json").document["variables"]
    assert variables["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(kusion.root / "key")
