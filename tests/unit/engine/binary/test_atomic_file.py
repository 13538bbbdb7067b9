"""A file is replaced whole, or not at all."""

import stat
from pathlib import Path

import pytest

from kusion_dsl.engine.atomic_file import replacing


@pytest.mark.parametrize("mode", [0o600, 0o755])
def test_the_file_appears_with_its_mode_when_it_is_complete(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    with replacing(path, mode) as file:
        file.write(b"new")
        assert path.read_text() == "old"

    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", mode)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_an_error_leaves_everything_as_it_was(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    with pytest.raises(type(error)), replacing(path) as file:
        file.write(b"half of it")
        raise error

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
