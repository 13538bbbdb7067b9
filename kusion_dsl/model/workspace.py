"""Workspaces: what the platform decides, in the ancestor's form."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, ValidationError, field_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from kusion_dsl.errors import Position
from kusion_dsl.model.patch import WorkspacePatch
from kusion_dsl.model.project import Document
from kusion_dsl.model.reference import Path
from kusion_dsl.model.secret_store import SecretStoreConfig
from kusion_dsl.model.selector import SELECTORS, Overlap, Place, Selecting, overlaps, repetitions

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

DEFAULT_BLOCK = "default"


def _checked_version(text: str) -> str:
    specifier(text)
    return text


def specifier(text: str) -> "SpecifierSet":
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


def _checked_rule(text: str) -> str:
    from kusion_dsl.model.health_rule import HealthRule

    HealthRule(text)
    return text


class HealthPolicy(Document):
    """When an object is well, by the ancestor's rule: kept in the Spec for whoever waits for it."""

    rule: Annotated[str, AfterValidator(_checked_rule)] = Field(alias="health.kcl", min_length=1)
    """Assertions about the live object ``res``, in KCL as far as ``kusion_dsl.model.health_rule`` reads it."""
    api_version: str = ""
    """The objects it is about, where they are not the workload: their ``apiVersion`` and ``kind``."""
    kind: str = ""
    """See ``apiVersion``."""


class Block(Selecting):
    """What the platform decides about one module: by default, or for the projects, stacks and applications it selects.

    The module's own fields are in ``fields``; the others are the compiler's and the same for every module.
    """

    model_config = ConfigDict(extra="allow")

    imported_resources: dict[str, Annotated[str, StringConstraints(min_length=1)]] = Field(
        default_factory=dict[str, str]
    )
    """Resources that exist already, by their ids in the Spec: the id that the cloud has for each."""
    health_policy: HealthPolicy | None = None
    """When what the module makes is well."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """What the block says to its module."""
        return self.model_extra or {}


class ModulePolicy(Document):
    """What the platform decides about one module."""

    path: str = ""
    """Where the module comes from; for people, as the ancestor has it."""
    version: Annotated[str, AfterValidator(_checked_version)] = ""
    """A PEP 440 specifier that the installed distribution must meet; a bare version means ``==``."""
    configs: dict[str, Block] = Field(default_factory=dict[str, Block])
    """``default``, and blocks of any other name with a ``projectSelector``, ``stackSelector`` or ``appSelector``."""

    @field_validator("configs", mode="before")
    @classmethod
    def _empty_blocks(cls, configs: Any) -> Any:
        return {name: block or {} for name, block in configs.items()} if isinstance(configs, Mapping) else configs

    @field_validator("configs")
    @classmethod
    def _check_blocks(cls, configs: dict[str, Block]) -> dict[str, Block]:
        wrong = [*_block_problems(configs), *_selector_problems(configs)]
        if wrong:  # pydantic takes each for an error at its own place
            raise ValidationError.from_exception_data(cls.__name__, wrong)
        return configs

    def blocks_for(self, place: Place) -> tuple[str, ...]:
        """The names of the blocks for ``place`` in the order in which they apply: ``default``, then those that select it.

        The more closely a block selects, the later it applies: projects, then stacks, then applications.
        """
        found = [name for name, block in self.configs.items() if name != DEFAULT_BLOCK and block.selects(place)]
        found.sort(key=lambda name: self.configs[name].closeness)
        return (*([DEFAULT_BLOCK] if DEFAULT_BLOCK in self.configs else []), *found)


def _wrong(what: str, *location: str | int) -> InitErrorDetails:
    return {"type": PydanticCustomError("value_error", "{what}", {"what": what}), "loc": location, "input": None}


def _block_problems(configs: Mapping[str, Block]) -> Iterator[InitErrorDetails]:
    for name, block in configs.items():
        given = [SELECTORS[field] for field in SELECTORS if field in block.model_fields_set]
        if name == DEFAULT_BLOCK:
            for selector in given:
                yield _wrong(f"the block '{name}' applies to every project and takes no {selector}", name, selector)
        elif not block.globs:
            what = "a projectSelector: a list of project names or globs; or a stackSelector, or an appSelector"
            yield _wrong(f"the block '{name}' needs {what}", name)
        elif not block.fields and block.model_fields_set <= set(SELECTORS):
            yield _wrong(
                f"the block '{name}' selects projects but decides nothing: give it a field, or remove it", name
            )


def _selector_problems(configs: Mapping[str, Block]) -> Iterator[InitErrorDetails]:
    """What is named by a block, and selected there or as closely in another block once more."""
    blocks = [(name, block) for name, block in configs.items() if name != DEFAULT_BLOCK]
    for number, (name, block) in enumerate(blocks):
        yield from (_twice(name, each, "twice") for each in repetitions(block))
        for earlier, other in blocks[:number]:
            yield from (_twice(name, each, f"by the block '{earlier}' too") for each in overlaps(block, other))


def _twice(block: str, found: Overlap, how: str) -> InitErrorDetails:
    what = f"'{found.glob}' is selected {how}, as '{found.other}': remove one of them"
    return _wrong(what, block, found.selector, found.number)


class WorkspaceConfig(Document):
    """The content of a workspace file."""

    modules: dict[str, ModulePolicy] = Field(default_factory=dict)
    secret_store: SecretStoreConfig | None = None
    context: dict[str, Any] = Field(default_factory=dict)
    """Free values for the modules; ``target`` chooses where Kubernetes objects go."""
    patches: list[WorkspacePatch] = Field(default_factory=list[WorkspacePatch])
    """Changes to resources, whichever modules make them, in this order."""


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
