"""What the resources of an installed Pulumi SDK take, read from the SDK's source.

The source is made by Pulumi's code generator, always in the same form: ``__init__.py`` lists the type tokens, each
resource has a file with the class of its arguments, classes of nested arguments stand in ``_inputs.py``. Importing
it would take seconds (and would run it); here only the classes that matter are parsed.
Source: https://github.com/pulumi/pulumi/blob/master/pkg/codegen/python/gen.go.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from kusion_dsl.checks.schema import ObjectType, Schema, Type
from kusion_dsl.errors import CompileError, did_you_mean

_SCALARS: Mapping[str, Type] = {"str": "text", "int": "integer", "float": "number", "bool": "boolean"}
_TRANSPARENT = ("Input", "Optional")
_CLASS = re.compile(r"^class (\w+)\b.*?(?=^[^\s#)]|\Z)", re.MULTILINE | re.DOTALL)
_ALL = re.compile(r"^__all__ = \['(\w+)'", re.MULTILINE)


class Sdk:
    """The source of a Pulumi SDK in the directory ``root``, its Python package.

    ``name`` is that of the provider, ``version`` the SDK's and the provider's. Every method raises OSError, ValueError
    or SyntaxError where the source is not what the code generator makes.
    """

    def __init__(self, root: Path, name: str, version: str) -> None:
        self._root = root
        self.name = name
        self.version = version
        self._classes: dict[Path, dict[str, str]] = {}

    @classmethod
    def installed(cls, package: str) -> Sdk | None:
        """The SDK of a provider package (``aws``), if one is installed. It is not imported."""
        name = f"pulumi_{package.replace('-', '_')}"
        found = find_spec(name) if name.isidentifier() else None
        if found is None or found.origin is None:
            return None
        root = Path(found.origin).parent
        plugin = root / "pulumi-plugin.json"  # what the SDK says to Pulumi: which plugin goes with it
        return cls(root, package, str(json.loads(plugin.read_bytes())["version"])) if plugin.is_file() else None

    @cached_property
    def tokens(self) -> Mapping[str, PurePosixPath]:
        """The directories, below the root, of the resources with these type tokens; empty where it lists none."""
        tree = ast.parse((self._root / "__init__.py").read_bytes())
        listed = [
            keyword.value.value
            for call in ast.walk(tree)
            if isinstance(call, ast.Call)
            for keyword in call.keywords
            if keyword.arg == "resource_modules" and isinstance(keyword.value, ast.Constant)
        ]
        modules = [module for text in listed for module in json.loads(str(text))]
        return {
            token: PurePosixPath(*module["fqn"].split(".")[1:]) for module in modules for token in module["classes"]
        }

    def schema(self, token: str) -> Schema | None:
        """What the resource with a type token takes, by the wire's names; None where the SDK does not say.

        Raises CompileError for a token that no resource has.
        """
        if not self.tokens:
            return None
        if token not in self.tokens:
            raise CompileError(
                f"the provider {self.name} {self.version} has no resource type '{token}'",
                hint=did_you_mean(token, self.tokens) or f"see https://www.pulumi.com/registry/packages/{self.name}",
            )
        directory = self._root / self.tokens[token]
        source = self._source_of(directory, f"'{token}',")
        arguments = _ALL.search(source)
        tree = _class(_classes(source), arguments[1]) if arguments else None
        if tree is None:
            return None
        root = _Scope(self, directory).name(tree.name)
        objects: dict[str, ObjectType] = {}
        missing = [(root, tree, directory)]
        while missing:
            name, tree, directory = missing.pop()
            scope = _Scope(self, directory)
            objects[name] = _object(tree, scope)
            missing += [each for each in scope.found if each[0] not in objects]
        return Schema(root, objects)

    def _source_of(self, directory: Path, marker: str) -> str:
        """The file of the resource whose constructor has ``marker``."""
        for path in sorted(directory.glob("[!_]*.py")):
            if marker.encode() in (data := path.read_bytes()):
                return data.decode()
        return ""

    def class_of(self, directory: Path, name: str) -> ast.ClassDef | None:
        """A class of nested arguments, or an enumeration, of the resources in ``directory``."""
        for file in ("_inputs.py", "_enums.py"):
            path = directory / file
            if path not in self._classes:
                self._classes[path] = _classes(path.read_text(encoding="utf-8")) if path.is_file() else {}
            found = _class(self._classes[path], name)
            if found is not None:
                return found
        return None

    def module(self, directory: Path, dotted: str) -> Path:
        """The directory that code in ``directory`` means by ``_iam`` or ``core.v1``."""
        return self._root.joinpath(*dotted.removeprefix("_").split(".")) if dotted else directory

    def relative(self, directory: Path) -> str:
        """A directory's name below the root."""
        return directory.relative_to(self._root).as_posix()


class _Scope:
    """What names mean in the files of a directory; ``found`` are the classes of objects that were met."""

    def __init__(self, sdk: Sdk, directory: Path) -> None:
        self._sdk = sdk
        self._directory = directory
        self.found: list[tuple[str, ast.ClassDef, Path]] = []

    def name(self, name: str) -> str:
        """What a class of this directory is called in a schema."""
        return f"{self._sdk.relative(self._directory)}.{name}"

    def type_named(self, text: str) -> Type:
        """The type of a class: of nested arguments, or of an enumeration."""
        module, _, name = text.rpartition(".")
        directory = self._sdk.module(self._directory, module)
        found = self._sdk.class_of(directory, name)
        if found is None:
            return "any"
        if any(_last(base) == "Enum" for base in found.bases):
            return _SCALARS.get(_last(found.bases[0]), "any")
        if _constructor(found) is None:
            return "any"
        known = f"{self._sdk.relative(directory)}.{name}"
        self.found.append((known, found, directory))
        return ["object", known]


def _classes(source: str) -> dict[str, str]:
    """The source of each class in a file."""
    return {match[1]: match[0] for match in _CLASS.finditer(source)}


def _class(classes: Mapping[str, str], name: str) -> ast.ClassDef | None:
    tree = ast.parse(classes[name]).body[0] if name in classes else None
    return tree if isinstance(tree, ast.ClassDef) else None


def _constructor(tree: ast.ClassDef) -> ast.FunctionDef | None:
    return next((each for each in _functions(tree) if each.name == "__init__"), None)


def _functions(tree: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    return (each for each in tree.body if isinstance(each, ast.FunctionDef))


def _object(tree: ast.ClassDef, scope: _Scope) -> ObjectType:
    constructor = _constructor(tree)
    if constructor is None:
        return ObjectType({}, ())
    wire = dict(_wire_names(tree))
    fields: dict[str, Type] = {}
    required = []
    for argument, default in zip(constructor.args.kwonlyargs, constructor.args.kw_defaults, strict=True):
        name = wire.get(argument.arg, argument.arg)
        fields[name] = _type(argument.annotation, scope)
        if default is None:
            required.append(name)
    return ObjectType(fields, required)


def _wire_names(tree: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """The names of properties in Python and on the wire, where they differ: ``@pulumi.getter(name="dbName")``."""
    for function in _functions(tree):
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call) and _last(decorator.func) == "getter":
                for keyword in decorator.keywords:
                    if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                        yield function.name, str(keyword.value.value)


def _type(node: ast.expr | None, scope: _Scope) -> Type:
    """The type that an annotation means; "any" for what says nothing that could be checked (``Any``, assets)."""
    match node:
        case ast.Subscript(value=generic, slice=inner):
            return _generic(_last(generic), inner, scope)
        case ast.Constant(value=str(name)):
            return scope.type_named(name)
        case ast.Name() | ast.Attribute():
            return _SCALARS.get(_last(node), "any")
        case _:
            return "any"


def _generic(name: str, inner: ast.expr, scope: _Scope) -> Type:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name in _TRANSPARENT:
        return _type(parts[0], scope)
    if name in ("Sequence", "List"):
        return ["list", _type(parts[0], scope)]
    if name in ("Mapping", "Dict"):
        return ["map", _type(parts[-1], scope)]
    if name == "Union":
        return _union([_type(part, scope) for part in parts if not _is_none(part)])
    return "any"


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _union(types: list[Type]) -> Type:
    unique = [each for number, each in enumerate(types) if each not in types[:number]]
    return unique[0] if len(unique) == 1 else ["either", *unique]


def _last(node: ast.expr) -> str:
    """The last part of a dotted name: ``Input`` of ``pulumi.Input``."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
        case _:
            return ""
