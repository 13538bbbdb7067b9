"""Tests that say what they have tried, at the end of the output."""

from __future__ import annotations

from collections.abc import Callable

import pytest

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
