"""Golden files, and the check of a README."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kusion_dsl.discovery.reference import with_reference
from kusion_dsl.module import Module
from kusion_dsl.testing import Golden, SampleService, check_readme, compile_app
from kusion_dsl.testing.sample import application_with, sample_service

MODULE: Module[Any, Any] = sample_service


def compiled(image: str = "sample:1") -> Any:
    return compile_app(application_with(SampleService(image=image), name="app", accessory=""))


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Path]:
    """Where golden files lie; there are none yet."""
    yield tmp_path / "goldens"


def test_the_first_one_is_written_on_request_only(files: Path) -> None:
    with pytest.raises(AssertionError, match=r"there is no .*test_it\.yaml: .*pytest --update-golden"):
        Golden(files, "test_it", update=False)(compiled())
    assert not files.exists()
    Golden(files, "test_it", update=True)(compiled())
    Golden(files, "test_it", update=False)(compiled())
    written = (files / "test_it.yaml").read_text()
    assert "image: sample:1" in written
    assert "providers" not in written


def test_what_differs_fails_and_stays_until_it_is_updated(files: Path) -> None:
    Golden(files, "test_it", update=True)(compiled())
    with pytest.raises(AssertionError, match="differs: where that is right, pytest --update-golden"):
        Golden(files, "test_it", update=False)(compiled("other:1"))
    assert "image: sample:1" in (files / "test_it.yaml").read_text()
    Golden(files, "test_it", update=True)(compiled("other:1"))
    assert "image: other:1" in (files / "test_it.yaml").read_text()


def test_several_of_a_test_have_names(files: Path) -> None:
    Golden(files, "test_it[a/b]", update=True)(compiled())
    Golden(files, "test_it[a/b]", update=True)(compiled(), "with another image")
    assert sorted(path.name for path in files.iterdir()) == ["test_it-a-b.yaml", "with-another-image.yaml"]


def test_the_fixture_knows_its_test(golden: Golden, request: pytest.FixtureRequest) -> None:
    assert golden.directory == Path(__file__).with_name("goldens")
    assert golden.test == "test_the_fixture_knows_its_test"
    assert golden.update is request.config.getoption("--update-golden")


def test_a_readme_is_compared_with_the_models(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(with_reference("# Sample\n", "sample_service", MODULE))
    check_readme(MODULE, readme)
    with pytest.raises(AssertionError, match=r"run: kusion module readme"):
        check_readme(MODULE, readme, "another_name")
    readme.write_text(readme.read_text().replace("image", "picture"))
    with pytest.raises(AssertionError, match=r"is not what the models say"):
        check_readme(MODULE, readme)
