"""Files beside an application that its modules take in: manifests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kusion_dsl.discovery.projects import StackDirectory, shown
from kusion_dsl.documents import read_text
from kusion_dsl.errors import CompileError, did_you_mean

MANIFEST_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class StackFiles:
    """Reads files for a stack: by paths relative to its directory, and nothing outside of its project's directory.

    That holds for what symbolic links lead to, too; links to directories are not followed below a directory.
    """

    stack: StackDirectory

    def __call__(self, path: str) -> Mapping[str, str]:
        """The texts of a file, or of all manifests below a directory, in order of their paths.

        Raises CompileError for a path that leads to nothing or out of the project, DocumentError for what cannot be
        read or is no text.
        """
        place = self.stack.directory / path
        if Path(path).is_absolute() or not self._is_within(place):
            raise CompileError(
                f"the path '{path}' leads out of the project, {shown(self.stack.project_directory)}",
                hint="keep the files in the project, and name them by a path relative to the stack's directory",
            )
        if not place.exists():
            raise CompileError(f"there is no file and no directory '{path}'", hint=self._hint(place))
        found = self._below(path, place) if place.is_dir() else [place]
        return {shown(file.resolve()): read_text(file, shown(file)) for file in found}

    def _is_within(self, place: Path) -> bool:
        return place.resolve().is_relative_to(self.stack.project_directory.resolve())

    def _below(self, path: str, directory: Path) -> list[Path]:
        files = [
            file for file in directory.rglob("*") if file.suffix.lower() in MANIFEST_SUFFIXES and not file.is_dir()
        ]
        for file in files:
            if not self._is_within(file):
                raise CompileError(
                    f"{shown(file)} is a link that leads out of the project, {shown(self.stack.project_directory)}",
                    hint="copy the file, or remove the link",
                )
        if not files:
            raise CompileError(
                f"the directory '{path}' has no manifests",
                hint=f"they are files that end in {', '.join(MANIFEST_SUFFIXES)}",
            )
        return sorted(files)

    def _hint(self, place: Path) -> str:
        beside = [found.name for found in place.parent.iterdir()] if place.parent.is_dir() else []
        return did_you_mean(place.name, beside) or (
            f"paths are relative to the stack's directory, {shown(self.stack.directory)}"
        )
