"""The digest of a module's source: another for every change, and the same however the module was installed."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from kusion_dsl.discovery.modules import source_digest
from kusion_dsl.errors import ModuleError
from kusion_dsl.model.identity import ModuleVersion
from tests.functional.distributions import Distributions

ONE = ModuleVersion("quiet", "kusion-quiet", "1.0")


@pytest.fixture
def distributions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Distributions:
    return Distributions(tmp_path, monkeypatch)


def install(distributions: Distributions, files: dict[str, str]) -> Path:
    """Install ``kusion-quiet`` with these files; where they lie."""
    place = distributions.directory / "kusion-quiet"
    shutil.rmtree(place, ignore_errors=True)
    distributions.install("kusion-quiet", "quiet = kusion_quiet:quiet", files)
    return place


FILES = {"kusion_quiet/__init__.py": "quiet = 1\n", "kusion_quiet/deep/data.json": "{}"}


def test_it_is_that_of_what_sha256sum_prints(distributions: Distributions) -> None:
    install(distributions, FILES)
    lines = [f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(FILES.items())]
    assert source_digest(ONE) == f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"


@pytest.mark.parametrize(
    "files",
    [
        {**FILES, "kusion_quiet/__init__.py": "quiet = 2\n"},
        {**FILES, "kusion_quiet/deep/data.json": "[]"},
        {**FILES, "kusion_quiet/more.py": ""},
        {"kusion_quiet/__init__.py": "quiet = 1\n"},
        {"kusion_quiet/__init__.py": "quiet = 1\n", "kusion_quiet/deep/date.json": "{}"},
    ],
)
def test_every_change_of_the_source_is_another(distributions: Distributions, files: dict[str, str]) -> None:
    install(distributions, FILES)
    before = source_digest(ONE)
    install(distributions, files)
    assert source_digest(ONE) != before


def test_what_is_not_its_source_is_not_in_it(distributions: Distributions) -> None:
    place = install(distributions, FILES)
    before = source_digest(ONE)
    for name in ("kusion_quiet/__pycache__/__init__.cpython-311.pyc", "other/__init__.py", "README"):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text("x")
    assert source_digest(ONE) == before


def test_a_module_of_one_file(distributions: Distributions) -> None:
    install(distributions, {"kusion_quiet.py": "quiet = 1\n"})
    before = source_digest(ONE)
    install(distributions, {"kusion_quiet.py": "quiet = 2\n"})
    assert source_digest(ONE) != before


@pytest.mark.parametrize("module", [ONE, ModuleVersion("loud", "kusion-quiet", "1.0")])
def test_a_module_that_is_gone_is_told(distributions: Distributions, module: ModuleVersion) -> None:
    place = install(distributions, FILES)
    if module == ONE:
        shutil.rmtree(place)
    with pytest.raises(ModuleError, match=f"module {module.name}: the source of kusion-quiet 1.0 cannot be read"):
        source_digest(module)


def test_a_package_that_is_gone_is_told(distributions: Distributions) -> None:
    shutil.rmtree(install(distributions, FILES) / "kusion_quiet")
    with pytest.raises(ModuleError, match="there is no kusion_quiet any more"):
        source_digest(ONE)
