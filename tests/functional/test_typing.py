"""Applications and their mistakes, as mypy strict sees them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "typing"


def findings(file: Path, cache: Path) -> set[tuple[int, str]]:
    """The line and code of every error of mypy, with the project's configuration."""
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(cache), "--no-pretty", str(file)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode in (0, 1), run.stdout + run.stderr
    return {(int(line), code) for line, code in re.findall(r":(\d+): error: .*\[([a-z-]+)\]$", run.stdout, re.M)}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


def test_an_application_is_accepted(cache: Path) -> None:
    assert findings(CASES / "shop.py", cache) == set()


def test_mistakes_are_found_where_they_are(cache: Path) -> None:
    lines = enumerate((CASES / "mistakes.py").read_text().splitlines(), start=1)
    marked = {(number, code) for number, line in lines for code in re.findall(r"# error: ([a-z-]+)$", line)}
    assert len(marked) == 12
    assert findings(CASES / "mistakes.py", cache) == marked
