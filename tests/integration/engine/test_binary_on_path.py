"""The real Pulumi CLI, which `make dev` installs, is found and knows its version."""

import os
from pathlib import Path

from kusion_dsl.engine.binary import find
from kusion_dsl.engine.binary_version import suitable


def test_the_real_cli_is_found_and_remembered(tmp_path: Path) -> None:
    found = find(tmp_path, os.environ)

    assert found is not None, "there is no pulumi: run 'make dev'"
    assert found.source in {"path", "environment"}
    assert suitable(found.version)
    assert str(found.path) in (tmp_path / "engine" / "versions.json").read_text()
    assert find(tmp_path, os.environ) == found
