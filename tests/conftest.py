"""What holds for every test: none can reach what its user keeps, and none depends on how fast the machine is.

Tests that try many things say which, at the end of the output.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile(
    "kusion", deadline=None
)  # how long an example takes says more about the machine than about us
settings.load_profile("kusion")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """HOME and KUSION_HOME are directories of the test; what the environment says to kusion and Pulumi is gone."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("KUSION_HOME", str(home / ".kusion"))
    for variable in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)
    return home


_TRIED = "tried"
Tell = Callable[[str], None]


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Takes a line that is printed when all tests have run."""
    return lambda line: record_property(_TRIED, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the tests have told."""
    reports = [each for each in terminalreporter.getreports("passed") if isinstance(each, pytest.TestReport)]
    lines = [str(text) for report in reports for name, text in report.user_properties if name == _TRIED]
    for line in sorted(lines):
        terminalreporter.write_line(line)
