"""Golden files: what was generated, as it was looked at and found right."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.documents import dump_yaml

_OPTION = "--update-golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--update-golden`` to pytest."""
    parser.addoption(_OPTION, action="store_true", help="Write the golden files anew.")


@dataclass(frozen=True)
class Golden:
    """Compares resources with a golden file; ``pytest --update-golden`` writes it anew.

    Files are ``goldens/<test>.yaml`` beside the test's own. They have the resources of a Spec, and not its providers,
    whose versions are those that happen to be installed.
    """

    directory: Path
    test: str
    update: bool

    def __call__(self, compiled: Compiled, name: str = "") -> None:
        """Compare; a test that does so more than once gives each a ``name``. Raises AssertionError."""
        __tracebackhide__ = True
        file = self.directory / f"{re.sub('[^-A-Za-z0-9_.]+', '-', name or self.test).strip('-')}.yaml"
        made = dump_yaml([resource.to_json() for resource in compiled.spec.resources])
        if self.update:
            self.directory.mkdir(exist_ok=True)
            file.write_text(made, encoding="utf-8")
        assert file.is_file(), f"there is no {file}: look at what is generated, then pytest {_OPTION}"
        assert made == file.read_text(encoding="utf-8"), f"{file} differs: where that is right, pytest {_OPTION}"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """``golden(compile_app(Shop))`` compares the resources with ``goldens/<test>.yaml``."""
    update = bool(request.config.getoption(_OPTION))
    return Golden(request.path.with_name("goldens"), request.node.name, update)
