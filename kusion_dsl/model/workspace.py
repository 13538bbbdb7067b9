"""Workspaces: what the platform decides, in the ancestor's form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, field_validator, model_validator

from kusion_dsl.errors import Position
from kusion_dsl.model.project import Document
from kusion_dsl.model.reference import Path

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

DEFAULT_BLOCK = "default"
SELECTOR = "projectSelector"


def _checked_version(text: str) -> str:
    specifier(text)
    return text


def specifier(text: str) -> SpecifierSet:
    """A PEP 440 specifier; a bare version means ``==``. Raises ValueError for anything else."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        return SpecifierSet(f"=={Version(text)}")
    except InvalidVersion:
        pass
    try:
        return SpecifierSet(text, prereleases=True)
    except InvalidSpecifier:
        raise ValueError(f"'{text}' is neither a version nor a PEP 440 specifier such as '>=0.2,<0.3'") from None


class ModulePolicy(Document):
    """What the platform decides about one module."""

    path: str = ""
    """Where the module comes from; for people, as the ancestor has it."""
    version: Annotated[str, AfterValidator(_checked_version)] = ""
    """A PEP 440 specifier that the installed distribution must meet; a bare version means ``==``."""
    configs: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """``default``, and blocks of any other name with a ``projectSelector``."""

    @field_validator("configs", mode="before")
    @classmethod
    def _empty_blocks(cls, configs: Any) -> Any:
        return {name: block or {} for name, block in configs.items()} if isinstance(configs, Mapping) else configs

    @model_validator(mode="after")
    def _check_selectors(self) -> ModulePolicy:
        if SELECTOR in self.configs.get(DEFAULT_BLOCK, {}):
            raise ValueError(f"the block '{DEFAULT_BLOCK}' applies to every project and takes no {SELECTOR}")
        for name, block in self.configs.items():
            if name == DEFAULT_BLOCK:
                continue
            selector = block.get(SELECTOR)
            if not isinstance(selector, list) or not selector or not all(isinstance(each, str) for each in selector):
                raise ValueError(f"the block '{name}' needs a {SELECTOR}: a list of project names or globs")
            if len(block) == 1:
                raise ValueError(f"the block '{name}' selects projects but decides nothing")
        return self

    def blocks_for(self, project: str) -> tuple[str, ...]:
        """The names of the blocks that apply to ``project``: ``default``, then those that select it."""
        selecting = [
            name
            for name, block in self.configs.items()
            if name != DEFAULT_BLOCK and any(fnmatchcase(project, glob) for glob in block[SELECTOR])
        ]
        return (*([DEFAULT_BLOCK] if DEFAULT_BLOCK in self.configs else []), *selecting)


class SecretStoreConfig(Document):
    """Where secrets come from; exactly one provider."""

    provider: dict[str, dict[str, Any]] = Field(min_length=1, max_length=1)
    """The store's name (``env``, ``file``) and its settings."""

    @field_validator("provider", mode="before")
    @classmethod
    def _empty_settings(cls, provider: Any) -> Any:
        return {name: value or {} for name, value in provider.items()} if isinstance(provider, Mapping) else provider


class WorkspaceConfig(Document):
    """The content of a workspace file."""

    modules: dict[str, ModulePolicy] = Field(default_factory=dict)
    secret_store: SecretStoreConfig | None = None
    context: dict[str, Any] = Field(default_factory=dict)
    """Free values for the modules; ``target`` chooses where Kubernetes objects go."""


@dataclass(frozen=True)
class Workspace:
    """A workspace as the compiler takes it: its name, its content, and where in its file each part stands."""

    name: str
    config: WorkspaceConfig = field(default_factory=WorkspaceConfig)
    positions: Mapping[Path, Position] = field(default_factory=dict)
    digest: str = ""

    def position(self, path: Path) -> Position | None:
        """Where ``path`` stands in the file, else its nearest ancestor."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.positions:
                return self.positions[path[:length]]
        return None
